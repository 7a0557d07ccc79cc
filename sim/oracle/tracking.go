package oracle

import (
	"net/netip"
	"time"

	"nitrocard/nic/vpc/ec2"
)

// flow names a connection of an ENI, the same for both directions: "Other protocols
// tracked by IP + protocol number."
type flow struct {
	eni                   string
	local, remote         netip.Addr
	proto                 uint8
	localPort, remotePort uint16    // of TCP and UDP
	id                    uint16    // of an ICMP query
	query                 uint8     // its type
	asks                  Direction // its way
}

// flowOf is the flow of a packet at an ENI; not ok for an ICMP message that is neither
// query nor answer.
func flowOf(e *ec2.NetworkInterface, d Direction, p Packet) (f flow, ok bool) {
	f = flow{eni: e.NetworkInterfaceId, local: d.local(p), remote: d.remote(p), proto: p.Proto}
	switch p.Proto {
	case TCP, UDP:
		f.localPort, f.remotePort = p.SrcPort, p.DstPort
		if d == In {
			f.localPort, f.remotePort = p.DstPort, p.SrcPort
		}
	case ICMP, ICMPv6:
		query, answer, is := p.query()
		if !is {
			return f, false
		}
		f.id, f.query, f.asks = p.ID, query, d
		if answer {
			f.asks = 1 - d
		}
	}
	return f, true
}

// packet is one of a flow, in a direction.
func (f flow) packet(d Direction) Packet {
	p := Packet{Src: f.local, Dst: f.remote, SrcPort: f.localPort, DstPort: f.remotePort, Proto: f.proto, Type: f.query, ID: f.id}
	if d == In {
		p.Src, p.Dst, p.SrcPort, p.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
	}
	return p
}

// never is before any packet.
const never = -1 << 62

// conn is what an ENI remembers of a flow.
type conn struct {
	w *World
	flow
	began   Direction     // of the first packet
	tracked answer        // whether the connection passes without a rule
	sure    time.Duration // the last packet that it surely had, never if none
	maybe   time.Duration // the last packet that may have been its own
	blurred bool          // which packets it has had is not known for sure
	turned  bool          // it may as well have begun in the other direction
	anew    bool          // it may be another one, which began in the middle of a stream

	bySYN   bool    // TCP: a SYN opened it,
	opening uint32  // with this number
	heard   [2]bool // TCP: a SYN, and its answer
	settled bool    // TCP: the answer was acknowledged
	ended   bool    // TCP: an end sent FIN or RST
	twice   bool    // TCP: another SYN than the one that opened it asked for a connection in its place
	rounds  int     // UDP: requests that were answered
	asked   bool    // UDP: a request waits for its answer
}

// find is the connection of a flow, nil if there is none.
func (w *World) find(f flow) *conn {
	for _, c := range w.conns {
		if c.flow == f {
			return c
		}
	}
	return nil
}

// untracked tells whether a flow that begins in a direction is not tracked: "iff TCP/UDP,
// a rule permits the flow for 0.0.0.0/0 (or ::/0), and the other direction permits 0.0.0.0/0
// (::/0) for ports 0–65535, and not auto-tracked. Per family".
func (w *World) untracked(e *ec2.NetworkInterface, began Direction, f flow) bool {
	if f.proto != TCP && f.proto != UDP {
		return false // "ICMP always tracked", and other protocols are
	}
	if w.autoTracked(e, began, f) {
		return false
	}
	there, back := false, false
	for _, rule := range w.permissions(e, began) {
		there = there || forEveryone(rule, f.remote) && permitsTraffic(rule, f.packet(began))
	}
	for _, rule := range w.permissions(e, 1-began) {
		back = back || forEveryone(rule, f.remote) && permitsAllPorts(rule, f.proto)
	}
	return there && back
}

// autoTracked tells whether a flow takes a gateway for which EC2 always tracks:
// "Auto-tracked: egress-only IGW, … NAT gateway". What came in did not come by the NAT gateway that
// answers would take.
func (w *World) autoTracked(e *ec2.NetworkInterface, began Direction, f flow) bool {
	r := w.RouteTo(w.Subnet(e), f.remote)
	return r != nil && r.State != "blackhole" && (r.EgressOnlyInternetGatewayId != "" || r.NatGatewayId != "" && began == Out)
}

// forEveryone tells whether a rule names all addresses of an address's family: 0.0.0.0/0 or
// ::/0.
func forEveryone(rule ec2.IpPermission, a netip.Addr) bool {
	for _, r := range rule.IpRanges {
		if r.CidrIp.Bits() == 0 && a.Is4() {
			return true
		}
	}
	for _, r := range rule.Ipv6Ranges {
		if r.CidrIpv6.Bits() == 0 && a.Is6() {
			return true
		}
	}
	return false
}

// permitsAllPorts tells whether a rule permits ports 0–65535 of a protocol.
func permitsAllPorts(rule ec2.IpPermission, proto uint8) bool {
	return permitsTraffic(rule, Packet{Proto: proto, DstPort: 0}) && permitsTraffic(rule, Packet{Proto: proto, DstPort: 65535})
}

// slack is how long after (or before) its time a connection may end: the time is counted
// in ticks.
const slack = 300 * time.Millisecond

// lives tells whether the connection is remembered.
func (c *conn) lives(now time.Duration) answer {
	least, most := c.idle()
	switch {
	case c.sure != never && now-c.sure < least-slack:
		return yes
	case now-c.maybe > most+slack:
		return no
	}
	return unknown
}

