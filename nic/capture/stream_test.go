package capture

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gopacket/gopacket/pcapgo"
	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/nictest"
	"nitrocard/nic/nictest/ample"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// rig is server x with its uplink and a1's port in memory, whose clock the test owns.
type rig struct {
	*testing.T
	card  *nic.Card
	ports map[string]*mem.Port
	now   int64
}

func newRig(t *testing.T) *rig {
	config, err := vpc.Load("../testdata/region.yaml")
	require.NoError(t, err)
	r := &rig{T: t, ports: map[string]*mem.Port{}, now: 1_780_000_000e9}
	r.card, err = nic.New(config, nic.Options{Card: "x", Seed: 1, MaxConnections: 1 << 10})
	require.NoError(t, err)
	for _, name := range []string{nic.Uplink, "eni-a1"} {
		r.ports[name] = mem.New(mem.Options{Queue: 1 << 13})
		require.NoError(t, r.card.Attach(name, func() (pmd.Port, error) { return r.ports[name], nil }))
	}
	t.Cleanup(func() { require.NoError(t, r.card.Close()) })
	r.card.Poll(r.now) // the card asks for its neighbors once a second
	return r
}

// send has the internet send a packet to a1.
func (r *rig) send(p wiretest.Packet) {
	inner := p.MACs(nictest.EdgeRouter, nictest.MACA1).Bytes()
	require.True(r, r.ports[nic.Uplink].Inject(wiretest.VXLAN(nictest.Edge, nictest.ServerX, nictest.VNIA, inner).MACs(nictest.EdgeUnderlay, r.card.Policy().Card.MAC).Bytes()))
	r.card.Poll(r.now)
}

// stream is a capture of what act does.
func (r *rig) stream(o Options, act func()) []byte {
	if o.Snap == 0 {
		o.Snap = DefaultSnap
	}
	s, err := Begin(r.card, o)
	require.NoError(r, err)
	act()
	ctx, end := context.WithCancel(context.Background())
	end()
	var out bytes.Buffer
	require.NoError(r, s.Write(ctx, &out, func() error { return nil }))
	return out.Bytes()
}

// packet is one of a capture in words.
type packet struct {
	iface, comment string
	captured, long int
}

// read reads a capture with a reader that is not ours.
func read(t *testing.T, file []byte) (all []packet, reader *pcapgo.NgReader) {
	reader, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.NgReaderOptions{WantMixedLinkType: true})
	require.NoError(t, err)
	for {
		_, info, options, err := reader.ReadPacketDataWithOptions()
		if err == io.EOF {
			return all, reader
		}
		require.NoError(t, err)
		i, err := reader.Interface(info.InterfaceIndex)
		require.NoError(t, err)
		require.EqualValues(t, 9, i.TimestampResolution)
		require.Len(t, options.Comments, 1)
		all = append(all, packet{i.Name, options.Comments[0], info.CaptureLength, info.Length})
	}
}

var (
	allowed = wiretest.TCP(nictest.Client+":40000", "35.72.2.8:22").Flags(wire.TCPSyn)
	denied  = wiretest.TCP(nictest.Client+":40000", "35.72.2.8:23").Flags(wire.TCPSyn)
)

// let is said of a packet that is allowed.
const let = "let through by sg-a-web tcp 22 from 203.0.113.0/24"

// The file tells of each packet where it was, what became of it and why.
func TestACaptureTellsWhatBecameOfPackets(t *testing.T) {
	r := newRig(t)
	got, file := read(t, r.stream(Options{}, func() { r.send(allowed); r.send(denied) }))
	require.Equal(t, []packet{
		{"uplink", "left by eni-a1; " + let, 104, 104},
		{"eni-a1", "came by uplink; " + let, 54, 54},
		{"uplink", "dropped as security_group_in at eni-a1; asked sg-a-web: no inbound rule of the ENI's security groups allows it", 104, 104},
	}, got)
	i, err := file.Interface(1)
	require.NoError(t, err)
	require.Contains(t, i.Description, "the port of i-a1 in subnet-a1, ")
	require.Equal(t, uint64(0), i.Statistics.PacketsDropped)
}

