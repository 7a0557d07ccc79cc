//go:build linux

package lab

import (
	"context"
	"fmt"
	"io"

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
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
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
	}{{s.servers[m.Card], uplink}, {m.Host, "eth0"}, {s.edge, uplink}}
	var watches []*netlab.Watch
	defer func() {
		for _, w := range watches {
			w.Stop()
		}
	}()
	for _, p := range places {
		w, err := p.host.Watch(p.link, isIPv4)
		if err != nil {
			return nil, err
		}
		watches = append(watches, w)
	}
	if err := s.visits(ctx, m); err != nil {
		return nil, err
	}
	j := &journey{visited: m.guest}
	err := until(ctx, "the packets of a visit were seen", func() (bool, error) {
		return j.read(watches[0].Frames(), watches[1].Frames(), watches[2].Frames()), nil
	})
	if err != nil {
		return nil, err
	}
	return j, s.ask(ctx, j)
}

// read takes the first packet of each place.
func (j *journey) read(there, arrived, back [][]byte) bool {
	if len(there) == 0 || len(arrived) == 0 || len(back) == 0 {
		return false
	}
	var h wire.Headers
	if wire.Parse(arrived[0], &h) != wire.NoFault {
		return false
	}
	j.arrived = h.Tuple
	return j.there.read(there[0]) && j.back.read(back[0])
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
