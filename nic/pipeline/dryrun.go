package pipeline

import (
	"time"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// DryRun tells what the next packets of connections would meet under a policy, which need not be
// in force. It makes a plain packet of each connection and asks the stages of the packet path, and so
// has no rules of its own. It writes to no connection and sends nothing. It takes the connection table's
// lock for one look-up where a public address becomes another's, and else no lock.
//
// What depends on more than key, direction and policy is not asked: whether the packet fits its way
// and its port, and whether the instance has room for one more tracked connection.
//
// A DryRun belongs to one goroutine.
type DryRun struct {
	worker *Worker // of no thread
	before *Setup  // in force: where connections are from
	packet packet
	frame  pmd.Frame
	conn   flow.Conn
	led    inward // where a gateway leads the packet, if the packet gets so far
}

// Known is a copy of a connection.
type Known struct {
	Key   flow.Key
	Pair  flow.Pair
	Conn  flow.Conn
	First uint32 // flow.Opening.First
}

// Judgement is what a packet would meet.
type Judgement struct {
	Verdict   Verdict    // Sent: all stages let it pass
	Asked     bool       // the groups would be asked anew
	Rule      vpc.RuleID // by which they allow it then
	Untracked bool       // EC2 does not track the flow then
	Entry     uint16     // of the network ACL that decided; 0: the packet meets none
	Route     *vpc.Route // by which it leaves, or which a gateway's table has for it; nil: no route was asked
	Table     string     // ID of the route's table
	First     string     // ID of the middlebox to which a gateway leads it first; "": to none
}

// noEpoch is of no policy in force, and of no record.
const noEpoch = ^uint32(0)

// DryRun asks a policy about connections under the setup before, which is in force. The policy may be the one
// in force. Another one gets noEpoch, because a change meanwhile may give records the epoch that the other one
// has, though it never judged them.
func (c *Crew) DryRun(before *Setup, policy *vpc.Policy) *DryRun {
	epoch := policy.Epoch
	s := &Setup{Policy: policy, newcomers: make([]*newcomer, len(policy.ENIs)), underlay: before.underlay, parts: before.parts[:1]}
	if before.Policy != policy {
		epoch = noEpoch
		s.underlay = newUnderlay(policy, before.underlay.mac, &before.underlay)
		var ports []GuestPort
		for e := range policy.All() {
			ports = append(ports, GuestPort{ENI: e})
		}
		s.parts = []part{{guests: guestsOf(policy, ports)}}
	}
	r := &DryRun{before: before, worker: &Worker{crew: c, flows: c.Flows, setup: s, part: part{guests: s.parts[0].guests}, underlay: s.underlay, epoch: epoch, dry: true}}
	r.frame.Lend(make([]byte, wire.EthernetLen), 0, wire.EthernetLen)
	return r
}

// Policy is the one that is asked.
func (r *DryRun) Policy() *vpc.Policy { return r.worker.setup.Policy }

// ENI is the ENI of a connection as the policy has it, nil if the card has it no more.
func (r *DryRun) ENI(k *Known) *vpc.OwnENI {
	if g := r.worker.setup.guest(k.Key.ENI()); g != nil {
		return g.eni
	}
	return nil
}

// Life is how long the connection may be idle under the policy; 0 if its ENI is gone.
func (r *DryRun) Life(k *Known) time.Duration {
	if g := r.worker.setup.guest(k.Key.ENI()); g != nil {
		return g.timeouts.Of(&k.Conn)
	}
	return 0
}

// Groups are the answer of the groups if the connection began under the policy, at its first packet.
func (r *DryRun) Groups(k *Known) vpc.Match {
	e := r.ENI(k)
	if e == nil {
		return vpc.Match{}
	}
	p, d := &r.packet, k.Conn.Status().Initiator()
	r.describe(k, d)
	p.key, p.pair = k.Key, k.Pair
	return e.Match(p.query(d))
}

// Next is what the connection's next packet of a direction would meet.
func (r *DryRun) Next(k *Known, d wire.Direction) Judgement {
	g := r.worker.setup.guest(k.Key.ENI())
	if g == nil {
		return Judgement{Verdict: [...]Verdict{wire.In: UnknownMAC, wire.Out: NoPort}[d&1]}
	}
	r.describe(k, d)
	p := &r.packet
	p.guest = g
	if d == wire.In {
		return r.judgement(r.inbound(k))
	}
	return r.judgement(r.outbound(k))
}

// judgement is what the packet has met, which ended with v.
func (r *DryRun) judgement(v Verdict) Judgement {
	p := &r.packet
	m := Judgement{Verdict: v, Asked: p.asked, Rule: p.rule, Untracked: p.untracked, Entry: p.entry, Route: p.route}
	if r.led.route != nil {
		m.Route, m.Table = r.led.route, p.guest.eni.InwardTable(p.gateway())
	} else if p.route != nil {
		m.Table = p.guest.eni.Routes()
	}
	if v == next {
		if m.Entry == 0 && p.guest.eni.ACL() != "" && r.worker.crosses(p) {
			_, m.Entry = p.guest.eni.Admits(p.query(p.dir)) // the stage asks no network ACL that lets everything pass
		}
		m.Verdict = Sent
		m.First = r.firstTo()
	}
	return m
}

// firstTo names the middlebox or endpoint to which a gateway leads the packet first.
func (r *DryRun) firstTo() string {
	switch {
	case r.led.exit != nil:
		return r.led.exit.ID
	case r.led.first != nil && r.led.first != r.packet.guest.eni.ENI:
		return r.led.first.ID
	}
	return ""
}

// describe makes the packet a plain one of the connection, without its MACs.
func (r *DryRun) describe(k *Known, d wire.Direction) {
	p := &r.packet
	r.led = inward{}
	p.begin(&r.frame, d)
	p.Headers = wire.Headers{EtherType: wire.EtherTypeIPv4, L3: wire.EthernetLen, L4: wire.EthernetLen, End: wire.EthernetLen}
	if k.Key.IsIPv6() {
		p.EtherType = wire.EtherTypeIPv6
	}
	p.Tuple = wire.Tuple{Proto: k.Key.Proto(), Src: k.Pair.Remote, Dst: k.Pair.Local, SrcPort: k.Key.RemotePort, DstPort: k.Key.LocalPort}
	if d == wire.Out {
		p.Src, p.Dst, p.SrcPort, p.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
	}
	switch {
	case p.Proto == wire.ProtoTCP:
		p.Flags = wire.TCPAck
	case p.IsICMP():
		r.describeQuery(k, d)
	}
}

// describeQuery makes the packet the query of an ICMP connection, or the answer to it.
func (r *DryRun) describeQuery(k *Known, d wire.Direction) {
	p := &r.packet
	p.SrcPort, p.DstPort = k.Key.LocalPort, k.Key.LocalPort
	p.Type = uint8(k.Key.RemotePort >> 8)
	if k.Conn.Status().Initiator() == d {
		p.Code = uint8(k.First)
	} else {
		p.Type = wire.ICMPAnswer(p.Proto, p.Type)
	}
}

// knows gives the packet, which has its key, the connection, if the policy still finds it by the key, or
// the one that it finds in its place.
func (r *DryRun) knows(k *Known) {
	p := &r.packet
	p.conn = nil
	r.conn = k.Conn
	if (p.key != k.Key || p.pair != k.Pair) && !r.findsElse() {
		return
	}
	p.conn, p.was = &r.conn, r.conn.Status()
	p.outdated = r.worker.outdated(r.conn.Epoch, p.was)
}

// findsElse finds the connection at the packet's key, which is another than the one asked about: the
// policy has other public addresses.
func (r *DryRun) findsElse() (found bool) {
	p, flows := &r.packet, r.worker.flows
	r.worker.crew.Locked(func() {
		at, epoch, _ := flows.Find(&p.key)
		if found = epoch != 0 && flows.Has(at, &p.pair); found {
			r.conn = flows.Conn(at).Copy()
		}
	})
	return found
}

// inbound is Worker.inbound for the connection's next packet, up to the stages that need a frame. A
// packet that a gateway leads to a middlebox first passes: what the middlebox does nobody knows.
func (r *DryRun) inbound(k *Known) Verdict {
	w, p := r.worker, &r.packet
	if v := r.arrive(k); v != next {
		return v
	}
	w.keyIn(p, &p.key)
	r.knows(k)
	if v := w.source(p); v != next {
		return v
	}
	if v := w.publicAccess(p); v != next {
		return v
	}
	if r.led = w.leadsIn(p); r.led.verdict != next || r.firstTo() != "" {
		return r.led.verdict
	}
	v := w.enters(p)
	if v != next {
		r.led = inward{} // has no part in the verdict
	}
	return v
}

// outbound is Worker.outbound for the connection's next packet.
func (r *DryRun) outbound(k *Known) Verdict {
	w, p := r.worker, &r.packet
	e := p.ethernet()
	e.SetSrc(p.guest.mac)
	e.SetDst(p.guest.router)
	if n := r.beside(k); n != nil {
		e.SetDst(n.MAC)
	}
	w.keyOut(p, &p.key)
	r.knows(k)
	if v := w.antispoof(p); v != next {
		return v
	}
	if _, v := p.guest.asked(&p.Headers); v != next {
		return v
	}
	return w.leaves(p)
}

// beside is the ENI at the connection's other end if it is in the same subnet, as the guest knows it
// by ARP from the time before; nil if a router stands between.
func (r *DryRun) beside(k *Known) *vpc.ENI {
	g := r.before.guest(k.Key.ENI())
	if g == nil {
		g = r.packet.guest
	}
	if n := g.eni.Neighbor(k.Pair.Remote); g.eni.Beside(n) {
		return n
	}
	return nil
}

// arrive makes the packet one that comes as the connection's packets do: by their tunnel, to the public
// address that the internet knows, and from the router unless the other end is in the subnet.
func (r *DryRun) arrive(k *Known) Verdict {
	p, e := &r.packet, r.packet.ethernet()
	e.SetDst(p.guest.mac)
	e.SetSrc(p.guest.router)
	if n := r.beside(k); n != nil {
		e.SetSrc(n.MAC)
	} else if k.Conn.Status().OnLink() {
		e.SetSrc(wire.MAC{2}) // of a middlebox in the subnet
	}
	return r.byTunnel(k)
}
