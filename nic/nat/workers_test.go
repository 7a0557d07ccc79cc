package nat

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/tables"
	"nitrocard/tables/oracle"
)

// mix is what the workers of TestWorkersInACrowd have in common.
type mix struct {
	*testing.T
	g       *Gateway
	grace   *tables.Grace
	now     atomic.Int64
	pools   [2][]wire.Addr
	answers chan wire.Headers // as the outside saw what asked
	arrived atomic.Int64      // at hosts
}

// host is an inside host, and the port that it alone sends from.
func (m *mix) host(i int) (addr string, port uint16) {
	if i%4 == 0 {
		return fmt.Sprintf("2001:db8:a::%x", 1+i), uint16(1000 + i)
	}
	return fmt.Sprintf("10.0.2.%d", 1+i), uint16(1000 + i)
}

// work has worker i translate packets of all kinds, the answers of others among them.
func (m *mix) work(i int, seed uint64, packets int) {
	r, a, reader := rand.New(rand.NewPCG(seed, uint64(i))), m.g.Appliance(i), m.grace.Reader(i)
	defer reader.Rest()
	for range packets {
		reader.Pass()
		host, port := m.host(r.IntN(32))
		from, to, ping := fmt.Sprintf("%s:%d", host, port), fmt.Sprintf("203.0.113.%d:53", r.IntN(2)), server4
		if wiretest.Addr(host).As4() == 0 {
			from, to, ping = fmt.Sprintf("[%s]:%d", host, port), fmt.Sprintf("[64:ff9b::cb00:71%02x]:53", r.IntN(2)), server6
		}
		frames := [][]byte{}
		switch r.IntN(6) {
		case 0:
			frames = wiretest.UDP(from, to).ID(uint16(r.IntN(8))).Size(300).Fragments(104)
		case 1:
			frames = append(frames, wiretest.UDP(from, to).Bytes())
		case 2:
			frames = append(frames, wiretest.Echo(host, ping, port).Bytes())
		case 3, 4:
			frames = append(frames, wiretest.TCP(from, to).Flags(modelFlags[r.IntN(len(modelFlags))]).Bytes())
		case 5:
			select {
			case h := <-m.answers:
				frames = m.answer(&h, modelFlags[r.IntN(len(modelFlags))], r.IntN(4))
			default:
			}
		}
		for _, frame := range frames {
			m.pass(a, frame)
		}
		if r.IntN(64) == 0 {
			m.now.Add(int64(2 * time.Second))
		}
	}
}

// answer is what the outside may send back.
func (m *mix) answer(h *wire.Headers, flags uint8, kind int) [][]byte {
	from, to := end(h.Dst, h.DstPort), end(h.Src, h.SrcPort)
	switch {
	case h.Frag == wire.LaterFragment:
		return nil
	case kind == 0:
		quote := wiretest.UDP(to, from)
		if h.Proto == wire.ProtoTCP {
			quote = wiretest.TCP(to, from)
		}
		return [][]byte{wiretest.ICMPError(wire.ICMPUnreachable, 1, router4, quote.Bytes()).Bytes()}
	case h.Proto == wire.ProtoTCP:
		return [][]byte{wiretest.TCP(from, to).Flags(flags).Bytes()}
	case h.Proto == wire.ProtoUDP:
		return wiretest.UDP(from, to).ID(uint16(kind)).Size(300).Fragments(104)
	}
	return [][]byte{wiretest.EchoReply(h.Dst.String(), h.Src.String(), h.SrcPort).Bytes()}
}

// pass holds that what a host gets is for the host's own port, and that what leaves has an address
// of the gateway's.
func (m *mix) pass(a *Appliance, frame []byte) {
	var was wire.Headers
	wire.Parse(frame, &was)
	h, _, v := throughBytes(a, frame)
	switch isOwn := slices.Contains(m.pools[0], h.Src); {
	case v != pipeline.Sent:
	case isOwn:
		select {
		case m.answers <- h:
		default:
		}
	case h.Frag != wire.LaterFragment && !h.IsICMPError():
		m.arrived.Add(1)
		var host string
		for i := range 32 {
			if addr, port := m.host(i); port == h.DstPort {
				host = addr
			}
		}
		if host != h.Dst.String() {
			m.Errorf("%v comes to %s as %v", was.Tuple, host, h.Tuple)
		}
	}
}

// Workers translate at once, in a crowded gateway that gains and loses an address meanwhile, whose
// connections are looked at and age: nobody gets what is another's, and in the end nothing is left.
func TestWorkersInACrowd(t *testing.T) {
	const workers = 3
	m := &mix{T: t, grace: tables.NewGrace(workers + 1), answers: make(chan wire.Headers, 256)}
	m.now.Store(1_780_000_000e9)
	m.pools[0] = []wire.Addr{wiretest.Addr("10.0.1.8"), wiretest.Addr("10.0.1.9")}
	m.pools[1] = m.pools[0][1:]
	place := Place{Pool: m.pools[0], Inside: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16"), netip.MustParsePrefix("2001:db8:a::/48")}}
	g, err := New(Options{Connections: 80, Workers: workers, Grace: m.grace, Seed: 1, Clock: m.now.Load, Place: place})
	require.NoError(t, err)
	t.Cleanup(g.Close)
	m.g = g
	seed := oracle.Random(t).Uint64()
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() { m.work(i, seed, 4000) })
	}
	over := make(chan struct{})
	go func() { all.Wait(); close(over) }()
	beside := m.grace.Reader(workers)
	var seen []pipeline.Translation
	for i := 0; ; i++ {
		select {
		case <-over:
			beside.Rest()
			m.now.Add(int64(2 * idle))
			g.Age()
			require.Zero(t, g.ways.Len())
			require.Zero(t, g.uses.n)
			require.Zero(t, g.datagrams)
			require.NotZero(t, m.arrived.Load())
			return
		default:
		}
		beside.Pass()
		place.Pool = m.pools[i%2]
		g.Become(place)
		seen, _, _ = g.Look(seen[:0], uint32(i%2*chunk))
		g.Age()
	}
}
