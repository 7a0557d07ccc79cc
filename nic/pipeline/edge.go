package pipeline

import (
	"encoding/binary"
	"math/bits"
	"net/netip"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// The edge is a card in another role: the router between the internet and the servers.
// It has no ENIs, connections or rules. From the internet it takes what is for a public
// address, and wraps it for the server of the address's ENI; from the servers' tunnels it
// takes what their ENIs send by their public addresses. The cards judge everything else.
//
//	internet ──▶ spoofed? ──▶ address → ENI → server ──▶ hops ──▶ wrap ──▶ underlay
//	internet ◀── hops ◀── own address? ◀── server of the source? ◀── unwrap ◀── underlay
//
// Nothing is kept from packet to packet, so any number of edges may share the work, and one
// may go away at any time. They all have the tunnel end of Placement's Edge: cards know one
// edge, and find whichever answers for it (announce).

// Internet is how an edge stands on its link to the internet.
type Internet struct {
	Addresses []netip.Prefix // of the edge itself, one of each family at most, with the length of the link's prefix
	Gateways  []netip.Addr   // the routers that take what leaves, one of each family at most
	Kernel    bool           // the host's kernel has Addresses, and answers for them
}

// Edge is what makes a card the edge. Its table changes while the workers stand at the gate.
type Edge struct {
	nextTable
	link *link
	mac  wire.MAC // of the edge inside tunnels

	macBits uint64 // mac as a number
}

// Prepare takes the memory that the edge of a policy needs, for NewSetup. If memory lacks, Prepare is
// an error, and the setup in force stays as it is.
func (c *Crew) Prepare(policy *vpc.Policy) (err error) {
	var before *publicTable
	if s := c.Setup(); s != nil {
		before = s.edge.publicTable
	}
	c.prepared, err = newNextTable(before, policy.Region, c.seed)
	return err
}

// edgeOf is the edge of a policy, whose predecessor is before, nil if there is none. Its table is the
// prepared one, or before's.
func (c *Crew) edgeOf(policy *vpc.Policy, ports *Ports, before *Edge) *Edge {
	if ports.Edge == nil {
		return nil
	}
	mac := policy.Region.EdgeMAC()
	e := &Edge{nextTable: c.prepared, mac: mac, macBits: mac.Bits(), link: newLink(ports, before)}
	if before != nil && before.publicTable.region == policy.Region {
		e.nextTable = nextTable{publicTable: before.publicTable, region: policy.Region}
	}
	c.prepared = nextTable{}
	return e
}

// Prefixes are what the edge announces. The workers stand at the gate.
func (s *Setup) Prefixes() []netip.Prefix { return s.edge.prefixes() }

// internet is who sends by the port to the internet, in a guest's place.
var internet guest

// atEdge takes a burst from the internet, or from the underlay if g is nil.
func (w *Worker) atEdge(g *guest, frames []pmd.Frame) {
	if g != nil {
		w.fromInternet(frames, w.fastToServers(frames))
	} else {
		w.fromServers(frames, w.fastToInternet(frames))
	}
}

// fromInternet takes the frames of a burst that rest has a bit for.
func (w *Worker) fromInternet(frames []pmd.Frame, rest uint64) {
	for ; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(rest) & (pmd.MaxBurst - 1)
		p := &w.inward.packets[i]
		p.begin(&frames[i], wire.In)
		w.finish(p, w.edgeInbound(p))
	}
}

// fromServers takes the frames of a burst from the underlay that rest has a bit for.
func (w *Worker) fromServers(frames []pmd.Frame, rest uint64) {
	for ; rest != 0; rest &= rest - 1 {
		i := bits.TrailingZeros64(rest) & (pmd.MaxBurst - 1)
		p := &w.outward.packets[i]
		p.begin(&frames[i], wire.Out)
		w.finish(p, w.edgeOutbound(p))
	}
}

// edgeInbound is the way of a packet from the internet.
func (w *Worker) edgeInbound(p *packet) Verdict {
	if fault := wire.Parse(p.frame.Bytes(), &p.Headers); fault != wire.NoFault {
		return Malformed(fault)
	}
	p.untag()
	if !carried(&p.Headers) || p.IsND() {
		return w.fromLink(p)
	}
	switch l := w.setup.edge.link; {
	case p.ethernet().Dst().IsMulticast() || p.Dst.IsGroup():
		return GroupAddress
	case p.ethernet().DstBits() != l.bits:
		return NotForThisCard
	case l.owns(p.Dst):
		return w.forRouter(p)
	}
	if v := w.spoofed(p.Src); v != next {
		return v
	}
	return w.toServer(p)
}