// A filter that asks for a byte far behind the headers finds it, however little is shown.
func TestACaptureFiltersByWhatItDoesNotShow(t *testing.T) {
	r := newRig(t)
	far := allowed.Payload(strings.Repeat(".", 1000-54) + "x")
	for text, want := range map[string]int{"ether[1000] = 120": 2, "tcp[966:4] & 0xff000000 = 0x78000000 or ether[1001] = 1": 0, "tcp[966] = 120": 2, "ether[1000] = 46": 0} {
		filter, err := Parse(text)
		require.NoError(t, err)
		got, _ := read(t, r.stream(Options{Filter: filter, Scope: pipeline.Scope{Snap: LeastSnap}}, func() { r.send(far) }))
		require.Len(t, got, want, text)
		for _, p := range got {
			require.Equal(t, LeastSnap, p.captured)
		}
	}
}

// A filter sees the packet in the tunnel; the snap length bounds what is shown, and not what a filter sees.
func TestACaptureFilters(t *testing.T) {
	r := newRig(t)
	for text, want := range map[string]int{"tcp port 22": 2, "port 23": 1, "udp": 0, "not udp": 3, "less 54": 3, "host 172.16.0.11": 0, "dst host 10.0.1.5": 1} {
		filter, err := Parse(text)
		require.NoError(t, err)
		got, _ := read(t, r.stream(Options{Filter: filter, Scope: pipeline.Scope{Snap: LeastSnap}}, func() { r.send(allowed); r.send(denied) }))
		require.Len(t, got, want, text)
		for _, p := range got {
			require.Equal(t, min(p.long, LeastSnap), p.captured)
		}
	}
}

// tcpdump reads the file, and finds interfaces and packets.
func TestTcpdumpReadsACapture(t *testing.T) {
	judge := tcpdump(t)
	r := newRig(t)
	cmd := exec.Command(judge, "-nr", "-", "--time-stamp-precision=nano", "-tt", "-T", "vxlan")
	cmd.Stdin = bytes.NewReader(r.stream(Options{}, func() { r.send(allowed); r.send(denied) }))
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	text, err := cmd.Output()
	require.NoError(t, err, complaint.String())
	lines := regexp.MustCompile(`(?m)^1780000000\.000000000 `).FindAllString(string(text), -1)
	require.Len(t, lines, 3, string(text))
	require.Contains(t, string(text), "VXLAN, flags [I] (0x08), vni 5001")
	require.Contains(t, string(text), "203.0.113.9.40000 > 35.72.2.8.22: Flags [S]")
	require.Contains(t, string(text), "203.0.113.9.40000 > 10.0.1.5.22: Flags [S]")
	require.Contains(t, string(text), "203.0.113.9.40000 > 35.72.2.8.23: Flags [S]")
}

// Whatever a configuration says, it brings no control character into a comment, and no comment that
// is longer than its option.
func TestAHostileNameIsPrintableInAComment(t *testing.T) {
	evil := "\x1b]0;owned\a\n" + strings.Repeat("é", 40_000)
	got := comment(&nic.Captured{Record: &pipeline.Record{Drop: pipeline.Drop{Verdict: pipeline.Sent}, Out: true, Rule: vpc.Rule{Group: "sg-1", Text: evil}}})
	require.True(t, strings.HasPrefix(got, `came by ; let through by sg-1 \u001b]0;owned\u0007\u000aé`), got[:80])
	require.True(t, strings.HasSuffix(got, "é…"))
	require.LessOrEqual(t, len(got), mostComment+len("…"))
}

