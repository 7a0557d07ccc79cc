package ctl

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// A page ends at its limit, and the one behind it begins after its last item.
func TestPages(t *testing.T) {
	s := serve(t)
	for _, list := range []struct{ path, key string }{{"enis", "id"}, {"ports", "name"}, {"security-groups", "GroupId"}, {"network-acls", "NetworkAclId"}} {
		items := func(query string) (keys []any) {
			status, body := s.curl("GET", "/v1/"+list.path+query, "")
			require.Equal(t, 200, status, body)
			var all []map[string]any
			require.NoError(t, json.Unmarshal([]byte(body), &all))
			for _, item := range all {
				keys = append(keys, item[list.key])
			}
			return keys
		}
		whole, paged := items(""), []any(nil)
		for page := items("?limit=1"); len(page) > 0; page = items(fmt.Sprintf("?limit=1&after=%v", page[0])) {
			require.Len(t, page, 1)
			paged = append(paged, page...)
		}
		require.NotEmpty(t, whole)
		require.Equal(t, whole, paged)
	}
}

// A client meets every item of a listing that has many pages.
func TestAllPages(t *testing.T) {
	s, ctx := serve(t), t.Context()
	router, err := s.ENI(ctx, "eni-a1")
	require.NoError(t, err)
	const flows = usualLimit + 200
	for i := range flows {
		syn := wiretest.TCP(fmt.Sprintf("10.0.1.5:%d", 10000+i), "10.0.1.6:80").Flags(wire.TCPSyn).MACs(router.MAC, router.RouterMAC)
		require.True(t, s.guest.Inject(syn.Bytes()))
		s.card.Poll(time.Now().UnixNano())
	}
	n := len(s.card.Flows(nic.FlowFilter{}))
	require.GreaterOrEqual(t, n, flows)
	_, page := s.curl("GET", "/v1/flows", "")
	require.Equal(t, usualLimit, strings.Count(page, `"at":`), "who names no limit gets a page")
	got, err := all(ctx, s.Client, pages[nic.FlowView]{"flows", nil, 0, func(f *nic.FlowView) string { return fmt.Sprint(f.At) }})
	require.NoError(t, err)
	require.Len(t, got, n)
	require.True(t, slices.IsSortedFunc(got, func(a, b nic.FlowView) int { return int(a.At) - int(b.At) }))
	some, err := s.Flows(ctx, nic.FlowFilter{Limit: n - 1})
	require.NoError(t, err)
	require.Len(t, some, n-1)
}

// leaving is a client that goes after it got so much.
type leaving struct {
	*httptest.ResponseRecorder
	left, longest int
}

func (l *leaving) Write(b []byte) (int, error) {
	if l.left -= len(b); l.left < 0 {
		return 0, errors.New("gone")
	}
	l.longest = max(l.longest, len(b))
	return l.ResponseRecorder.Write(b)
}

// An answer has no end, and the card has a chunk of it at a time, until the client
// has what it wants.
func TestAListingIsWrittenAsItIsFound(t *testing.T) {
	s := newServer(Options{})
	endless := func(yield func(string) bool) {
		for yield("an item") {
		}
	}
	w := &leaving{ResponseRecorder: httptest.NewRecorder(), left: 1 << 20}
	require.PanicsWithValue(t, http.ErrAbortHandler, func() {
		list(s.chunks(w, httptest.NewRequest("GET", "/", nil)), endless)
	})
	require.InDelta(t, chunkSize, w.longest, 100)
	require.Empty(t, s.turns, "the turn was given back")
}

// Placement is written in chunks, too, as long as it may be, and reads as if it were written at
// once.
func TestPlacementIsWrittenInPieces(t *testing.T) {
	long := vpc.Placement{
		Cards: []vpc.CardPlacement{{Name: "x", Vtep: netip.MustParsePrefix("172.16.0.11/24")}, {}, {Mac: wire.MAC{2, 0, 0, 0, 0, 1}}},
		Edge:  vpc.EdgePlacement{Vtep: netip.MustParseAddr("172.16.0.1")},
		Vnis:  map[string]uint32{"vpc-b": 2, "vpc-a": 0}, Allowances: map[string]vpc.Allowance{"i-<1>": {}},
		Exits:       map[string]vpc.ExitPlacement{"tgw-1": {Vni: 7001}},
		NatGateways: map[string]map[string]string{"nat-1": {"us-east-1a": "eni-\u009b"}, "nat-2": {}}, Port25: "open",
	}
	for i := range 10_000 {
		long.Cards[0].NetworkInterfaces = append(long.Cards[0].NetworkInterfaces, fmt.Sprint("eni-", i))
	}
	for _, placement := range []vpc.Placement{{}, {Ports: map[string]string{}}, long} {
		s := newServer(Options{})
		w := &leaving{ResponseRecorder: httptest.NewRecorder(), left: 1 << 30}
		p := s.chunks(w, httptest.NewRequest("GET", "/", nil))
		p.parts("  ", reflect.ValueOf(placement))
		p.write()
		want, err := json.MarshalIndent(placement, "  ", "  ")
		require.NoError(t, err)
		require.Equal(t, string(want), w.Body.String())
		require.LessOrEqual(t, w.longest, chunkSize+100)
	}
}

