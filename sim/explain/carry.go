package explain

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"nitrocard/nic"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/pmd/mem"
)

const uplink = nic.Uplink

// End is where a packet's way ended.
type End struct {
	ENI      string           // at whose guest the packet arrived, or whose stages dropped it; "": of none
	Internet bool             // the packet arrived at the internet
	Service  bool             // the packet arrived at a service of ENI's card, such as instance metadata or the router of a subnet
	Exit     string           // the target beyond the configuration that has the packet, such as tgw-1; "": none
	Circle   string           // the ENIs that send the packet to each other for ever; "": the packet ended
	Verdict  pipeline.Verdict // why the packet was dropped; pipeline.Sent: it was not
	Packet   Packet           // as it arrived, or as the stages that dropped it saw it
}

// Arrived tells whether the packet arrived.
func (e *End) Arrived() bool { return e.Verdict == pipeline.Sent && e.Circle == "" }

// mostHops bounds a packet's way: two middleboxes may send to each other for ever.
const mostHops = 32

// transit is a frame on its way to a card.
type transit struct {
	*Network
	to    *host
	by    *mem.Port // of to
	frame []byte
	hops  []Hop
	end   End
	over  bool
}

// send sends a packet from the guest of an ENI, or from the internet if from is "", until it
// ends. The guests of middleboxes send on what they receive. Connections that earlier packets
// opened are known to the cards.
func (n *Network) send(from string, p Packet) ([]Hop, End, error) {
	n.now += 1e6
	t := &transit{Network: n}
	if err := t.leave(from, p); err != nil {
		return nil, End{}, err
	}
	for range mostHops {
		if err := t.hop(); err != nil || t.over {
			return t.hops, t.end, err
		}
	}
	return t.hops, End{Circle: t.circle(), Packet: t.hops[0].Before}, nil
}

// circle names those whose guests send the packet to each other.
func (t *transit) circle() string {
	var names []string
	for _, h := range t.hops[mostHops/2:] {
		if h.ENI != nil && !slices.Contains(names, h.ENI.ID) {
			names = append(names, h.ENI.ID)
		}
	}
	return strings.Join(names, ", ")
}

// leave has the packet on the way to the sender's card.
func (t *transit) leave(from string, p Packet) (err error) {
	if from == "" {
		if t.to, err = t.theEdge(); err == nil {
			t.by = t.to.inside
			t.frame, err = p.frame(gatewayMAC, internetMAC)
		}
		return err
	}
	number, err := t.homeOf(from)
	if err == nil {
		t.to, err = t.hostOf(number, from)
	}
	if err != nil {
		return err
	}
	if t.to.inside == nil {
		return fmt.Errorf("%s is the ENI of a NAT gateway, which sends nothing of its own", from)
	}
	t.by = t.to.inside
	t.frame, err = p.frame(t.to.eni.MAC, t.to.nextStation(wire.AddrFrom(p.Dst)))
	return err
}

// nextStation is the MAC that the guest sends to: a neighbor's of its subnet, or the router's.
func (h *host) nextStation(dst wire.Addr) wire.MAC {
	if n := h.eni.Neighbor(dst); n != h.eni.ENI && h.eni.Beside(n) {
		return n.MAC
	}
	return h.eni.RouterMAC
}

// hop takes the frame through the card that it is at.
func (t *transit) hop() error {
	at := t.to
	h := Hop{ENI: at.eni}
	before := t.frame
	if t.by == at.uplink {
		before = inner(t.frame)
	}
	var err error
	if h.Before, err = read(before); err != nil {
		return err
	}
	t.ended = t.ended[:0]
	t.by.Inject(t.frame)
	at.card.Poll(t.now)
	out, in := tunnels(at.uplink), [][]byte(nil)
	if at.inside != nil {
		in = at.inside.Sent()
	}
	err = t.next(&h, before, out, in)
	t.hops = append(t.hops, h)
	return err
}