// idle is how long the connection is remembered without a packet: at least, and at most.
func (c *conn) idle() (least, most time.Duration) {
	established, udp, stream := c.w.timeouts(c.eni)
	switch c.proto {
	case TCP:
		return c.idleTCP(established)
	case UDP:
		// "UDP (one direction or a single request-response) …; UDP stream (more than one
		// request-response) …"
		switch {
		case c.blurred:
			return udp, max(udp, stream)
		case c.rounds > 1:
			return stream, stream
		}
		return udp, udp
	case ICMP, ICMPv6:
		return 60 * time.Second, 60 * time.Second // Ours: AWS documents none
	}
	return 600 * time.Second, 600 * time.Second // "Other protocols …: reply accepted within 600 s."
}

// idleTCP is idle of TCP, tracked or not. "Not documented: SYN/FIN/TIME_WAIT timeouts, TCP window checks,
// mid-stream pickup."
func (c *conn) idleTCP(established time.Duration) (least, most time.Duration) {
	const handshake = 60 * time.Second // Ours
	const ended = 10 * time.Second     // Ours: no end of a connection is forgotten sooner
	switch {
	case c.ended:
		return ended, max(established, 120*time.Second)
	case c.blurred:
		return min(handshake, established), max(handshake, established)
	case c.settled:
		return established, established
	case c.heard[0] && c.heard[1]:
		return min(handshake, established), max(handshake, established)
	}
	return handshake, handshake
}

// timeouts are an ENI's: "TCP established 60–432000 s, default 432000; UDP 30–60, default
// 30; UDP stream 60–180, default 180."
func (w *World) timeouts(eni string) (established, udp, stream time.Duration) {
	established, udp, stream = 432000*time.Second, 30*time.Second, 180*time.Second
	e := w.ENI(eni)
	if e == nil || e.ConnectionTrackingConfiguration == nil {
		return established, udp, stream
	}
	c := e.ConnectionTrackingConfiguration
	for _, set := range []struct {
		own *int
		to  *time.Duration
	}{{c.TcpEstablishedTimeout, &established}, {c.UdpTimeout, &udp}, {c.UdpStreamTimeout, &stream}} {
		if set.own != nil {
			*set.to = time.Duration(*set.own) * time.Second
		}
	}
	return established, udp, stream
}

// passes tells whether a packet passes an ENI's groups as part of a connection, whatever
// the rules are: "Rule removed: tracked connection continues until it times out; untracked
// flow is cut at once."
func (w *World) passes(e *ec2.NetworkInterface, d Direction, p Packet) answer {
	f, ok := flowOf(e, d, p)
	c := w.find(f)
	switch {
	case p.Quoted != nil:
		return w.passesError(e, d, p)
	case !ok || c == nil:
		return no
	case p.isSYN() && !c.openedBy(d, p):
		// Ours: a SYN asks for a new connection, and is asked of the rules in force. Where
		// both ends open at once, who is to say.
		if !c.blurred && !c.ended && (c.heard[1] || d == c.began) {
			return no
		}
		return both(unknown, both(c.lives(w.Now), c.tracked))
	case p.isSYN() && (c.anew || c.twice): // which of two SYNs opened the connection, the other end's answer told
		return both(unknown, both(c.lives(w.Now), c.tracked))
	}
	if c.tracked == no && (d != c.began || c.turned) && w.allowed(e, 1-d, f.packet(1-d)) {
		// The wide rule that let the flow begin is gone, and a narrow one would let it begin
		// still. AWS does not tell whether the answer is that of a tracked connection already.
		return both(unknown, c.lives(w.Now))
	}
	return both(c.lives(w.Now), c.tracked)
}

// passesError is passes for an ICMP error. Ours, for AWS documents nothing: an error about
// a packet of a tracked connection passes to the end that sent the packet.
func (w *World) passesError(e *ec2.NetworkInterface, d Direction, p Packet) answer {
	f, ok := flowOf(e, 1-d, *p.Quoted)
	c := w.find(f)
	switch {
	case !ok || c == nil || d.local(p) != f.local || d == Out && d.remote(p) != f.remote:
		return no
	case c.tracked == no || p.Proto == ICMP && p.Type == Redirect:
		return both(unknown, c.lives(w.Now))
	}
	return both(c.lives(w.Now), c.tracked)
}

// isCut tells whether a packet answers a flow that a removed rule had let in (or out): the
// flow "is cut at once". The page's example is a stream that a wide rule let in; its
// answers have a rule still, and must not begin the stream anew. Whether they pass
// themselves, AWS does not tell. Ours: so is the answer to a SYN that asked for a connection
// in the place of another, where the rules allow the SYN no more.
func (w *World) isCut(e *ec2.NetworkInterface, d Direction, p Packet) bool {
	f, ok := flowOf(e, d, p)
	c := w.find(f)
	return ok && c != nil && (c.tracked != yes || c.twice) && c.lives(w.Now) != no && (d != c.began || c.turned || c.twice) && !p.isSYN() &&
		!w.allowedStraight(e, 1-d, f)
}

// openedBy tells whether a SYN is the one that opened the connection, once more.
func (c *conn) openedBy(d Direction, p Packet) bool {
	return c.bySYN && d == c.began && p.Seq == c.opening
}

// isSYN tells whether a packet asks for a TCP connection.
func (p Packet) isSYN() bool { return p.Proto == TCP && p.Flags&(SYN|ACK|RST|FIN) == SYN }

// lose notes that a packet was dropped whose connection may have been remembered: it was
// over, or not tracked.
func (w *World) lose(e *ec2.NetworkInterface, d Direction, p Packet) {
	f, ok := flowOf(e, d, p)
	c := w.find(f)
	switch {
	case !ok || c == nil || p.isSYN():
	case c.tracked == yes:
		c.sure, c.maybe = never, never
	default:
		c.tracked, c.blurred = no, true
	}
}
