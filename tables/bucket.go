package tables

import (
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// slots is the number of places in a bucket.
const slots = 8

// bucket is one cache line.
//
//	 0        16                  48        56       64
//	+--------+-------------------+---------+---------+
//	| 8 tags | 8 entry indexes   | 0       | version |
//	+--------+-------------------+---------+---------+
//
// Slot s is 16 bits of tags[s/4], at bit 16*(s%4), and at[s]. The tag of an empty slot is 0; all others have their top bit
// set. Go has no atomic operations on 16 bits, so writer and readers store and load four tags at a time.
//
// The version changes before and after a slot is emptied. A reader that reads a version, then slots, then the same version
// knows that no entry left the bucket meanwhile.
type bucket struct {
	tags    [2]uint64
	at      [slots]uint32
	none    uint64 // always 0: the index that assembly reads when no slot has the tag, as if in slot 8
	version uint64
}

const bucketSize = 64

var _ [bucketSize]byte = [unsafe.Sizeof(bucket{})]byte{}

const (
	lowBits  = 0x0001_0001_0001_0001 // the lowest bit of each of four tags
	highBits = 0x8000_8000_8000_8000 // the highest bit of each of four tags
)

// tagOf returns the tag of a hash, never 0.
func tagOf(hash uint64) uint64 { return hash>>48 | 0x8000 }

// tags4 marks the tags of w that equal tag, each by its own highest bit. tags4 may also mark a tag above an equal one that
// differs in the lowest bit only, so a mark is a candidate. An empty slot is never marked: its tag differs in the highest
// bit.
func tags4(w, tag uint64) uint64 {
	x := w ^ tag*lowBits
	return (x - lowBits) &^ x & highBits
}

// match returns the candidates for tag as a set of marks, for slotOf.
func (b *bucket) match(tag uint64) uint64 {
	return tags4(atomic.LoadUint64(&b.tags[0]), tag) | tags4(atomic.LoadUint64(&b.tags[1]), tag)>>1
}

// slotAt returns the slot of the entry at an index, which has the tag.
func (b *bucket) slotAt(tag uint64, at uint32) (slot int, ok bool) {
	for m := b.match(tag); m != 0; m &= m - 1 {
		if slot = slotOf(m); b.at[slot] == at {
			return slot, true
		}
	}
	return 0, false
}

// empty returns the empty slots as a set of marks, for slotOf.
func (b *bucket) empty() uint64 {
	return ^b.tags[0]&highBits | ^b.tags[1]&highBits>>1
}

// slotOf returns the slot of the lowest mark.
//
//	bit    63  62     47  46     31  30     15  14
//	slot    3   7      2   6      1   5      0   4
func slotOf(marks uint64) int {
	t := bits.TrailingZeros64(marks)
	return (t>>4 | ^t&1<<2) & (slots - 1)
}

// tag returns the tag in slot s.
func (b *bucket) tag(s int) uint64 { return b.tags[s>>2] >> (16 * (s & 3)) & 0xffff }

// fill puts an entry into the empty slot s.
func (b *bucket) fill(s int, tag uint64, at uint32) {
	fillSlot(b, s, at, s>>2, b.tagged(s, tag))
}

// clear empties slot s.
func (b *bucket) clear(s int) { clearSlot(b, s>>2, b.tagged(s, 0)) }

// tagged is the word of the tag of slot s and three others, with another tag there.
func (b *bucket) tagged(s int, tag uint64) uint64 {
	shift := 16 * (s & 3)
	return b.tags[s>>2]&^(0xffff<<shift) | tag<<shift
}
