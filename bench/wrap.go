package bench

import (
	"encoding/binary"
	"math/bits"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/serial"
	"nitrocard/pmd"
)

// wrap is the mode encap on one core: behind each ENI sits a guest that puts
// all it gets into a tunnel to another VTEP, which leaves by the uplink.
type wrap struct {
	*cardWorker
	edge    *port
	out     [pmd.MaxBurst]*pmd.Frame
	n       int
	refused uint64
}

// wrap is a card whose guests wrap what they get. Only the uplink's frames
// count.
func (o *Options) wrap() ([]*rig, error) {
	wraps := make([]wrap, o.cores())
	rigs, err := o.card(func(t *traffic, i int, p part) (*port, error) {
		vni := t.policy.ENI(t.region.eni(i)).VNI
		guest, err := newWrapper(&wraps[p.core], tunnel{uplinkMAC, otherMAC, t.policy.Card.VTEP, otherVTEP, vni})
		return newPort(guest, o.Burst), err
	})
	for i, r := range rigs {
		w := &wraps[i]
		w.cardWorker, w.edge = r.forwarder.(*cardWorker), r.ports[0]
		r.forwarder, r.ports = w, r.ports[:1]
	}
	return rigs, err
}

// Where a wrap's tunnels lead: neither the card nor the edge.
var otherMAC = [6]byte{2, 0, 0, 0, 0xff, 3}

var otherVTEP = wire.AddrFrom4(198<<24 | 18<<16 | 2)

// turn runs the card for one burst and sends what the guests wrapped. It is
// sent at once, as the card would, and not by each guest: until the card asks
// the uplink again, the frames are lent.
func (w *wrap) turn(now int64) int {
	n := w.cardWorker.turn(now)
	if w.n > 0 {
		w.refused += uint64(w.n - w.edge.Tx(w.out[:w.n]))
		w.n = 0
	}
	return n
}

func (w *wrap) drops() drops {
	return w.cardWorker.drops().add(txFull, w.refused)
}

// wrapper is one guest of a wrap.
type wrapper struct {
	sink
	into  *wrap
	outer [wire.OuterLen]byte // around a frame of no bytes, from source port 0
}

// newWrapper makes a guest that wraps for its own VPC.
func newWrapper(into *wrap, t tunnel) (*wrapper, error) {
	outer, err := serial.Frame(t.layers()...)
	if err != nil {
		return nil, err
	}
	w := &wrapper{into: into}
	copy(w.outer[:], outer)
	return w, nil
}

// Tx wraps the frames. Each came out of a tunnel, so there is room for one.
func (w *wrapper) Tx(frames []*pmd.Frame) int {
	for _, f := range frames {
		w.wrap(f)
		w.into.out[w.into.n] = f
		w.into.n++
	}
	return len(frames)
}

// wrap puts the tunnel's headers before a frame: lengths, the checksum over
// them, and a source port that is the flow's (RFC 7348 section 5).
func (w *wrapper) wrap(f *pmd.Frame) {
	port := flowPort(f.Bytes())
	frame := f.Push(wire.OuterLen)
	outer := (*[wire.OuterLen]byte)(frame)
	*outer = w.outer
	inner := uint16(len(frame) - wire.OuterLen)
	sum := uint32(^binary.BigEndian.Uint16(w.outer[24:])) + uint32(inner)
	binary.BigEndian.PutUint16(outer[16:], binary.BigEndian.Uint16(w.outer[16:])+inner)
	binary.BigEndian.PutUint16(outer[24:], ^uint16(sum+sum>>16))
	binary.BigEndian.PutUint16(outer[34:], port)
	binary.BigEndian.PutUint16(outer[38:], binary.BigEndian.Uint16(w.outer[38:])+inner)
}

// flowPort is the same for all frames of a flow and different for most flows:
// of addresses and, where there are such bytes, ports.
func flowPort(frame []byte) uint16 {
	const addresses, ports = 26, 34
	a, b := binary.BigEndian.Uint64(frame[addresses:]), uint32(0)
	if len(frame) >= ports+4 {
		b = binary.BigEndian.Uint32(frame[ports:])
	}
	hi, lo := bits.Mul64(a^0x9e3779b97f4a7c15, uint64(b)^0xd1b54a32d192ed03)
	return 0xc000 | uint16(hi^lo)
}
