package nat

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/tables/oracle"
)

// model is a slow gateway, from the words of AWS's pages and of the RFCs: a list of connections
// and a clock. It leaves open which address and port a connection gets, and holds the gateway to
// the one that it chose.
type model struct {
	*testing.T
	g     *Gateway
	now   int64
	conns []*modelled // those that ended, too

	want Metrics // what the gateway's must say, but for the connections that live
}

// modelled is a connection of the model.
type modelled struct {
	proto          uint8 // IPv4's
	host, remote   wire.Addr
	inner, port    uint16 // the host's port, and the one that the outside sees
	far            uint16 // the remote's port; of ICMP 8
	nat            wire.Addr
	ended          bool
	heard          int64
	accepted, open bool // the remote sent SYN; the host acknowledged it
	finIn, finOut  bool
	rst            bool
}

// limit is how long the connection may be silent.
func (c *modelled) limit() time.Duration {
	switch {
	case c.proto != wire.ProtoTCP:
		return 350 * time.Second
	case c.rst && c.open && !(c.finIn && c.finOut):
		return 4 * time.Minute
	case c.rst:
		return 10 * time.Second
	case c.finIn && c.finOut:
		return 30 * time.Second
	case !c.open:
		return 60 * time.Second
	}
	return 350 * time.Second
}

func (c *modelled) over() bool { return c.rst || c.finIn && c.finOut }

// segment moves the connection's state.
func (c *modelled) segment(flags uint8, fromInside bool) (opened bool) {
	syn, ack := flags&wire.TCPSyn != 0, flags&wire.TCPAck != 0
	switch {
	case c.proto != wire.ProtoTCP:
	case flags&wire.TCPRst != 0:
		c.rst = true
	case fromInside && c.rst && c.open && !syn && flags&wire.TCPFin == 0:
		c.rst = false
	case syn && !fromInside:
		c.accepted = true
	case flags&wire.TCPFin != 0 && fromInside:
		c.finIn = true
	case flags&wire.TCPFin != 0:
		c.finOut = true
	case fromInside && ack && !syn && c.accepted:
		opened, c.open, c.rst = !c.open, true, false
	}
	return opened
}

// The hosts inside, one of them of another VPC, and those outside.
var (
	modelHosts   = []string{"10.0.2.4", "10.0.2.5", "2001:db8:a::4", "2001:db8:a::5", "172.31.0.9"}
	modelRemotes = []string{"203.0.113.1", "203.0.113.2"}
	modelProtos  = []uint8{wire.ProtoTCP, wire.ProtoTCP, wire.ProtoUDP, wire.ProtoICMP}
	modelWaits   = []time.Duration{0, time.Second, 3 * time.Second, 9 * time.Second, 29 * time.Second, 31 * time.Second, 59 * time.Second, 61 * time.Second, 349 * time.Second, 351 * time.Second}
	modelFlags   = []uint8{wire.TCPSyn, wire.TCPAck, wire.TCPSyn | wire.TCPAck, wire.TCPFin | wire.TCPAck, wire.TCPRst, wire.TCPAck | wire.TCPPsh}
)

// packet is what one end of c sends to another, in the family of the addresses.
func packetOf(c *modelled, from, to wire.Addr, fromPort, toPort uint16, flags uint8) wiretest.Packet {
	if !from.Is4() || !to.Is4() {
		from, to = in6(from), in6(to)
	}
	a, b := end(from, fromPort), end(to, toPort)
	switch {
	case c.proto == wire.ProtoTCP:
		return wiretest.TCP(a, b).Flags(flags).Payload("0123456789")
	case c.proto == wire.ProtoUDP:
		return wiretest.UDP(a, b).Payload("0123456789")
	case toPort == wire.ICMPEcho:
		return wiretest.Echo(from.String(), to.String(), fromPort)
	}
	return wiretest.EchoReply(from.String(), to.String(), toPort)
}

// in6 is an address as a host of IPv6 sees it.
func in6(a wire.Addr) wire.Addr {
	if a.Is4() {
		return a.Converted()
	}
	return a
}

func end(a wire.Addr, port uint16) string {
	if a.Is4() {
		return fmt.Sprintf("%s:%d", a, port)
	}
	return fmt.Sprintf("[%s]:%d", a, port)
}

// pass has the gateway translate a frame, and accounts for it.
func (m *model) pass(frame []byte) (h wire.Headers, out []byte, v pipeline.Verdict) {
	var came wire.Headers
	wire.Parse(frame, &came)
	h, out, v = throughBytes(m.g.Appliance(0), slices.Concat(frame))
	pool, w := m.g.place.Load().Pool, &m.want
	if slices.Contains(pool, came.Dst) {
		w.PacketsInFromDestination++
		w.BytesInFromDestination += uint64(len(frame) - wire.EthernetLen)
	} else {
		w.PacketsInFromSource++
		w.BytesInFromSource += uint64(len(frame) - wire.EthernetLen)
	}
	if v != pipeline.Sent {
		w.PacketsDropCount++
		return h, out, v
	}
	require.NoError(m, wiretest.Check(out))
	if slices.Contains(pool, h.Src) {
		w.PacketsOutToDestination++
		w.BytesOutToDestination += uint64(len(out) - wire.EthernetLen)
	} else {
		w.PacketsOutToSource++
		w.BytesOutToSource += uint64(len(out) - wire.EthernetLen)
	}
	return h, out, v
}

