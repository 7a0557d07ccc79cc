package flow

import (
	mathbits "math/bits"
	"sync/atomic"

	"nitrocard/nic/wire"
	"nitrocard/tables"
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

// Folder makes fingerprints of pairs. It is exported for gather, which has a copy, and for package
// nat.
type Folder [4]uint64

// NewFolder makes a Folder of a seed, which is a secret.
func NewFolder(seed uint64) (f Folder) {
	tables.FillSecret(f[:], seed, 0x6964)
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
	mix := f.fingerprint(p)
	return Folded{uint32(mix), uint32(mix >> 32)}
}

// fingerprint is 64 bits of two IPv6 addresses.
func (f *Folder) fingerprint(p *Pair) uint64 {
	a := wordsOf(p)
	hi, lo := mathbits.Mul64(a[0]^f[0], a[1]^f[1])
	hi2, lo2 := mathbits.Mul64(a[2]^f[2], a[3]^f[3])
	hi, lo = mathbits.Mul64(hi^lo^f[1], hi2^lo2^mathbits.RotateLeft64(f[0], 32))
	return hi ^ lo
}

// wordsOf are a pair's addresses as a packet has them, read as little-endian words, so that
// assembly swaps no bytes.
func wordsOf(p *Pair) [4]uint64 {
	a, b := p.Local.Words()
	c, d := p.Remote.Words()
	return [4]uint64{mathbits.ReverseBytes64(a), mathbits.ReverseBytes64(b), mathbits.ReverseBytes64(c), mathbits.ReverseBytes64(d)}
}

// Has tells whether the connection at an index, which was found by a key of p, is one
// between p's addresses. Workers may call Has, as they may call Conn. Of a connection that
// opens at this moment Has may be false.
func (t *Table) Has(at uint32, p *Pair) bool {
	return p.Local.Is4() || t.pairs.At(at).is(p)
}

// Pairs are the pairs of IPv6 connections by index, for the assembly of package pipeline,
// which compares as Has does.
func (t *Table) Pairs() *PairWords { return t.pairs.At(0) }

// PairOf is the pair of the connection at an index, whose key is k.
func (t *Table) PairOf(at uint32, k *Key) Pair {
	if !k.IsIPv6() {
		return Pair{wire.AddrFrom4(k.Local), wire.AddrFrom4(k.Remote)}
	}
	w, words := t.pairs.At(at), [4]uint64{}
	for i := range w {
		words[i] = mathbits.ReverseBytes64(w[i].Load())
	}
	return Pair{wire.AddrFromWords(words[0], words[1]), wire.AddrFromWords(words[2], words[3])}
}

// PairWords are a pair's words, as wordsOf makes them, which workers read while another
// writes.
type PairWords [4]atomic.Uint64

func (w *PairWords) is(p *Pair) bool {
	a := wordsOf(p)
	return w[0].Load() == a[0] && w[1].Load() == a[1] && w[2].Load() == a[2] && w[3].Load() == a[3]
}

func (w *PairWords) set(p *Pair) {
	for i, word := range wordsOf(p) {
		w[i].Store(word)
	}
}
