//go:build !race

package tables

import "unsafe"

// The writer's stores are plain ones here. Go's atomic store locks the bus, which costs as much as five plain stores, for an
// order that readers do not need: this kind of processor keeps the order of a thread's stores as it is, and so does assembly,
// which the compiler does not look into. An aligned word is stored as a whole. What it does not keep is a store before a later
// load: a Grace needs that between a removal and its generation, and index.turn locks the bus for it.

// fillSlot is fillSlotPortable, in assembly.
//
//go:noescape
func fillSlot(b *bucket, s int, at uint32, w int, tags uint64)

// clearSlot is clearSlotPortable, in assembly.
//
//go:noescape
func clearSlot(b *bucket, w int, tags uint64)

// store is storePortable, in assembly.
//
//go:noescape
func store(to, from unsafe.Pointer, words int)

// release is releasePortable, in assembly.
//
//go:noescape
func release(e unsafe.Pointer, first uint64, value, words int)

// add is addPortable, in assembly.
//
//go:noescape
func add(p *uint32, n uint32)
