//go:build linux

package lab

import (
	"context"
	"fmt"
	"io"
	"slices"

	"nitrocard/nic"
	"nitrocard/nic/wire"
	"nitrocard/sim/netlab"
)

// journey is one visit of the client to a guest, as it was seen on the
// links: the first packet there, and the first one back.
type journey struct {
	visited guest
	there   tunneled   // on the server's uplink
	arrived wire.Tuple // at the guest
	back    tunneled   // at the edge
	eni     nic.ENIView
	flow    nic.FlowView // zero: the card lists none
}

// tunneled is a packet on the underlay.
type tunneled struct {
	outer wire.Outer
	inner wire.Tuple
	to    wire.MAC // of the inner frame
}

// drawJourney visits a1 once more, with watches on the links, and draws what
// they saw and what the cards counted in the whole run.
func (s *story) drawJourney(ctx context.Context, out io.Writer) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	j, err := s.travel(ctx, s.a1)
	if err != nil {
		fmt.Fprintf(out, "\nthe journey of a packet could not be seen: %v\n", err)
		return
	}
	fmt.Fprintf(out, "\none packet's journey, as the links saw it\n\n%s\n", j.draw())
	for _, name := range s.region.cards {
		ports, err := s.cards[name].Ports(ctx)
		if err != nil {
			fmt.Fprintf(out, "card %s does not answer: %v\n", name, err)
			continue
		}
		fmt.Fprint(out, drawPorts(name, ports))
	}
	fmt.Fprintln(out)
}

// travel watches a visit to the guest at three places.
func (s *story) travel(ctx context.Context, m *machine) (*journey, error) {
	places := []struct {
		host *netlab.Host
		link string
	}{{s.servers[m.Card], uplink}, {m.Host, "eth0"}, {s.underlay, m.Card}}
	var watches []*netlab.Watch
	defer func() {
		for _, w := range watches {
			w.Stop()
		}
	}()
	for _, p := range places {
		w, err := p.host.Watch(p.link, isIP)
		if err != nil {
			return nil, err
		}
		watches = append(watches, w)
	}
	c := s.client.connection(m.public(webPort))
	if err := c.reads(ctx, m); err != nil {
		return nil, err
	}
	j := &journey{visited: m.guest}
	err := until(ctx, "the packets of a visit were seen", func() (bool, error) {
		there := j.there.find(watches[0].Frames(), func(t wire.Tuple) bool { return source(t) == c.from })
		back := j.back.find(watches[2].Frames(), func(t wire.Tuple) bool { return destination(t) == c.from })
		return there && back && j.arrive(watches[1].Frames(), c), nil
	})
	if err != nil {
		return nil, err
	}
	return j, s.ask(ctx, j)
}

// isIP tells whether a frame is IP, of either family.
func isIP(frame []byte) bool {
	return isIPv4(frame) || len(frame) > 14 && wire.Ethernet(frame).EtherType() == wire.EtherTypeIPv6
}

// arrive takes the first of the frames at the guest that is the connection's.
func (j *journey) arrive(frames [][]byte, c connection) bool {
	for _, frame := range frames {
		var h wire.Headers
		if wire.Parse(frame, &h) == wire.NoFault && source(h.Tuple) == c.from {
			j.arrived = h.Tuple
			return true
		}
	}
	return false
}

// find takes the first of the frames on the underlay that has such a packet in
// it.
func (t *tunneled) find(frames [][]byte, such func(inner wire.Tuple) bool) bool {
	return slices.ContainsFunc(frames, func(frame []byte) bool { return t.read(frame) && such(t.inner) })
}

// read reads a frame as the link has it: offloads leave the outer UDP checksum
// to whoever takes the frame off, so it becomes 0, which is none.
func (t *tunneled) read(frame []byte) bool {
	var h wire.Headers
	if wire.Parse(frame, &h) != wire.NoFault || h.Proto != wire.ProtoUDP {
		return false
	}
	copy(frame[h.L4+6:h.L4+8], "\x00\x00")
	if is, fault := wire.ParseVXLAN(frame, &t.outer); !is || fault != wire.NoFault {
		return false
	}
	inner := frame[t.outer.Inner:t.outer.End]
	if wire.Parse(inner, &h) != wire.NoFault {
		return false
	}
	t.inner, t.to = h.Tuple, wire.MAC(inner[:6])
	return true
}

// ask has the card say whom it delivered to, and why.
func (s *story) ask(ctx context.Context, j *journey) (err error) {
	card := s.cards[j.visited.Card]
	if j.eni, err = card.ENI(ctx, j.visited.ENI); err != nil {
		return err
	}
	flows, err := card.Flows(ctx, nic.FlowFilter{ENI: j.visited.ENI})
	for _, f := range flows {
		if f.Remote == endpoint(j.arrived.Src, j.arrived.SrcPort) {
			j.flow = f
		}
	}
	return err
}