// A comment that is too long ends with a whole character.
func TestALongCommentIsCut(t *testing.T) {
	for _, letter := range []string{"a", "é", "語", "😀"} {
		got := text(strings.Repeat(letter, mostComment))
		require.True(t, utf8.ValidString(got))
		require.InDelta(t, mostComment, len(got), utf8.UTFMax)
		require.Empty(t, strings.Trim(strings.TrimSuffix(got, "…"), letter))
	}
}

// What finds no room is told, by interface, and what there is room for is whole.
func TestLossesAreTold(t *testing.T) {
	r := newRig(t)
	const packets = 5000
	file := r.stream(Options{}, func() {
		for range packets {
			r.send(allowed)
			r.ports["eni-a1"].Drain(func([]byte) {})
		}
	})
	got, ng := read(t, file)
	lost := uint64(0)
	for i := range 2 {
		n, err := ng.Interface(i)
		require.NoError(t, err)
		lost += n.Statistics.PacketsDropped
	}
	require.EqualValues(t, 2*packets, uint64(len(got))+lost)
	require.NotZero(t, lost)
	tally, err := Relay(t.Context(), io.Discard, bytes.NewReader(file), 0, nil)
	require.NoError(t, err)
	require.Equal(t, Tally{uint64(len(got)), lost}, tally)
}

// A file that ends anywhere has whole blocks, and says when it ended within one.
func TestARelayPassesOnWholeBlocks(t *testing.T) {
	r := newRig(t)
	file := r.stream(Options{}, func() { r.send(allowed); r.send(denied) })
	ends := map[int]bool{}
	for n := range len(file) + 1 {
		var out bytes.Buffer
		_, err := Relay(t.Context(), &out, bytes.NewReader(file[:n]), 0, nil)
		if err == nil {
			ends[n] = true
			require.Equal(t, string(file[:n]), out.String())
		} else {
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			require.True(t, ends[out.Len()], "%d of %d", out.Len(), n)
		}
	}
	require.Len(t, ends, 9, "nothing, a section, 2 interfaces, 3 packets, 2 statistics")
	var out bytes.Buffer
	tally, err := Relay(t.Context(), &out, bytes.NewReader(file), 2, nil)
	require.NoError(t, err)
	require.EqualValues(t, 2, tally.Packets)
	got, _ := read(t, out.Bytes())
	require.Len(t, got, 2)
	_, err = Relay(t.Context(), io.Discard, strings.NewReader("HTTP/1.1 200 OK\r\n\r\n"), 0, nil)
	require.ErrorContains(t, err, "none of a card's")
}

// So many captures at a time, of ENIs that are there; and what ends makes room.
func TestThereAreOnlySoManyCaptures(t *testing.T) {
	r := newRig(t)
	_, err := Begin(r.card, Options{Scope: pipeline.Scope{ENI: "eni-none"}})
	require.ErrorIs(t, err, nic.ErrNoENI)
	r.stream(Options{}, func() {
		r.stream(Options{}, func() {
			r.stream(Options{}, func() {
				r.stream(Options{}, func() {
					_, err := Begin(r.card, Options{})
					require.ErrorIs(t, err, nic.ErrBusy)
				})
			})
		})
	})
	r.stream(Options{}, func() {})
}

