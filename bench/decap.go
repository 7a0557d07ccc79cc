package bench

import (
	"math/rand/v2"

	"nitrocard/nic"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// decap is the mode of that name: what the card does with a burst from the
// uplink until it knows the ENIs, and nothing after it. It calls what the card
// calls, the same checks of both headers, and looks the ENIs up in a table of its
// own.
type decap struct {
	policy *vpc.Policy
	enis   *tables.Cuckoo[wire.Target, uint64] // ENI numbers
	mac    uint64                              // of the uplink
	uplink *port
	guests []*queue // by ENI number

	rx     pmd.Burst
	frames [tables.Burst]*pmd.Frame // that are unwrapped
	keys   [tables.Burst]wire.Target
	at     [tables.Burst]uint32
	ends   [256]uint64 // by verdict
}

// decap sets up the mode.
func (o *Options) decap() (*rig, error) {
	policy, t, err := o.policy()
	if err != nil {
		return nil, err
	}
	edge, err := t.requests("mem:edge", false, all)
	if err != nil {
		return nil, err
	}
	enis, err := enisOf(policy)
	if err != nil {
		return nil, err
	}
	d := &decap{policy: policy, enis: enis, mac: uplinkMAC.Bits(), uplink: o.port(0, edge), guests: make([]*queue, len(policy.ENIs))}
	r := &rig{d, t.flows, []*port{d.uplink}}
	for i := range t.region.ENIs {
		id := t.region.eni(i)
		g := o.port(1+i, &sink{name: "mem:" + id})
		d.guests[policy.ENI(id).Number] = &queue{port: g}
		r.ports = append(r.ports, g)
	}
	return r, nil
}

// enisOf are the ENIs of a policy by what a frame names them by.
func enisOf(policy *vpc.Policy) (*tables.Cuckoo[wire.Target, uint64], error) {
	t, err := tables.New[wire.Target, uint64](max(1, len(policy.ENIs)), rand.Uint64())
	if err != nil {
		return nil, err
	}
	for e := range policy.All() {
		if _, err := t.Insert(wire.TargetOf(e.VNI, e.MAC.Bits()), uint64(e.Number)); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// queue is a port and what leaves by it when the burst ends.
type queue struct {
	*port
	out [pmd.MaxBurst]*pmd.Frame
	n   int
}

func (d *decap) turn(int64) int {
	d.uplink.Rx(&d.rx)
	n := 0
	for i := range d.rx.N {
		f := &d.rx.Frames[i]
		if v := d.unwrap(f, &d.keys[n]); v != pipeline.Sent {
			d.ends[v]++
			continue
		}
		d.frames[n] = f
		n++
	}
	d.sort(n)
	return d.rx.N
}

// unwrap takes the tunnel off a frame and notes which ENI it is for.
func (d *decap) unwrap(f *pmd.Frame, k *wire.Target) nic.Verdict {
	t := wire.PlainTunnel(f.Bytes())
	if t == nil {
		t, _ = wire.PlainTunnel6(f.Bytes())
	}
	if t != nil && wire.AddrFrom4(t.Dst()) == d.policy.Card.VTEP && t.Station() == d.mac {
		f.Pull(wire.OuterLen)
		*k = t.Target()
		return pipeline.Sent
	}
	return d.unwrapAny(f, k)
}

// unwrapAny is unwrap for frames that are not plain, or not for this card.
func (d *decap) unwrapAny(f *pmd.Frame, k *wire.Target) nic.Verdict {
	var o wire.Outer
	var h wire.Headers
	tunnel, fault := wire.ParseVXLAN(f.Bytes(), &o)
	switch {
	case fault != wire.NoFault:
		return pipeline.Malformed(fault)
	case !tunnel:
		return pipeline.NotVXLAN
	case o.Dst != d.policy.Card.VTEP || o.Station != d.mac:
		return pipeline.NotForThisCard
	}
	f.Trim(int(o.End))
	f.Pull(int(o.Inner))
	if fault := wire.Parse(f.Bytes(), &h); fault != wire.NoFault {
		return pipeline.Malformed(fault)
	}
	*k = wire.TargetOf(o.VNI, wire.Ethernet(f.Bytes()).DstBits())
	return pipeline.Sent
}

// sort sends n unwrapped frames, each to its ENI's guest.
func (d *decap) sort(n int) {
	hits := d.enis.LookupBurst(&d.keys, n, &d.at)
	for i := range n {
		if hits&(1<<i) == 0 {
			d.ends[pipeline.UnknownMAC]++
			continue
		}
		q := d.guests[*d.enis.At(d.at[i])]
		q.out[q.n] = d.frames[i]
		q.n++
	}
	for _, q := range d.guests {
		if q.n > 0 {
			d.ends[pipeline.TxFull] += uint64(q.n - q.Tx(q.out[:q.n]))
			q.n = 0
		}
	}
}

func (d *decap) drops() drops {
	all := drops{}
	for v, n := range d.ends {
		if v := nic.Verdict(v); v.Dropped() {
			all.add(v.String(), n)
		}
	}
	return all
}

func (*decap) close() error { return nil }
