package tables

import (
	"fmt"
	"math/bits"
	"reflect"
	"unsafe"
)

const (
	maxLoad     = 95      // percent of the slots that a table's capacity takes at most
	minSpare    = 32      // slots that stay empty at least: with fewer than 100 buckets, chance fills some above the average
	maxCapacity = 1 << 31 // indexes and bucket numbers are 32 bits wide
	maxWords    = 8       // of a key: 64 bytes
)

// Words are read and written atomically and must be aligned, so the package compiles on 64-bit systems only.
const _ = uint(unsafe.Sizeof(uintptr(0)) - 8)

// bucketsFor returns the number of buckets for capacity entries, the least power of two with enough slots.
func bucketsFor(capacity int) (int, error) {
	if capacity < 0 || capacity > maxCapacity {
		return 0, fmt.Errorf("table for %d entries: the capacity must be from 0 to %d", capacity, maxCapacity)
	}
	needed := max((capacity*100+maxLoad-1)/maxLoad, capacity+minSpare)
	return 1 << bits.Len(uint(needed-1)/slots), nil
}

// checkTypes returns an error if K cannot be a table's key or V its value.
func checkTypes[K comparable, V any]() error {
	k, v := reflect.TypeFor[K](), reflect.TypeFor[V]()
	if k.Size() == 0 || k.Size()%8 != 0 || k.Size() > 8*maxWords {
		return fmt.Errorf("key type %s has %d bytes: a table's key has 8 to %d, in steps of 8", k, k.Size(), 8*maxWords)
	}
	if why := notWords(k); why != "" {
		return fmt.Errorf("key type %s has %s: a table's key is made of integers and booleans without gaps", k, why)
	}
	if why := pointerIn(v); why != "" {
		return fmt.Errorf("value type %s has %s: a table's memory is hidden from the garbage collector", v, why)
	}
	return nil
}

// notWords names the part of t whose == differs from a comparison of bytes, "" if t has none.
func notWords(t reflect.Type) string {
	switch k := t.Kind(); {
	case k >= reflect.Bool && k <= reflect.Uintptr:
		return ""
	case k == reflect.Array:
		return notWords(t.Elem())
	case k == reflect.Struct:
		return gapIn(t)
	}
	return "a " + t.Kind().String()
}

// gapIn is notWords for a struct. A comparison of words would include padding and blank fields, which == ignores.
func gapIn(t reflect.Type) string {
	var end uintptr
	for f := range t.Fields() {
		if f.Name == "_" {
			return "a blank field"
		}
		if f.Offset != end {
			return "padding before " + f.Name
		}
		if why := notWords(f.Type); why != "" {
			return why
		}
		end += f.Type.Size()
	}
	if end != t.Size() {
		return "padding at its end"
	}
	return ""
}

// pointerIn names the pointer in t, which the garbage collector would have to see, "" if t has none.
func pointerIn(t reflect.Type) string {
	switch k := t.Kind(); {
	case k >= reflect.Bool && k <= reflect.Complex128:
		return ""
	case k == reflect.Array:
		return pointerIn(t.Elem())
	case k == reflect.Struct:
		for f := range t.Fields() {
			if why := pointerIn(f.Type); why != "" {
				return why + " in " + f.Name
			}
		}
		return ""
	}
	return "a " + t.Kind().String()
}
