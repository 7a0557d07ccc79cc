package pipeline

import (
	"math/bits"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// gather is the findings about a burst before any of its packets is changed. Entry i of
// keys and at is frame i's.
type gather struct {
	enis  eniTable // the setup's
	sieve sieve
	keys  [tables.Burst]flow.Key // of plain frames
	at    [tables.Burst]uint32   // indexes in the connection table, of known frames
}

// sieve compares the constant bits in the headers of a plain tunnel to this card, in four
// stretches of 16 bytes: header & mask must be want. Source addresses, lengths and
// checksums are no constants; tunnels checks them after the sieve.
//
//	0      14        34  42  50     64        84        104
//	|Ether.|  IPv4   |UDP|VXL|Ether.|  IPv4   | TCP/UDP |
//	[ 0    ][ 1    ]               [ 3    ]
//	               [ 2    ]
type sieve struct{ mask, want [4][16]byte }

// stretches are the offsets at which the four stretches begin. The first three cover 46
// bytes, so two of them overlap.
var stretches = [4]int{0, 16, 30, wire.OuterLen + 12}

// newSieve is the sieve of a card whose uplink has this MAC and VTEP address.
func newSieve(mac wire.MAC, vtep wire.Addr) (s sieve) {
	addr := vtep.As4()
	var mask, want [wire.OuterLen + 28]byte
	ask := func(at int, m, w []byte) {
		copy(mask[at:], m)
		copy(want[at:], w)
	}
	ask(0, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, mac[:])
	ask(15, []byte{byte(wire.ECT1)}, nil) // Not-ECT or ECT(0): neither changes the inner mark
	ask(30, []byte{0xff, 0xff, 0xff, 0xff}, []byte{byte(addr >> 24), byte(addr >> 16), byte(addr >> 8), byte(addr)})
	ask(23, []byte{0xff}, []byte{wire.ProtoUDP})
	ask(36, []byte{0xff, 0xff}, []byte{wire.PortVXLAN >> 8, wire.PortVXLAN & 0xff})
	ask(40, []byte{0xff, 0xff}, nil) // no checksum over the tunnel
	ask(42, []byte{0x08}, []byte{8}) // the I flag (RFC 7348 section 5)
	for _, at := range []int{0, wire.OuterLen} {
		ask(at+12, []byte{0xff, 0xff, 0xff}, []byte{0x08, 0x00, 0x45})
		ask(at+20, []byte{0x3f, 0xff}, nil) // no fragment
	}
	for i, at := range stretches {
		s.mask[i], s.want[i] = [16]byte(mask[at:]), [16]byte(want[at:])
	}
	return s
}

// tunnelsPortable writes the key of each plain tunnel in frames for an ENI of this card.
// Bit i of plain says that frames[i] has a key. Bit i of odd says that frames[i] is no
// plain tunnel to this card. Bit i of second says that the destination of frames[i] is
// neither the primary address nor its public one: key i then has the destination as it
// is, which may be a public address.
func (g *gather) tunnelsPortable(frames []pmd.Frame) (plain, odd, second uint64) {
	for i := range frames {
		bit := uint64(1) << (i & (pmd.MaxBurst - 1))
		t := wire.PlainTunnel(frames[i].Bytes())
		if t == nil || !g.sieve.passes(t) || t.Src() == 0 {
			odd |= bit
			continue
		}
		m := g.enis.find(t.Target())
		if m == nil {
			continue
		}
		p := t.Inner()
		local := p.Dst()
		switch local {
		case m.public:
			local = m.primary
		case m.primary:
		default:
			second |= bit
		}
		g.keys[i&(tables.Burst-1)].Set(m.number, p.Proto(), flow.Ends{Local: local, Remote: p.Src(), LocalPort: p.DstPort(), RemotePort: p.SrcPort()})
		plain |= bit
	}
	return plain, odd, second
}

// passes tells whether a tunnel's headers have the bits that the sieve wants.
func (s *sieve) passes(t *wire.Tunnel) bool {
	for i, at := range stretches {
		for j := range 16 {
			if t[at+j]&s.mask[i][j] != s.want[i][j] {
				return false
			}
		}
	}
	return true
}

// gatherIn writes the key of each plain frame from the uplink for an ENI of this card. A
// merged frame counts as not plain.
// Bit i of plain says that frames[i] has a key; odd has the remoteMarks of the frames
// that are not plain.
func (w *Worker) gatherIn(frames []pmd.Frame) (plain, odd uint64) {
	f := &w.fast
	plain, strange, second := f.tunnels(frames)
	plain, strange = plain&^(w.rx.Merged|w.backlog.shed), strange|plain&w.rx.Merged
	for ; strange != 0; strange &= strange - 1 {
		odd |= remoteOf(frames[bits.TrailingZeros64(strange)].Bytes(), remoteInAt)
	}
	for ; second != 0; second &= second - 1 {
		k := &f.keys[bits.TrailingZeros64(second)&(tables.Burst-1)]
		k.Local = w.guests[k.ENI()].privateOf(wire.AddrFrom4(k.Local)).As4()
	}
	return plain, odd
}

// gatherOut writes the key of each plain frame that g sent with its own MAC. Its results
// are as gatherIn's.
func (w *Worker) gatherOut(g *guest, frames []pmd.Frame) (plain, odd uint64) {
	plain, strange := w.fast.packets(g, frames)
	plain, strange = plain&^w.rx.Merged, strange|plain&w.rx.Merged
	for ; strange != 0; strange &= strange - 1 {
		odd |= remoteOf(frames[bits.TrailingZeros64(strange)].Bytes(), remoteOutAt)
	}
	return plain, odd
}

// packetsPortable writes the key of each plain frame that a guest sent with its own MAC.
// Bit i of plain says that frames[i] has a key. Bit i of odd says that frames[i] is not
// plain.
func (g *gather) packetsPortable(from *guest, frames []pmd.Frame) (plain, odd uint64) {
	for i := range frames {
		bit := uint64(1) << (i & (pmd.MaxBurst - 1))
		p := wire.PlainPacket(frames[i].Bytes())
		if p == nil {
			odd |= bit
			continue
		}
		if p.SrcBits() != from.macBits {
			continue
		}
		g.keys[i&(tables.Burst-1)].Set(from.number, p.Proto(), flow.Ends{Local: p.Src(), Remote: p.Dst(), LocalPort: p.SrcPort(), RemotePort: p.DstPort()})
		plain |= bit
	}
	return plain, odd
}
