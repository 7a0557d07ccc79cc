package controller

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/follow"
	"nitrocard/nic/nictest"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// server is a card at work that follows a controller, with ports in memory.
type server struct {
	*desk
	*nic.Card
	office *office
	ports  map[string]*mem.Port
	vtep   string
	now    int64
}

// Region, Change and Resume are as follow.Target says.
func (s *server) Region() *vpc.Region            { return s.Card.Policy().Region }
func (s *server) Change(edits ...vpc.Edit) error { return s.Card.Follow(edits...) }

func (s *server) Resume(eni string, records []byte) {
	_, err := s.Card.Resume(eni, records)
	require.NoError(s.office, err)
}

func (s *server) Departed() map[string][]byte { return s.Card.Departed() }

// serve starts a card with what its controller tells it. Every ENI that comes gets a port.
func (o *office) serve(name, vtep string) *server {
	s := &server{desk: o.follow(name), office: o, ports: map[string]*mem.Port{}, vtep: vtep, now: 1_780_000_000e9}
	s.desk.hear(o)
	var err error
	s.Card, err = nic.New(s.desk.Region().Config(), nic.Options{Card: name, Seed: 1, OpenPort: func(e *vpc.OwnENI) (string, nic.Opener) {
		return e.ID, func() (pmd.Port, error) {
			s.ports[e.ID] = mem.New(mem.Options{Name: e.ID})
			return s.ports[e.ID], nil
		}
	}})
	require.NoError(o, err)
	o.Cleanup(func() { require.NoError(o, s.Card.Close()) })
	s.ports[nic.Uplink] = mem.New(mem.Options{Name: nic.Uplink})
	require.NoError(o, s.Card.Attach(nic.Uplink, func() (pmd.Port, error) { return s.ports[nic.Uplink], nil }))
	s.desk.Hand(s)
	s.Poll()
	return s
}

// Poll runs the card 100 ms later than before.
func (s *server) Poll() {
	s.now += 1e8
	s.Card.Poll(s.now)
}

// takes has a port take a frame, and is what left by another then.
func (s *server) takes(port string, frame []byte, out string) [][]byte {
	require.True(s.office, s.ports[port].Inject(frame))
	s.Poll()
	return s.leaves(out)
}

// leaves is what left by a port, but for the card's own questions.
func (s *server) leaves(port string) [][]byte {
	return slices.DeleteFunc(s.ports[port].Sent(), nictest.IsQuestion)
}

// fromClient is a segment that the edge sends from the client to a1 at a card.
func (s *server) fromClient(seq uint32, text string) []byte {
	p := wiretest.TCP(nictest.Client+":9999", "35.72.2.8:5000").Seq(seq, 1).Flags(wire.TCPAck).Payload(text)
	return nictest.Tunnel(s.Policy(), nictest.Edge, "eni-a1", p.Bytes())
}

// fromA1 is what a1's guest sends to the client.
func (s *server) fromA1(p wiretest.Packet) []byte {
	e := s.Policy().ENI("eni-a1")
	return p.MACs(e.MAC, e.RouterMAC).Bytes()
}

// applies gives the controller the region of a file.
func (o *office) applies(path string) {
	config, err := vpc.Load(path)
	require.NoError(o, err)
	config.Placement.Edge.UnderlayMac = nictest.EdgeUnderlay
	_, err = o.Apply(o.Context(), config)
	require.NoError(o, err)
}

