package bench

import "nitrocard/pmd"

// cable is the mode io, and macswap: two ports and nothing between them.
type cable struct {
	ports [2]*port
	swap  bool // exchange each frame's MACs

	rx      pmd.Burst
	out     [pmd.MaxBurst]*pmd.Frame
	refused uint64
}

// cable sets up the mode io, or macswap. A caller's only port has a sink at the
// other end.
func (o *Options) cable() (*rig, error) {
	_, t, err := o.policy()
	if err != nil {
		return nil, err
	}
	near, err := t.requests("mem:0", false, all)
	if err != nil {
		return nil, err
	}
	far, err := t.requests("mem:1", false, all)
	if err != nil {
		return nil, err
	}
	c := &cable{swap: o.Mode == MACSwap, ports: [2]*port{o.port(0, near), o.port(1, far)}}
	if len(o.Ports) == 1 {
		c.ports[1] = newPort(&sink{name: "mem:sink"}, o.Burst)
	}
	return &rig{c, t.flows, c.ports[:]}, nil
}

func (c *cable) turn(int64) int {
	return c.carry(c.ports[0], c.ports[1]) + c.carry(c.ports[1], c.ports[0])
}

// carry takes one burst from one port to the other.
func (c *cable) carry(from, to *port) int {
	from.Rx(&c.rx)
	n := c.rx.N
	if n == 0 {
		return 0
	}
	for i := range n {
		c.out[i] = &c.rx.Frames[i]
	}
	if c.swap {
		swapMACs(c.out[:n])
	}
	c.refused += uint64(n - to.Tx(c.out[:n]))
	return n
}

func swapMACs(frames []*pmd.Frame) {
	for _, f := range frames {
		if f.Len() >= 12 {
			macs := (*[12]byte)(f.Bytes())
			dst := [6]byte(macs[:6])
			copy(macs[:6], macs[6:])
			copy(macs[6:], dst[:])
		}
	}
}

func (c *cable) drops() drops { return drops{}.add(txFull, c.refused) }

func (*cable) close() error { return nil }