// spoofed judges the source of a packet from the internet.
func (w *Worker) spoofed(src wire.Addr) Verdict {
	if ours := w.setup.edge.ours; ours.mayHave(src) && (outsideInternet(src) || ours.isOwn(src)) {
		return SpoofedSource
	}
	return next
}

// toServer wraps a packet for the server of the ENI that has its destination.
func (w *Worker) toServer(p *packet) Verdict {
	e := w.setup.edge
	to, known := e.find(p.Dst)
	switch {
	case !known && !e.ours.isOwn(p.Dst):
		return NotAnnounced
	case !known:
		return AddressUnassigned
	}
	if v := w.hops(p); v != next {
		return v
	}
	if v := w.fitsTunnel(p, &to.Station); v != next {
		return v
	}
	p.spend()
	*(*[12]byte)(p.frame.Bytes()) = to.stations()
	w.enclose(p.frame, &to.Station, w.underlay.hops[to.VTEP].mac.Load(), entropyOf(&p.Tuple))
	p.to = w.uplink
	return Sent
}

// edgeOutbound is the way of a packet from the underlay.
func (w *Worker) edgeOutbound(p *packet) Verdict {
	var o wire.Outer
	if v := w.unwrap(p, &o); v != next {
		return v
	}
	e, from := w.setup.edge, p.outerSrc
	vtep, known := w.setup.vtep(from)
	switch {
	case !known:
		return UnknownVTEP
	case e.region.VPC(o.VNI) == nil:
		return UnknownVNI
	case p.ethernet().Dst().IsMulticast():
		return GroupAddress
	case p.ethernet().Dst() != e.mac:
		return UnknownMAC
	case !carried(&p.Headers):
		return foreign(&p.Headers)
	case p.IsND():
		return NDInvalid
	}
	if v := p.congestion(); v != next {
		return v
	}
	if !w.livesAt(p.Src, vtep, o.VNI) {
		return SourceMismatch
	}
	return w.toInternet(p)
}

// livesAt tells whether a server may send from a public address: one of its ENIs has it, or one
// forwards what others send (source).
func (w *Worker) livesAt(src wire.Addr, vtep uint16, vni uint32) bool {
	at, known := w.setup.edge.find(src)
	if !known || at.vni() != vni {
		return false
	}
	return at.VTEP == vtep || w.setup.Policy.Region.Forwards(vni, vtep)
}

// toInternet sends a packet to the router towards its destination, or in again if an ENI has the
// destination.
func (w *Worker) toInternet(p *packet) Verdict {
	e := w.setup.edge
	switch {
	case p.Dst.IsGroup():
		return GroupAddress
	case martian(p.Dst):
		return Martian
	case p.Dst.IsPrivate():
		return PrivateInternet
	case e.link.owns(p.Dst):
		return RouterItself
	case e.ours.isOwn(p.Dst):
		return w.toServer(p)
	}
	if v := w.hops(p); v != next {
		return v
	}
	gateway := e.link.towards(p.Dst)
	mac := gateway.mac.Load()
	if mac == unresolved {
		return GatewayUnresolved
	}
	if v := w.internet.fits(p.leaves() + wire.EthernetLen); v != next {
		return v
	}
	p.spend()
	e.link.address(p.frame.Bytes(), mac)
	p.to = w.internet
	return Sent
}

// stations are the stations of a frame to the ENI, as the router of its subnet sends it.
func (p *place) stations() (b [12]byte) {
	*(*wire.MAC)(b[:]), *(*wire.MAC)(b[6:]) = p.Dst, p.Src
	return b
}

// vniWord is the VNI as wire.Target.Lo has it in the lowest 32 bits.
func (p *place) vniWord() uint32 { return binary.LittleEndian.Uint32(p.VNI[:]) }

// vni is the VNI of the VPC that a place is in.
func (p *place) vni() uint32 {
	return uint32(p.VNI[0])<<16 | uint32(p.VNI[1])<<8 | uint32(p.VNI[2])
}

// entropyOf is entropy of a packet without a key.
func entropyOf(t *wire.Tuple) uint16 {
	srcHi, srcLo := t.Src.Words()
	dstHi, dstLo := t.Dst.Words()
	hi, lo := bits.Mul64(srcHi^srcLo^uint64(t.SrcPort)<<48^0x9e3779b97f4a7c15, dstHi^dstLo^uint64(t.DstPort)<<48^uint64(t.Proto)^0xd1b54a32d192ed03)
	return 0xc000 | uint16(hi^lo)
}