// A guest has asked a server on the internet, whose answers no rule lets in by themselves, and its
// instance is moved to another host while they come: each segment that was sent arrives there, in order,
// but for those that the first card gave to the port of a guest that had gone. The edge hears of the
// move last.
func TestAConnectionGoesOnThroughAMove(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	o.applies("../../nic/testdata/region.yaml")
	x, y := o.serve("x", nictest.ServerX), o.serve("y", nictest.ServerY)
	require.Empty(t, y.Policy().ENI("eni-a1"))

	ask := wiretest.TCP("10.0.1.5:5000", nictest.Client+":9999").Flags(wire.TCPSyn)
	require.Len(t, x.takes("eni-a1", x.fromA1(ask), nic.Uplink), 1)
	accept := wiretest.TCP(nictest.Client+":9999", "35.72.2.8:5000").Seq(0, 1).Flags(wire.TCPSyn | wire.TCPAck)
	require.Len(t, x.takes(nic.Uplink, nictest.Tunnel(x.Policy(), nictest.Edge, "eni-a1", accept.Bytes()), "eni-a1"), 1)
	require.Len(t, x.takes("eni-a1", x.fromA1(ask.Flags(wire.TCPAck)), nic.Uplink), 1)

	var sent, got []string
	segment := func() string {
		sent = append(sent, fmt.Sprintf("segment %02d", len(sent)))
		return sent[len(sent)-1]
	}
	arrive := func(frames [][]byte) {
		for _, f := range frames {
			got = append(got, string(f[len(f)-len("segment 00"):]))
		}
	}
	// late is a segment that the edge sends to x still, and that x sends on.
	late := func() {
		text := segment()
		for _, f := range x.takes(nic.Uplink, x.fromClient(uint32(1+10*len(sent)), text), nic.Uplink) {
			arrive(y.takes(nic.Uplink, f, "eni-a1"))
		}
	}
	arrive(x.takes(nic.Uplink, x.fromClient(1, segment()), "eni-a1"))

	o.change(vpc.Edit{Kind: vpc.KindENIPlacement, ID: "eni-a1", Object: &vpc.ENIPlacement{Card: "y"}})
	y.hear(o)
	x.takes(nic.Uplink, x.fromClient(11, "to a dead port"), "eni-a1")
	x.hear(o)
	for range 3 {
		late()
	}
	require.Equal(t, []string{"segment 00"}, got, "they wait for the records")
	departed := x.Departed()
	require.Equal(t, []string{"eni-a1"}, slices.Collect(maps.Keys(departed)))
	require.NoError(t, o.HandOver(t.Context(), "x", "eni-a1", departed["eni-a1"]))
	m := y.hearRecords(o)
	require.Equal(t, "eni-a1", m.Records)
	y.Poll()
	arrive(y.leaves("eni-a1"))
	late()
	for range 3 { // the edge has heard
		arrive(y.takes(nic.Uplink, y.fromClient(uint32(1+10*len(sent)), segment()), "eni-a1"))
	}
	require.Equal(t, sent, got)
	require.Len(t, y.takes("eni-a1", y.fromA1(ask.Flags(wire.TCPAck)), nic.Uplink), 1)
	stranger := wiretest.TCP(nictest.Client+":9998", "35.72.2.8:5000").Flags(wire.TCPAck)
	require.Empty(t, y.takes(nic.Uplink, nictest.Tunnel(y.Policy(), nictest.Edge, "eni-a1", stranger.Bytes()), "eni-a1"))
}

// hearRecords has a card take the records that it is told of.
func (s *server) hearRecords(o *office) *follow.Message {
	m, err := s.feed.Next(o.Context())
	require.NoError(o, err)
	require.NoError(o, s.desk.Take(m, o.clock.now))
	return m
}

// A controller takes records from the card alone that has just had the ENI, once, and no others than a
// card writes. They reach the card where the ENI is, when it connects, or nobody once the time is up.
func TestWhoMayHandOver(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	o.change(append(beginning(), newENI(0, 1), newPlace(0, 1, "x"), newENI(0, 2), newPlace(0, 2, "x"))...)
	refused := func(card, eni, reason string, records ...byte) {
		t.Helper()
		require.ErrorContains(t, o.HandOver(t.Context(), card, eni, records), reason)
	}
	const notHad = "has not just had"
	refused("x", "eni-01", notHad)
	o.change(newPlace(0, 1, "y"))
	refused("y", "eni-01", notHad)
	refused("z", "eni-01", notHad)
	refused("x", "eni-02", notHad)
	refused("x", "eni-99", notHad)
	refused("x", "eni-01", "a multiple of 96 is expected", 1, 2, 3)
	refused("x", "eni-01", "record 1: is none that a card writes", make([]byte, 96)...)
	require.NoError(t, o.HandOver(t.Context(), "x", "eni-01", nil))
	refused("x", "eni-01", "were handed over already")

	y := o.follow("y")
	require.True(t, y.hear(o).Snapshot())
	m, err := y.feed.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, []any{"eni-01", y.Revision(), y.Revision()}, []any{m.Records, m.After, m.Revision})
	require.NoError(t, y.Take(m, o.clock.now))
	require.Empty(t, y.hear(o).Records, "once")

	o.change(newPlace(0, 2, "z"))
	require.NoError(t, o.HandOver(t.Context(), "x", "eni-02", nil))
	o.clock.now = o.clock.now.Add(lingers)
	refused("x", "eni-02", notHad)
	z := o.follow("z")
	z.hear(o)
	require.Empty(t, z.hear(o).Records)
	require.Empty(t, o.partings.all)
	require.Empty(t, o.scopes.left)
}

