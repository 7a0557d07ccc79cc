package bench

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd/mem"
)

// traffic is TCP between clients beyond the edge and the region's ENIs. Flow f
// belongs to ENI number f modulo their count, and its client has the address
// 1.0.0.0 + f, or 2001:db8:100:: + f.
type traffic struct {
	region Region
	policy *vpc.Policy
	flows  int // a multiple of ENIs and sizes
	sizes  Sizes
	ports  []uint16 // that NAT gateways gave to flows, once they are connected, 0 of others; nil: the edge writes none
}

// newTraffic rounds flows up, so that each ENI has as many of each size.
func newTraffic(r Region, p *vpc.Policy, flows int, sizes Sizes) *traffic {
	return (&traffic{region: r, policy: p, flows: flows, sizes: sizes}).roundedTo(1)
}

// roundedTo rounds flows up, so that each core has as many of each ENI and size.
func (t *traffic) roundedTo(cores int) *traffic {
	step := t.region.ENIs * len(t.sizes) * cores
	rounded := *t
	rounded.flows = (t.flows + step - 1) / step * step
	if t.region.NAT {
		rounded.ports = make([]uint16, rounded.flows)
	}
	return &rounded
}

// part is a share of the flows: those of one core of several.
type part struct{ core, cores int }

// all is the one part that there is with one core.
var all = part{0, 1}

// of is how many of so many flows are in the part, and the first of them.
func (p part) of(flows int) (first, n int) { return p.core * (flows / p.cores), flows / p.cores }

// Where in a frame from the edge a flow's address lies, and the checksums
// over it; and the same in a frame from a guest.
var (
	fromEdge   = mem.Field(wire.OuterLen+14+12, wire.OuterLen+14+10, wire.OuterLen+14+20+16)
	fromGuest  = mem.Field(14+16, 14+10, 14+20+16)
	fromEdge6  = mem.Field(wire.OuterLen+14+8+12, wire.OuterLen+14+40+16)
	fromGuest6 = mem.Field(14+24+12, 14+40+16)
)

// Where in a frame from the edge the port of a NAT gateway lies, and the urgent pointer, which is 0. A flow without
// such a port has that 0 written, so that the sources of both take as long.
const (
	portOfGateway = wire.OuterLen + 14 + 20 + 2
	urgent        = wire.OuterLen + 14 + 20 + 18
	urgent6       = wire.OuterLen + 14 + 40 + 18
)

// requests is an edge that sends the request of each flow of a part in turn, SYN
// or ACK.
func (t *traffic) requests(name string, syn bool, p part) (*mem.Source, error) {
	var frames [][]byte
	var stamps []mem.Stamp
	first, n := p.of(t.flows)
	for _, size := range t.sizes {
		for i := range t.region.ENIs {
			f, err := t.region.request(t.policy, template{i, syn, size})
			if err != nil {
				return nil, err
			}
			stamp, to := fromEdge, urgent
			switch {
			case t.region.six(i):
				stamp, to = fromEdge6, urgent6
			case t.region.translated(i):
				to = portOfGateway
			}
			if t.ports != nil {
				stamp = stamp.Table(to, t.ports)
			}
			frames, stamps = append(frames, f), append(stamps, stamp.From(first))
		}
	}
	return mem.NewSource(mem.Options{Name: name, MAC: uplinkMAC}, frames, n, stamps...), nil
}

// answers is guest i that sends the answers of its flows of a part in turn, SYN
// and ACK or ACK alone.
func (t *traffic) answers(i int, syn bool, p part) (*mem.Source, error) {
	var frames [][]byte
	for _, size := range t.sizes {
		f, err := t.region.answer(t.policy, template{i, syn, size})
		if err != nil {
			return nil, err
		}
		frames = append(frames, f)
	}
	enis, stamp := t.region.ENIs, fromGuest
	if t.region.six(i) {
		stamp = fromGuest6
	}
	first, n := p.of(t.flows / enis)
	return mem.NewSource(mem.Options{Name: "mem:" + t.region.eni(i)}, frames, n, stamp.Times(uint32(enis)).From(first)), nil
}

// learn notes the port that a NAT gateway gave to the flow whose first segment, in a tunnel,
// leaves in frame.
func (t *traffic) learn(frame []byte) {
	inner := wire.PlainTunnel(frame).Inner()
	if f := inner.Dst() - 1<<24; inner.SrcPort() != Port && int(f) < len(t.ports) {
		t.ports[f] = inner.SrcPort()
	}
}