// out has a host send a packet.
func (m *model) out(c modelled, flags uint8) {
	h, _, v := m.pass(packetOf(&c, c.host, c.remote, c.inner, c.far, flags).Bytes())
	had := m.find(&c)
	begins := c.proto != wire.ProtoTCP || flags == wire.TCPSyn
	if had != nil && begins && c.proto == wire.ProtoTCP && had.over() {
		had.ended, had = true, nil
	}
	switch {
	case had == nil && c.host == wiretest.Addr(modelHosts[4]):
		require.Equal(m, pipeline.NATSource.String(), v.String())
		return
	case had == nil && !begins && flags&wire.TCPRst != 0:
		require.Equal(m, pipeline.NATUnknown.String(), v.String())
		return
	case had == nil && !begins:
		require.Equal(m, []any{"sent", c.host, c.inner, true}, []any{v.String(), h.Dst, h.DstPort, h.Flags&wire.TCPRst != 0})
		return
	case had == nil:
		had = m.begin(c, &h)
	}
	require.Equal(m, []any{"sent", had.nat, had.remote, had.port}, []any{v.String(), h.Src, h.Dst, h.SrcPort})
	m.hear(had, flags, true)
}

// begin is a connection whose first packet left as h describes.
func (m *model) begin(c modelled, h *wire.Headers) *modelled {
	require.Contains(m, m.g.place.Load().Pool, h.Src)
	require.GreaterOrEqual(m, h.SrcPort, uint16(1024))
	for _, o := range m.conns {
		same := o.nat == h.Src && o.port == h.SrcPort && o.remote == c.remote && o.far == c.far && o.proto == c.proto
		require.False(m, !o.ended && same, "a port of one destination is one connection's")
	}
	c.nat, c.port = h.Src, h.SrcPort
	if c.proto == wire.ProtoTCP {
		m.want.ConnectionAttemptCount++
	}
	m.conns = append(m.conns, &c)
	return &c
}

// in has the remote of c send a packet, whether c goes on or has ended.
func (m *model) in(c *modelled, flags uint8) {
	h, _, v := m.pass(packetOf(c, c.remote, c.nat, c.far, c.port, flags).Bytes())
	now := m.holder(c)
	if now == nil {
		require.Equal(m, pipeline.NATUnknown.String(), v.String())
		return
	}
	require.Equal(m, []any{"sent", now.host, now.inner}, []any{v.String(), h.Dst, h.DstPort})
	m.hear(now, flags, false)
}

// failure has a router outside tell c's host that a packet of c's ended there.
func (m *model) failure(c *modelled) {
	quote := packetOf(c, c.nat, c.remote, c.port, c.far, wire.TCPAck).Bytes()
	h, out, v := m.pass(wiretest.ICMPError(wire.ICMPTimeExceeded, 0, "198.51.100.1", quote).Bytes())
	now := m.holder(c)
	if now == nil {
		require.Equal(m, pipeline.NATUnknown.String(), v.String())
		return
	}
	require.Equal(m, []any{"sent", now.host}, []any{v.String(), h.Dst})
	q, ok := wire.Embedded(out, &h)
	require.True(m, ok)
	require.Equal(m, []any{now.host, now.inner}, []any{q.Src, q.SrcPort})
}

// pieces has both ends of c, of UDP, send a datagram in fragments.
func (m *model) pieces(c *modelled) {
	now := m.holder(c)
	if c.proto != wire.ProtoUDP || now == nil || now != c {
		return
	}
	for _, f := range packetOf(c, c.host, c.remote, c.inner, c.far, 0).Size(200).Fragments(64) {
		h, _, v := m.pass(f)
		require.Equal(m, []any{"sent", c.nat, c.remote}, []any{v.String(), h.Src, h.Dst})
	}
	for _, f := range packetOf(c, c.remote, c.nat, c.far, c.port, 0).Size(200).Fragments(64) {
		h, _, v := m.pass(f)
		require.Equal(m, []any{"sent", c.host}, []any{v.String(), h.Dst})
	}
	c.heard = m.now
}

// find is the connection of a host's end, holder the one that has c's end outside.
func (m *model) find(c *modelled) *modelled {
	i := slices.IndexFunc(m.conns, func(o *modelled) bool {
		return !o.ended && o.proto == c.proto && o.host == c.host && o.inner == c.inner && o.remote == c.remote && o.far == c.far
	})
	if i < 0 {
		return nil
	}
	return m.conns[i]
}

func (m *model) holder(c *modelled) *modelled {
	i := slices.IndexFunc(m.conns, func(o *modelled) bool {
		return !o.ended && o.proto == c.proto && o.nat == c.nat && o.port == c.port && o.remote == c.remote && o.far == c.far
	})
	if i < 0 {
		return nil
	}
	return m.conns[i]
}

