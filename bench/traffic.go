package bench

import (
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd/mem"
)

// traffic is TCP between clients beyond the edge and the region's ENIs. Flow f
// belongs to ENI number f modulo their count, and its client has the address
// 1.0.0.0 + f.
type traffic struct {
	region Region
	policy *vpc.Policy
	flows  int // a multiple of ENIs and sizes
	sizes  Sizes
}

// newTraffic rounds flows up, so that each ENI has as many of each size.
func newTraffic(r Region, p *vpc.Policy, flows int, sizes Sizes) *traffic {
	step := r.ENIs * len(sizes)
	return &traffic{r, p, (flows + step - 1) / step * step, sizes}
}

// Where in a frame from the edge a flow's address lies, and the checksums
// over it; and the same in a frame from a guest.
var (
	fromEdge  = mem.Field(wire.OuterLen+14+12, wire.OuterLen+14+10, wire.OuterLen+14+20+16)
	fromGuest = mem.Field(14+16, 14+10, 14+20+16)
)

// requests is an edge that sends each flow's request in turn, SYN or ACK.
func (t *traffic) requests(name string, syn bool) (*mem.Source, error) {
	var frames [][]byte
	for _, size := range t.sizes {
		for i := range t.region.ENIs {
			f, err := t.region.request(t.policy, template{i, syn, size})
			if err != nil {
				return nil, err
			}
			frames = append(frames, f)
		}
	}
	return mem.NewSource(mem.Options{Name: name, MAC: uplinkMAC}, frames, t.flows, fromEdge), nil
}

// answers is guest i that sends its flows' answers in turn, SYN and ACK or ACK
// alone.
func (t *traffic) answers(i int, syn bool) (*mem.Source, error) {
	var frames [][]byte
	for _, size := range t.sizes {
		f, err := t.region.answer(t.policy, template{i, syn, size})
		if err != nil {
			return nil, err
		}
		frames = append(frames, f)
	}
	n := t.region.ENIs
	return mem.NewSource(mem.Options{Name: "mem:" + t.region.eni(i)}, frames, t.flows/n, fromGuest.Times(uint32(n))), nil
}
