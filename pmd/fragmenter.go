package pmd

import "nitrocard/nic/wire"

// Fragmenter makes frames with the fragments of a frame's IPv4 packet (RFC 791 section
// 2.3), each in the tunnel that the packet is in. Its zero value has none.
type Fragmenter struct {
	frame   []byte
	ip      int // where the packet is
	payload int
	most    int // payload bytes of each fragment but the last
	at      int // payload that is in no fragment yet
}

// Start begins with a frame, which is the fragmenter's until its last fragment was made. The
// packet, in outer headers if tunneled is true, becomes fragments of at most mtu bytes, at
// least wire.LeastMTU.
func (g *Fragmenter) Start(frame []byte, tunneled bool, mtu int) {
	*g = Fragmenter{ip: wire.EthernetLen}
	if tunneled {
		g.ip += outerOf(frame)
	}
	packet := wire.IPv4(frame[g.ip:])
	header := packet.HeaderLen()
	g.frame, g.payload, g.most = frame[:g.ip+packet.TotalLen()], g.ip+header, (mtu-header)&^7
	g.at = g.payload
}

// Next writes the next fragment to buf, which has room for MaxFrame bytes, and returns the
// frame's length. more tells that others follow.
func (g *Fragmenter) Next(buf []byte) (n int, more bool) {
	end := min(g.at+g.most, len(g.frame))
	n = copy(buf, g.frame[:g.payload])
	n += copy(buf[n:], g.frame[g.at:end])
	more = end < len(g.frame)
	wire.IPv4(buf[g.ip:n]).Fragment(g.at-g.payload, more)
	if g.ip > wire.EthernetLen {
		setOuterLength(buf[:n])
	}
	g.at = end
	return n, more
}

// setOuterLength makes the outer headers those of a frame of this length. Over IPv6 their
// checksum covers the whole frame, which must be finished.
func setOuterLength(frame []byte) {
	if frame[12] == wire.EtherTypeIPv6>>8 {
		wire.FinishOuter6(frame)
		return
	}
	outer := wire.IPv4(frame[wire.EthernetLen:])
	outer.Segment(0)
	wire.UDP(outer[wire.IPv4Len:]).SetLength(len(outer) - wire.IPv4Len)
}
