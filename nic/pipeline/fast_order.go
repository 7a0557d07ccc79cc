package pipeline

import (
	"encoding/binary"
	"math/bits"

	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// No frame of a connection overtakes another. The fast path takes some frames of a burst and leaves the others
// for the stages, which come later; so it leaves what has something in common with an earlier frame that it leaves.

// ahead are the known frames that the fast path may take before the rest of the burst
// without reordering a connection. A known frame must wait in two cases: an earlier plain
// frame with the same mark waits or is unknown; or a frame that is not plain has the mark
// of the known frame's remote address in odd.
func (f *fast) ahead(plain, known, odd uint64) (ahead uint64) {
	for late := uint64(0); plain != 0; plain &= plain - 1 {
		i := bits.TrailingZeros64(plain) & (tables.Burst - 1)
		mark := f.mark(i)
		if known&(1<<i) != 0 && late&mark|odd&remoteMark(f.keys[i].Remote) == 0 {
			ahead |= 1 << i
		} else {
			late |= mark
		}
	}
	return ahead
}

// mark is the bit, one of 64, by which sweep tells connections apart. All packets of a
// connection have the same mark. Two connections may share a mark; a frame then waits
// without need, and no frame overtakes another.
func (f *fast) mark(i int) uint64 {
	k := &f.keys[i&(tables.Burst-1)]
	return 1 << ((k.Remote ^ uint32(k.RemotePort)<<16 ^ uint32(k.LocalPort) ^ k.Who) * 0x9e3779b9 >> 26)
}

// remoteMark is one of 64 bits for the remote address of a key, which a frame that is not
// plain, such as a fragment, has at the same offset as a plain one. A VLAN tag or IPv4
// options of the outer header shift the addresses, and the bit is then a wrong one. That is
// harmless: no sender tags some packets of a connection and not the others.
func remoteMark(remote uint32) uint64 { return 1 << (remote * 0x9e3779b9 >> 26) }

// remoteOf is the remoteMark of a frame that is not plain, 0 if the frame ends before the
// addresses.
func (g *gather) remoteOf(frame []byte, d wire.Direction) uint64 {
	if d == wire.In {
		frame = frame[min(wire.OuterLen, len(frame)):]
	}
	switch {
	case len(frame) < wire.EthernetLen+wire.IPv4Len:
		return 0
	case wire.Ethernet(frame).EtherType() != wire.EtherTypeIPv6:
		at := [2]int{wire.In: wire.PlainSrc, wire.Out: wire.PlainDst}[d&1]
		return remoteMark(binary.BigEndian.Uint32(frame[at:]))
	case len(frame) < wire.EthernetLen+wire.IPv6Len:
		return 0
	}
	ip := wire.IPv6(frame[wire.EthernetLen:])
	pair := pairOf(ip.Src(), ip.Dst(), d)
	return remoteMark(g.folder.Fold(&pair).Remote)
}