func (m *model) hear(c *modelled, flags uint8, fromInside bool) {
	c.heard = m.now
	if c.segment(flags, fromInside) {
		m.want.ConnectionEstablishedCount++
	}
}

// slack is how late the gateway may end the connection: a timer is not set again when a
// connection's end makes its time shorter, but looked at every 17 s.
func (c *modelled) slack() time.Duration {
	if c.over() {
		return 18 * time.Second
	}
	return time.Second
}

// wait moves the clock. It never stops behind a timeout where the gateway may have ended the
// connection or not.
func (m *model) wait(d time.Duration) {
	m.now += int64(d)
	for slices.ContainsFunc(m.conns, func(c *modelled) bool {
		late := time.Duration(m.now-c.heard) - c.limit()
		return !c.ended && late >= 0 && late < c.slack()
	}) {
		m.now += int64(time.Second)
	}
	for _, c := range m.conns {
		if !c.ended && time.Duration(m.now-c.heard) > c.limit() {
			c.ended = true
			if c.open && !c.over() {
				m.want.IdleTimeoutCount++
			}
		}
	}
	m.g.Age()
}

// account holds that the gateway counts each packet once, and holds memory for no more than
// what goes on.
func (m *model) account() {
	live, tcp := 0, uint64(0)
	for _, c := range m.conns {
		if !c.ended {
			live++
			if c.proto == wire.ProtoTCP {
				tcp++
			}
		}
	}
	require.Equal(m, 2*live+m.g.datagrams, m.g.ways.Len())
	want := m.want
	want.ActiveConnectionCount = tcp
	require.Equal(m, want, m.g.Metrics())
}

// play has gateway and model do what the bytes of a script say, four a step.
func play(t *testing.T, script []byte) {
	m := &model{T: t, now: 1_780_000_000e9}
	m.g = insideOf(t, 1024, 1, &m.now)
	for ; len(script) >= 4; script = script[4:] {
		b := script[:4]
		flags := modelFlags[int(b[3])%len(modelFlags)]
		var c *modelled
		if len(m.conns) > 0 {
			latest := m.conns[max(len(m.conns)-8, 0):]
			c = latest[int(b[1])%len(latest)]
		}
		switch op := b[0] % 8; {
		case op < 3:
			n := modelled{
				proto: modelProtos[b[1]%4], host: wiretest.Addr(modelHosts[int(b[1]>>2)%len(modelHosts)]), inner: 1 + uint16(b[2]%3),
				remote: wiretest.Addr(modelRemotes[b[2]>>2%2]), far: 80 + uint16(b[2]>>4%2),
			}
			if n.proto == wire.ProtoICMP {
				n.far = wire.ICMPEcho
			}
			if op > 0 && c != nil { // its host goes on
				n = modelled{proto: c.proto, host: c.host, inner: c.inner, remote: c.remote, far: c.far}
			}
			m.out(n, flags)
		case op == 3 && b[2] < 64:
			m.wait(modelWaits[int(b[1])%len(modelWaits)])
		case c == nil:
		case op >= 3 && op <= 5:
			m.in(c, flags)
		case op == 6 && b[2] < 128:
			m.failure(c)
		default:
			m.pieces(c)
		}
		m.account()
	}
	m.wait(2 * idle)
	m.account()
	require.Zero(t, m.g.ways.Len()+m.g.uses.n)
}

// A gateway does what the model does, over random packets, both families, errors, fragments and
// timeouts.
func TestTheGatewayAgreesWithAModel(t *testing.T) {
	r := oracle.Random(t)
	script := slices.Concat(modelStories...)
	for range 4 * 800 {
		script = append(script, byte(r.Uint32()))
	}
	play(t, script)
}

// modelStories are scripts of connections that begin, are answered, and end in each way.
var modelStories = func() [][]byte {
	const out, wait, in, failure, pieces = 0, 3, 4, 6, 7
	const syn, ack, synAck, fin = 0, 1, 2, 3
	return [][]byte{
		{out, 0, 0, syn, in, 0, 0, synAck, out, 0, 0, ack, wait, 9, 0, 0, out, 0, 0, ack}, // idle, then RST
		{out, 0, 0, syn, in, 0, 0, synAck, out, 0, 0, ack, in, 0, 0, fin, wait, 7, 0, 0, in, 0, 0, ack, out, 0, 0, fin, wait, 6, 0, 0, out, 0, 0, ack},
		{out, 8, 0, syn, failure, 0, 0, 0, out, 2, 1, 0, pieces, 0, 1, 0, out, 10, 1, 0, pieces, 0, 2, 0},
	}
}()

// FuzzGateway is TestTheGatewayAgreesWithAModel for whatever a hostile order of packets may find:
// no packet leaves that no inside host asked for, an answer comes back to the host and port that
// asked, every packet is accounted once with right checksums, and memory is bounded.
func FuzzGateway(f *testing.F) {
	for _, story := range modelStories {
		f.Add(story)
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) <= 4*100 {
			play(t, script)
		}
	})
}