// next finds out where the frame goes on from a card, which sent out by its uplink and in by its
// other port.
func (t *transit) next(h *Hop, before []byte, out, in [][]byte) (err error) {
	at, last := t.to, t.last()
	h.crossed = t.by == at.uplink && at.eni != nil && (wire.Ethernet(before).Src() == at.eni.RouterMAC || !fromCard(t.frame))
	switch {
	case last == nil:
		return errors.New("a card did not tell what became of a packet")
	case t.served():
		h.pass(t.region, t.ended[:1])
		at.served = true
		t.finish(End{ENI: idOf(at), Service: true, Verdict: pipeline.Sent, Packet: h.Before})
		return nil
	case last.Verdict.Dropped():
		h.pass(t.region, t.ended)
		t.drop(h)
		return nil
	case len(out) > 0:
		after := inner(out[0])
		if h.After, err = read(after); err == nil {
			h.routed = at.eni != nil && wire.Ethernet(after).Src() != at.eni.MAC
			h.pass(t.region, t.ended)
			err = t.onward(out[0], h.After)
		}
		return err
	case len(in) > 0:
		if h.After, err = read(in[0]); err == nil {
			h.pass(t.region, t.ended)
			err = t.delivered(in[0], h.After)
		}
		return err
	}
	h.pass(t.region, t.ended)
	t.finish(End{ENI: idOf(t.to), Verdict: last.Verdict, Packet: h.Before})
	return nil
}

// served tells whether the packet was the guest's for a service of its card.
func (t *transit) served() bool {
	return t.to.eni != nil && t.by == t.to.inside && t.ended[0].Verdict == pipeline.Consumed
}

// last is the last that the card told.
func (t *transit) last() *pipeline.Event {
	if n := len(t.ended); n > 0 {
		return &t.ended[n-1]
	}
	return nil
}

// drop ends the way at a card that dropped the packet.
func (t *transit) drop(h *Hop) {
	p := h.dropped()
	t.finish(End{ENI: idOf(t.to), Verdict: p.Verdict, Packet: p.Packet})
}

// finish ends the way.
func (t *transit) finish(e End) { t.end, t.over = e, true }

// idOf is the ID of a host's ENI, "" of the edge.
func idOf(h *host) string {
	if h.eni == nil {
		return ""
	}
	return h.eni.ID
}

// delivered has a packet at the guest of an ENI, or at the internet. A guest that a packet of
// others comes to is a middlebox, and sends the packet on.
func (t *transit) delivered(frame []byte, p Packet) error {
	at := t.to
	dst := wire.AddrFrom(p.Dst)
	if at.eni == nil || at.eni.Owns(dst) {
		t.finish(End{ENI: idOf(at), Internet: at.eni == nil, Verdict: pipeline.Sent, Packet: p})
		return nil
	}
	t.by, t.frame = at.inside, frame
	e := wire.Ethernet(frame)
	e.SetSrc(at.eni.MAC)
	e.SetDst(at.nextStation(dst))
	return nil
}

// onward has a tunnel's frame on the way to the card or the edge that it is for.
func (t *transit) onward(frame []byte, p Packet) (err error) {
	var o wire.Outer
	if is, _ := wire.ParseVXLAN(frame, &o); !is {
		return errors.New("a card sent no tunnel")
	}
	t.frame = frame
	switch to := o.Dst.Netip(); to {
	case edgeVTEP:
		if t.to, err = t.theEdge(); err != nil {
			return err
		}
	case exitVTEP:
		t.finish(End{Exit: t.exit(&o), Verdict: pipeline.Sent, Packet: p})
		return nil
	default:
		number := numberOf(to)
		eni, err := t.at(station{o.VNI, wire.Ethernet(inner(frame)).DstBits()})
		if err == nil && number == 0 {
			err = noCard{eni}
		}
		if err != nil {
			return err
		}
		if t.to, err = t.hostOf(number, eni); err != nil {
			return err
		}
	}
	t.by = t.to.uplink
	return nil
}

// exit is the target beyond the configuration that a tunnel leads to.
func (t *transit) exit(o *wire.Outer) string {
	if x := t.region.ExitAt(o.Dst, o.VNI); x != nil {
		return x.ID
	}
	return "an exit"
}

// tunnels are the tunnels' frames that an uplink sent, without ARP and neighbor discovery.
func tunnels(p *mem.Port) (all [][]byte) {
	for _, frame := range p.Sent() {
		var o wire.Outer
		if is, _ := wire.ParseVXLAN(frame, &o); is {
			all = append(all, frame)
		}
	}
	return all
}

// fromCard tells whether a tunnel's frame comes from a card, and not from the edge or an exit.
func fromCard(frame []byte) bool {
	var o wire.Outer
	_, _ = wire.ParseVXLAN(frame, &o)
	src := o.Src.Netip()
	return src != edgeVTEP && src != exitVTEP
}

// inner is the frame in a tunnel's.
func inner(frame []byte) []byte {
	var o wire.Outer
	if is, _ := wire.ParseVXLAN(frame, &o); !is {
		return frame
	}
	return frame[o.Inner:o.End]
}
