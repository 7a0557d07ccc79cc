//go:build !amd64 || race

package tables

import "unsafe"

func fillSlot(b *bucket, s int, at uint32, w int, tags uint64) { fillSlotPortable(b, s, at, w, tags) }

func clearSlot(b *bucket, w int, tags uint64) { clearSlotPortable(b, w, tags) }

func store(to, from unsafe.Pointer, words int) { storePortable(to, from, words) }

func release(e unsafe.Pointer, first uint64, value, words int) {
	releasePortable(e, first, value, words)
}

func add(p *uint32, n uint32) { addPortable(p, n) }
