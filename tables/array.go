package tables

import (
	"fmt"
	"math"
	"reflect"
	"runtime"
	"unsafe"
)

// Array is a list of fixed length outside the collector's heap. An Array beside a Cuckoo holds, at the same indexes, the
// values that look-ups need not touch.
//
// An Array does not order its readers and writers; its owner must. Its memory is given back as a Cuckoo's is.
type Array[T any] struct {
	list    []T
	memory  memory
	cleanup runtime.Cleanup
}

// NewArray makes an array of n zero values. A T with a pointer is an error.
func NewArray[T any](n int) (*Array[T], error) {
	t := reflect.TypeFor[T]()
	if why := pointerIn(t); why != "" {
		return nil, fmt.Errorf("array of %s, which has %s: its memory is hidden from the garbage collector", t, why)
	}
	size := max(t.Size(), 1)
	if n < 0 || uint64(n) > math.MaxInt64/2/uint64(size) {
		return nil, fmt.Errorf("array of %d values of %d bytes: 0 to %d are possible", n, size, math.MaxInt64/2/uint64(size))
	}
	mem, err := allocate(uintptr(max(n, 1)) * size)
	if err != nil {
		return nil, err
	}
	a := &Array[T]{list: unsafe.Slice((*T)(mem.base), n), memory: mem}
	a.cleanup = runtime.AddCleanup(a, memory.release, mem)
	return a, nil
}

// Close gives the memory back. Neither the array nor a pointer from At may be used afterwards.
func (a *Array[T]) Close() {
	a.cleanup.Stop()
	a.memory.release()
	*a = Array[T]{}
}

// At returns the value at an index below Len, in place. The pointer is good until Close, while the array is held.
func (a *Array[T]) At(i uint32) *T { return &a.list[i] }

// All returns all values, in place, as good as At's pointers.
func (a *Array[T]) All() []T { return a.list }

// Len returns the number of values.
func (a *Array[T]) Len() int { return len(a.list) }

// Memory returns the size of the array in bytes.
func (a *Array[T]) Memory() int { return a.memory.size() }