// A card is told of the VPC of an ENI that left it for as long as it sends on, also of where the ENI
// goes then, and of no more. One that was away meanwhile gets a snapshot, and so does one whose connection
// ended before it heard.
func TestACardIsToldOfWhatLeftForAWhile(t *testing.T) {
	for _, c := range []struct{ away, deaf bool }{{}, {away: true}, {deaf: true}} {
		away := c.away
		o := open(t, NewMemory(), newSigner(t))
		o.change(append(beginning(), newENI(0, 1), newPlace(0, 1, "x"))...)
		x := o.follow("x")
		x.hear(o)
		at := func() string { return x.Region().CardOf(x.Region().ENI("eni-01")) }
		o.change(newPlace(0, 1, "y"))
		x.hear(o)
		require.Equal(t, "y", at())
		o.clock.now = o.clock.now.Add(lingers - time.Second)
		o.change(newPlace(0, 1, "z"))
		x.hear(o)
		require.Equal(t, "z", at())
		if away {
			x.feed.Close()
		}
		o.clock.now = o.clock.now.Add(2 * time.Second)
		o.change(newGroup(1, 80))
		if c.deaf {
			_, err := x.feed.Next(t.Context())
			require.NoError(t, err)
		}
		for range 2 { // the second time without a later revision, which the card would report
			if c.away || c.deaf {
				x.connect(o)
			}
		}
		require.Equal(t, c.away || c.deaf, x.hear(o).Snapshot())
		require.Empty(t, x.has())
	}
}

// The cards may follow two controllers, which share a store of either kind.
func TestRecordsReachACardOfAnotherController(t *testing.T) {
	stores(t, func(t *testing.T, s Store, _ func(uint64)) {
		signer := newSigner(t)
		a := open(t, s, signer)
		a.change(append(beginning(), newENI(0, 1), newPlace(0, 1, "x"))...)
		b := open(t, s, signer)
		y := b.follow("y")
		y.hear(b)
		record, err := hex.DecodeString("00000000000000000000ffff0a00010b00000000000000000000ffff0a00010c" + "04d20050" + "06030000" + strings.Repeat("00", 56))
		require.NoError(t, err)
		many := bytes.Repeat(record, mostPassed/len(record)+2)
		for heard := 0; heard < len(many); { // a controller that starts may listen later than it is told something
			a.change(newPlace(0, 1, "x"))
			a.change(newPlace(0, 1, "y"))
			require.NoError(t, b.Sync(t.Context()))
			require.NoError(t, a.HandOver(t.Context(), "x", "eni-01", many))
			heard = 0
			for range 5000 {
				m, err := y.feed.Next(t.Context())
				require.NoError(t, err)
				if m.Records != "" {
					require.Equal(t, "eni-01", m.Records)
					heard += int(m.Size)
				}
				require.NoError(t, y.Take(m, b.clock.now))
				if heard == len(many) {
					break
				}
				runtime.Gosched()
			}
		}
		require.Zero(t, b.waits())
		require.NotZero(t, a.waits(), "the card may come to this one, too")
	})
}

// waits is how many bytes of records wait.
func (o *office) waits() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.partings.bytes
}

// Over HTTP it is the same: records, their bounds, and root documents.
func TestCardsAskOverHTTP(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	o.change(append(beginning(), newENI(0, 1), newPlace(0, 1, "x"))...)
	o.change(newPlace(0, 1, "y"))
	mux := http.NewServeMux()
	o.Offer(mux)
	folder, err := os.MkdirTemp("", "nc") // a socket's path is short
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(folder) })
	socket, err := net.Listen("unix", filepath.Join(folder, "s"))
	require.NoError(t, err)
	srv := httptest.Server{Listener: socket, Config: &http.Server{Handler: mux}}
	srv.Start()
	defer srv.Close()
	h, err := follow.Dial(socket.Addr().String(), nil)
	require.NoError(t, err)
	for _, c := range []struct {
		card, eni string
		records   []byte
		says      string // "": they are taken
	}{
		{"y", "eni-01", nil, `card "y" has not just had "eni-01"`},
		{"x", "eni/../01", nil, `card "x" has not just had "eni/../01"`},
		{"x", "eni-01", make([]byte, 95), "a multiple of 96 is expected"},
		{"x", "eni-01", make([]byte, nic.MostRecords+1), "request body too large"},
		{"x", "eni-01", nil, ""},
		{"x", "eni-01", nil, "were handed over already"},
	} {
		err := h.HandOver(t.Context(), c.card, c.eni, c.records)
		if c.says == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, c.says)
		}
	}
	require.NoError(t, h.Report(t.Context(), "x", follow.Report{Revision: 1}))
	roots, err := h.Roots(t.Context(), "x", 1)
	require.NoError(t, err)
	require.Empty(t, roots)
	_, err = h.Roots(t.Context(), "x", 0)
	require.ErrorContains(t, err, "after=0: a version from 1 on is expected")
}
