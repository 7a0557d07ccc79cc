package pipeline

import (
	"encoding/binary"
	"math/bits"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/tables"
)

// gather is the findings about a burst before any of its packets is changed. Entry i of
// keys and at is frame i's.
type gather struct {
	enis   eniTable // the setup's
	sieve  sieve
	folder flow.Folder            // the connection table's
	keys   [tables.Burst]flow.Key // of plain frames
	at     [tables.Burst]uint32   // indexes in the connection table, of known frames
}

// gathered are sets of frames of a burst: bit i stands for frame i.
type gathered struct {
	plain  uint64 // have a key
	six    uint64 // are plain, and IPv6
	odd    uint64 // are not plain; from the uplink, are no plain tunnel to this card
	second uint64 // have the destination as it is in their key, and it may be a public address
}

// offsets are where an untagged frame of a family has what the Go of the fast path reads.
// The key tells the family, so gather hands on no offsets beside the key.
type offsets struct {
	length    int // a length in the IP header
	fixed     int // bytes of the packet that the length leaves out
	transport int // the header of TCP or UDP
}

var (
	offsets4 = &offsets{wire.EthernetLen + 2, 0, wire.EthernetLen + wire.IPv4Len}
	offsets6 = &offsets{wire.EthernetLen + 4, wire.IPv6Len, wire.EthernetLen + wire.IPv6Len}
)

// offsetsOf are the offsets in a plain frame with a key.
func offsetsOf(k *flow.Key) *offsets {
	if k.IsIPv6() {
		return offsets6
	}
	return offsets4
}

// size is how many bytes the IP packet in a frame has.
func (o *offsets) size(frame []byte) int {
	return int(binary.BigEndian.Uint16(frame[o.length:])) + o.fixed
}

// segment is TCP's header in a frame.
func (o *offsets) segment(frame []byte) wire.TCP { return frame[o.transport:] }

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
// bytes, so two of them overlap. Of a tunnel around IPv6 the outer ones are compared alone.
var stretches = [4]int{0, 16, 30, wire.OuterLen + 12}

const outerStretches = 3