// shopNamed is a security group with a number.
const shopNamed = `{"GroupId": "sg-shop%d", "GroupName": "shop", "VpcId": "vpc-a", "IpPermissions": [
	{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "198.51.100.0/24"}]}]}`

// reading is a request for a path.
func reading(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: card\r\n\r\n" }

// stalled serves a card to n clients that send a request and read nothing, on a clock
// of their own, and calls then with the handler.
func stalled(t *testing.T, n int, request string, then func(h http.Handler, clients []net.Conn)) {
	synctest.Test(t, func(t *testing.T) {
		card := newCard(t)
		defer card.Close()
		for i := range 50 { // longer answers than are buffered
			edit, err := vpc.Put("SecurityGroups", fmt.Appendf(nil, shopNamed, i))
			require.NoError(t, err)
			_, err = card.Change(edit)
			require.NoError(t, err)
		}
		h := newServer(Options{Card: card, Log: slog.New(slog.DiscardHandler)}).handler()
		l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		srv := http.Server{Handler: h}
		var all sync.WaitGroup
		all.Go(func() { srv.Serve(l) })
		var clients []net.Conn
		defer func() {
			for _, c := range clients {
				c.Close()
			}
			srv.Close()
			all.Wait()
		}()
		for range n {
			here, there := net.Pipe()
			l.conns <- there
			io.WriteString(here, request)
			clients = append(clients, here)
		}
		synctest.Wait()
		then(h, clients)
	})
}

// pipes are a listener whose connections have no buffer.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{} }

func ask(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

// Clients that do not read keep nobody from a listing, and are let go in time.
func TestAClientThatStopsReadingIsLetGo(t *testing.T) {
	stalled(t, 3*turns, reading("/v1/security-groups"), func(h http.Handler, clients []net.Conn) {
		begun := time.Now()
		require.Equal(t, 200, ask(h, "/v1/security-groups").Code)
		require.Zero(t, time.Since(begun), "it waits for none of them")
		time.Sleep(mostWait + time.Millisecond)
		for _, c := range clients {
			_, err := io.ReadAll(c)
			require.NoError(t, err)
			_, err = c.Write([]byte("G"))
			require.ErrorIs(t, err, io.ErrClosedPipe)
		}
	})
}

// A client that stops sending has the room of bodies, all of it if it tells no length, until it is let go.
func TestAClientThatStopsSendingIsLetGo(t *testing.T) {
	stalled(t, 1, "PUT /v1/config HTTP/1.1\r\nHost: card\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nVpcs:\r\n", func(h http.Handler, clients []net.Conn) {
		begun, w := time.Now(), httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("PUT", "/v1/config", strings.NewReader("{}")))
		require.Equal(t, mostWait, time.Since(begun))
		require.Equal(t, 400, w.Code, "it had its turn")
		answer, err := io.ReadAll(clients[0])
		require.NoError(t, err)
		require.Contains(t, string(answer), "408 Request Timeout")
		require.Contains(t, string(answer), "the body came too slowly: a client may keep the card waiting for 10s")
		require.LessOrEqual(t, time.Since(begun), 2*mostWait)
	})
}

// Answers of which the card has more than a chunk are few at a time. Who waits too
// long for one is told when to come again.
func TestAnswersInOnePieceAreFew(t *testing.T) {
	stalled(t, mostWholes, reading("/v1/config"), func(h http.Handler, _ []net.Conn) {
		begun := time.Now()
		require.Equal(t, 200, ask(h, "/v1/drops").Code, "once one of them is let go")
		require.Equal(t, mostWait, time.Since(begun))
	})
	s := newServer(Options{})
	require.True(t, s.wholes.others.TryAcquire(mostWholes))
	synctest.Test(t, func(t *testing.T) {
		w := ask(s.handler(), "/v1/config")
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, "10", w.Header().Get("Retry-After"))
		require.Contains(t, w.Body.String(), "the card is busy with what others asked of it; try again in 10s")
	})
}

// A client may be slow, if it is not so for long: a second a MiB, and a bit.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pace
		at := func() time.Duration { return time.Until(p.deadline(time.Now())) }
		require.Equal(t, mostWait, at())
		since := time.Now()
		time.Sleep(4 * time.Second)
		p.passed(since, 1<<20)
		require.Equal(t, mostWait-3*time.Second, at())
		p.passed(time.Now(), 100<<20)
		require.Equal(t, mostWait, at(), "no credit is longer")
	})
}
