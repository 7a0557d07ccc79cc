//go:build linux

package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mix is splitmix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x *= 0x9e37_79b9_7f4a_7c15
	x = (x ^ x>>30) * 0xbf58_476d_1ce4_e5b9
	x = (x ^ x>>27) * 0x94d0_49bb_1331_11eb
	return x ^ x>>31
}

// putKey writes key number n.
func putKey(words []uint64, n uint64) {
	for w := range words {
		words[w] = mix(n*8 + uint64(w) + 1)
	}
}

// load is what every side holds and is asked for.
type load[K any] struct {
	keys    []K // in the table
	queries []K // looked up, in random order; longer by a burst than asked
	asked   int
}

// newLoad makes the keys for a table of so many slots, seven in eight of which
// they fill.
func newLoad[K any](slots int) (l load[K], err error) {
	l.asked = max(1<<12, min(1<<20, slots))
	if l.keys, err = huge[K](slots / 8 * 7); err != nil {
		return l, err
	}
	if l.queries, err = huge[K](l.asked + 64); err != nil {
		return l, err
	}
	for i := range l.keys {
		putKey(words(&l.keys[i]), uint64(i))
	}
	for i := range l.asked {
		putKey(words(&l.queries[i]), mix(1<<40+uint64(i))%uint64(len(l.keys)))
	}
	return l, nil
}

// words are those of a key.
func words[K any](k *K) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(k)), unsafe.Sizeof(*k)/8)
}

// huge makes n keys in memory for which huge pages were asked.
func huge[K any](n int) ([]K, error) {
	const page = 2 << 20
	b, err := unix.Mmap(-1, 0, n*int(unsafe.Sizeof(*new(K)))+page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("memory for the keys: %w", err)
	}
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // no kernel must have them
	at := unsafe.Pointer(unsafe.SliceData(b))
	return unsafe.Slice((*K)(unsafe.Add(at, -uintptr(at)&(page-1))), n), nil
}