// A capture that somebody reads while the card works is whole in the end, whoever else captures,
// configures or leaves meanwhile.
func TestCapturesWhileTheCardRuns(t *testing.T) {
	r := newRig(t)
	uplink, to := r.ports[nic.Uplink], r.card.Policy().Card.MAC
	inner := allowed.MACs(nictest.EdgeRouter, nictest.MACA1).Bytes()
	frame := wiretest.VXLAN(nictest.Edge, nictest.ServerX, nictest.VNIA, inner).MACs(nictest.EdgeUnderlay, to).Bytes()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.card.Run(ctx) }()
	var all sync.WaitGroup
	files := make([]bytes.Buffer, 3)
	capturing, end := context.WithCancel(t.Context())
	for i := range files {
		s, err := Begin(r.card, Options{Scope: pipeline.Scope{Snap: DefaultSnap, Dropped: i == 2}})
		require.NoError(t, err)
		all.Go(func() { require.NoError(t, s.Write(capturing, &files[i], func() error { return nil })) })
	}
	all.Go(func() {
		for range 20 {
			_, err := r.card.Apply(r.card.Config())
			require.NoError(t, err)
			if s, err := Begin(r.card, Options{Scope: pipeline.Scope{ENI: "eni-a1"}}); err == nil {
				s.capture.End() // a client that leaves at once
			}
		}
	})
	sent := 0
	for range 5000 {
		if uplink.Inject(frame) {
			sent++
		}
	}
	require.Eventually(t, func() bool { return r.card.Ports()[0].Received == uint64(sent) }, ample.Time, time.Millisecond)
	end()
	all.Wait()
	stop()
	require.NoError(t, <-ended)
	for i := range files[:2] {
		got, ng := read(t, files[i].Bytes())
		lost := uint64(0)
		for n := range ng.NInterfaces() {
			face, err := ng.Interface(n)
			require.NoError(t, err)
			lost += face.Statistics.PacketsDropped
		}
		asks := func(p packet) bool { return !strings.Contains(p.comment, let) } // what the card asks of its neighbors
		got = slices.DeleteFunc(got, asks)
		require.LessOrEqual(t, len(got), 2*sent)
		require.GreaterOrEqual(t, uint64(len(got))+lost, uint64(2*sent))
	}
	got, _ := read(t, files[2].Bytes())
	require.Empty(t, got)
}

// stuck is a client that reads no more, and is let go.
type stuck struct{ error }

func (s stuck) Write([]byte) (int, error) { return 0, s.error }

// A client that is let go ends its capture, and the card works on.
func TestAClientThatIsLetGoEndsItsCapture(t *testing.T) {
	r := newRig(t)
	for range 10 { // more than there may be at a time
		s, err := Begin(r.card, Options{Scope: pipeline.Scope{Snap: DefaultSnap}})
		require.NoError(t, err)
		r.send(allowed)
		require.ErrorIs(t, s.Write(t.Context(), stuck{os.ErrDeadlineExceeded}, func() error { return nil }), os.ErrDeadlineExceeded)
	}
	require.EqualValues(t, 10, r.card.Ports()[0].Sent)
}

// A client that left without a word is found out, though no packet comes.
func TestAClientThatLeftIsFoundOutInSilence(t *testing.T) {
	s, err := Begin(newRig(t).card, Options{Scope: pipeline.Scope{Snap: DefaultSnap}})
	require.NoError(t, err)
	defer s.capture.End()
	var out bytes.Buffer
	var left error
	f, err := s.newFile(&out, func() error { return left })
	require.NoError(t, err)
	left = os.ErrClosed
	require.NoError(t, f.turn(), "there is nothing to write")
	f.told = f.told.Add(-2 * aliveEvery)
	require.ErrorIs(t, f.turn(), left)
}

// A tunnel is one over either family, with options of IPv4 or without; all else is no tunnel.
func TestInsideOfATunnel(t *testing.T) {
	inner := allowed.Bytes()
	four := wiretest.VXLAN(nictest.Edge, nictest.ServerX, nictest.VNIA, inner).Bytes()
	six := make([]byte, wire.OuterLen6, wire.OuterLen6+len(inner))
	copy(six[12:], []byte{0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, wire.ProtoUDP})
	copy(six[wire.EthernetLen+wire.IPv6Len+2:], []byte{wire.PortVXLAN >> 8, wire.PortVXLAN & 0xff})
	require.Equal(t, inner, inside(four))
	require.Equal(t, inner, inside(append(six, inner...)))
	require.Equal(t, inner, inside(inner))
	for n := range four {
		require.LessOrEqual(t, len(inside(four[:n])), n)
	}
	require.Equal(t, four[:60], append(four[:wire.OuterLen:wire.OuterLen], inside(four[:60])...))
}
