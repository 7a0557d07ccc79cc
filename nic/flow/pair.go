package flow

import (
	mathbits "math/bits"
	"math/rand/v2"
	"sync/atomic"

	"nitrocard/nic/wire"
)

// Pair is the addresses of a connection's two ends, Local the ENI's.
//
// A key has no room for two IPv6 addresses. In their place it has a fingerprint of both,
// and the pair itself lies in an array beside the records, at the connection's index. So
// connections of both families share one table, one record and one timer wheel:
//
//	        0                       8           10           12      16
//	       +-----------------------+-----------+------------+-------+
//	Key    | fingerprint           | LocalPort | RemotePort | Who   |
//	       +-----------------------+-----------+------------+-------+
//	        0                       16                              32
//	       +-----------------------+-------------------------------+
//	pair   | Local                 | Remote                        |
//	       +-----------------------+-------------------------------+
//
// Two pairs may have one fingerprint, so whoever finds a key asks Has for the pair. The
// second connection with a fingerprint leaves no record: its packets are judged one by
// one. The fingerprint depends on the table's seed, so no sender can look for two such
// pairs.
type Pair struct{ Local, Remote wire.Addr }

// Folded is a Pair as a key has it: the addresses of IPv4, the fingerprint of IPv6.
type Folded struct{ Local, Remote uint32 }

// Folder makes fingerprints of pairs. It is exported for gather, which has a copy.
type Folder [4]uint64

func newFolder(seed uint64) (f Folder) {
	random := rand.New(rand.NewPCG(seed, 0x6964))
	for i := range f {
		f[i] = random.Uint64()
	}
	return f
}

// Folder is what the table's fingerprints are made with.
func (t *Table) Folder() Folder { return t.folder }

// Fold is a pair as a key has it.
func (t *Table) Fold(p *Pair) Folded { return t.folder.Fold(p) }

// Fold is a pair as a key has it.
func (f *Folder) Fold(p *Pair) Folded {
	if p.Local.Is4() {
		return Folded{p.Local.As4(), p.Remote.As4()}
	}
	print := f.fingerprint(p)
	return Folded{uint32(print), uint32(print >> 32)}
}

// fingerprint is 64 bits of two IPv6 addresses.
func (f *Folder) fingerprint(p *Pair) uint64 {
	a, b := p.Local.Words()
	c, d := p.Remote.Words()
	hi, lo := mathbits.Mul64(a^f[0], b^f[1])
	hi2, lo2 := mathbits.Mul64(c^f[2], d^f[3])
	hi, lo = mathbits.Mul64(hi^lo^f[1], hi2^lo2^mathbits.RotateLeft64(f[0], 32))
	return hi ^ lo
}

// Has tells whether the connection at an index, which was found by a key of p, is one
// between p's addresses. Workers may call Has, as they may call Conn. Of a connection that
// opens at this moment Has may be false.
func (t *Table) Has(at uint32, p *Pair) bool {
	return p.Local.Is4() || t.pairs.At(at).is(p)
}

// PairOf is the pair of the connection at an index, whose key is k.
func (t *Table) PairOf(at uint32, k *Key) Pair {
	if !k.IsIPv6() {
		return Pair{wire.AddrFrom4(k.Local), wire.AddrFrom4(k.Remote)}
	}
	w := t.pairs.At(at)
	return Pair{wire.AddrFromWords(w[0].Load(), w[1].Load()), wire.AddrFromWords(w[2].Load(), w[3].Load())}
}

// pairWords are a pair's words, which workers read while another writes.
type pairWords [4]atomic.Uint64

func (w *pairWords) is(p *Pair) bool {
	a, b := p.Local.Words()
	c, d := p.Remote.Words()
	return w[0].Load() == a && w[1].Load() == b && w[2].Load() == c && w[3].Load() == d
}

func (w *pairWords) set(p *Pair) {
	a, b := p.Local.Words()
	c, d := p.Remote.Words()
	for i, word := range [4]uint64{a, b, c, d} {
		w[i].Store(word)
	}
}