// newSieve is the sieve of a card whose uplink has this MAC and VTEP address.
func newSieve(mac wire.MAC, vtep wire.Addr) (s sieve) {
	if !vtep.Is4() {
		s.want[0][0] = 1 // a bit that no mask has: the fast path takes no tunnel over IPv6
		return s
	}
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

// tunnelsPortable writes the key of each plain tunnel in frames for an ENI of this card. The
// destination in a key is the one as it is if it is neither the ENI's primary IPv4 address
// nor the public one of that.
func (g *gather) tunnelsPortable(frames []pmd.Frame) (f gathered) {
	for i := range frames {
		bit := uint64(1) << (i & (pmd.MaxBurst - 1))
		t, inner := wire.PlainTunnel(frames[i].Bytes()), (*wire.Plain6)(nil)
		if t == nil {
			t, inner = wire.PlainTunnel6(frames[i].Bytes())
		}
		if t == nil || !g.sieve.passes(t, inner != nil) || t.Src() == 0 {
			f.odd |= bit
			continue
		}
		m, k := g.enis.find(t.Target()), &g.keys[i&(tables.Burst-1)]
		if m == nil {
			continue
		}
		f.plain |= bit
		if inner != nil {
			f.six |= bit
			g.pack6(k, m.number, inner, wire.In)
			continue
		}
		p := t.Inner()
		local := p.Dst()
		switch local {
		case m.public:
			local = m.primary
		case m.primary:
		default:
			f.second |= bit
		}
		k.Set(m.number, p.Proto(), flow.Ends{Local: local, Remote: p.Src(), LocalPort: p.DstPort(), RemotePort: p.SrcPort()})
	}
	return f
}

// pack6 writes the key of a plain packet of IPv6 to or from an ENI.
func (g *gather) pack6(k *flow.Key, eni uint32, p *wire.Plain6, d wire.Direction) {
	pair := pairOf(p.Src(), p.Dst(), d)
	ends := g.folder.Fold(&pair)
	localPort, remotePort := p.DstPort(), p.SrcPort()
	if d == wire.Out {
		localPort, remotePort = remotePort, localPort
	}
	k.Set(eni, p.Proto(), flow.Ends{Local: ends.Local, Remote: ends.Remote, LocalPort: localPort, RemotePort: remotePort})
	k.Who |= flow.WhoIPv6
}

// pairOf are the addresses of a packet in direction d, which are not translated.
func pairOf(src, dst wire.Addr, d wire.Direction) flow.Pair {
	if d == wire.Out {
		return flow.Pair{Local: src, Remote: dst}
	}
	return flow.Pair{Local: dst, Remote: src}
}

// passes tells whether a tunnel's headers have the bits that the sieve wants, the outer
// ones alone if the packet inside is IPv6.
func (s *sieve) passes(t *wire.Tunnel, six bool) bool {
	n := len(stretches)
	if six {
		n = outerStretches
	}
	for i, at := range stretches[:n] {
		for j := range 16 {
			if t[at+j]&s.mask[i][j] != s.want[i][j] {
				return false
			}
		}
	}
	return true
}

// gatherIn writes the key of each plain frame from the uplink for an ENI of this card. A
// merged frame counts as not plain. odd has the remoteMarks of the frames that are not plain.
func (w *Worker) gatherIn(frames []pmd.Frame) (f gathered, odd uint64) {
	f = w.fast.tunnels(frames)
	f.odd |= f.plain & w.rx.Merged
	f.plain &^= w.rx.Merged | w.backlog.shed
	for s := f.odd; s != 0; s &= s - 1 {
		odd |= w.fast.remoteOf(frames[bits.TrailingZeros64(s)].Bytes(), wire.In)
	}
	for s := f.second; s != 0; s &= s - 1 {
		i := bits.TrailingZeros64(s) & (pmd.MaxBurst - 1)
		k := &w.fast.keys[i]
		if g := &w.guests[k.ENI()]; !g.keepsPublic || (*wire.Tunnel)(frames[i].Bytes()).Src() == w.underlay.edge {
			k.Local = g.privateOf(wire.AddrFrom4(k.Local)).As4()
		}
	}
	return f, odd
}

// gatherOut writes the key of each plain frame that g sent with its own MAC. Its results
// are as gatherIn's.
func (w *Worker) gatherOut(g *guest, frames []pmd.Frame) (f gathered, odd uint64) {
	f = w.fast.packets(g, frames)
	left := w.rx.Merged
	if g.across {
		left |= longerThan(frames, wire.EthernetLen+int(vpc.AcrossMTU)) // fits asks for their way
	}
	f.odd |= f.plain & left
	f.plain &^= left
	for s := f.odd; s != 0; s &= s - 1 {
		odd |= w.fast.remoteOf(frames[bits.TrailingZeros64(s)].Bytes(), wire.Out)
	}
	return f, odd
}

// longerThan are the frames of more bytes.
func longerThan(frames []pmd.Frame, bytes int) (longer uint64) {
	for i := range frames {
		if frames[i].Len() > bytes {
			longer |= 1 << i
		}
	}
	return longer
}

// packetsPortable writes the key of each plain frame that a guest sent with its own MAC.
func (g *gather) packetsPortable(from *guest, frames []pmd.Frame) (f gathered) {
	for i := range frames {
		bit := uint64(1) << (i & (pmd.MaxBurst - 1))
		b, k := frames[i].Bytes(), &g.keys[i&(tables.Burst-1)]
		p, p6 := wire.PlainPacket(b), (*wire.Plain6)(nil)
		if p == nil {
			p6 = wire.PlainPacket6(b)
		}
		switch {
		case p == nil && p6 == nil:
			f.odd |= bit
			continue
		case wire.Ethernet(b).SrcBits() != from.macBits:
			continue
		case p6 != nil:
			f.six |= bit
			g.pack6(k, from.number, p6, wire.Out)
		default:
			k.Set(from.number, p.Proto(), flow.Ends{Local: p.Src(), Remote: p.Dst(), LocalPort: p.SrcPort(), RemotePort: p.DstPort()})
		}
		f.plain |= bit
	}
	return f
}

// endOffsets are where a plain frame of IPv6 has the addresses of a connection's two ends.
type endOffsets struct{ local, remote int }

// endsAt are the ends of a frame in a tunnel, and of one from a guest, by direction.
var endsAt = [2]endOffsets{
	wire.In:  {wire.OuterLen + wire.EthernetLen + 24, wire.OuterLen + wire.EthernetLen + 8},
	wire.Out: {wire.EthernetLen + 8, wire.EthernetLen + 24},
}

// betweenPortable are those frames of IPv6 in a set, which is not empty, whose addresses
// are the ones of the connection that was found by their key.
func (g *gather) betweenPortable(flows *flow.Table, frames []pmd.Frame, six uint64, at endOffsets) (same uint64) {
	for ; six != 0; six &= six - 1 {
		i := bits.TrailingZeros64(six) & (pmd.MaxBurst - 1)
		b := frames[i].Bytes()
		pair := flow.Pair{Local: wire.AddrFrom16(b[at.local:]), Remote: wire.AddrFrom16(b[at.remote:])}
		if flows.Has(g.at[i], &pair) {
			same |= 1 << i
		}
	}
	return same
}
