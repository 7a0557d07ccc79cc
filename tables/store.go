package tables

import (
	"sync/atomic"
	"unsafe"
)

// How the writer stores what readers may be reading. Assembly does the same where it can (store_amd64.go).

// fillSlotPortable writes an index to slot s of a bucket, and then word w of the tags, because readers look at a slot by its
// tag.
func fillSlotPortable(b *bucket, s int, at uint32, w int, tags uint64) {
	atomic.StoreUint32(&b.at[s], at)
	atomic.StoreUint64(&b.tags[w], tags)
}

// clearSlotPortable writes word w of a bucket's tags, and changes the version before and after.
func clearSlotPortable(b *bucket, w int, tags uint64) {
	atomic.StoreUint64(&b.version, b.version+1)
	atomic.StoreUint64(&b.tags[w], tags)
	atomic.StoreUint64(&b.version, b.version+1)
}

// storePortable copies words, from the first to the last.
func storePortable(to, from unsafe.Pointer, words int) {
	for i := range words {
		put(word(to, i), *word(from, i))
	}
}

// releasePortable writes the first word of an entry, and makes the words of its value zero, from the first to the last.
func releasePortable(e unsafe.Pointer, first uint64, value, words int) {
	atomic.StoreUint64(word(e, 0), first)
	for i := value; i < words; i++ {
		put(word(e, i), 0)
	}
}

// addPortable adds to a number that the writer alone changes.
func addPortable(p *uint32, n uint32) { atomic.AddUint32(p, n) }

// put stores a word if it differs: most words of a new connection are zero already. A reader that holds a removed entry may
// have written to the entry, so put does not assume zeros.
func put(p *uint64, w uint64) {
	if peek(p) != w {
		atomic.StoreUint64(p, w)
	}
}
