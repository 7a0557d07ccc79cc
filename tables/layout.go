package tables

import (
	"fmt"
	"math/bits"
	"reflect"
	"unsafe"
)

const (
	maxLoad     = 95      // percent of the slots that a table's capacity takes
	minSpare    = 32      // slots that it leaves: with fewer buckets than 100, chance alone fills some and starves others
	maxCapacity = 1 << 31 // indexes are 32 bits wide, and so are bucket numbers
	maxWords    = 8       // of a key: 64 bytes
)

// Words are read and written atomically, so they must be aligned: 64-bit systems only.
const _ = uint(unsafe.Sizeof(uintptr(0)) - 8)

// bucketsFor returns the least power of two that gives capacity entries the slots they need.
func bucketsFor(capacity int) (int, error) {
	if capacity < 0 || capacity > maxCapacity {
		return 0, fmt.Errorf("table for %d entries: the capacity must be from 0 to %d", capacity, maxCapacity)
	}
	needed := max((capacity*100+maxLoad-1)/maxLoad, capacity+minSpare)
	return 1 << bits.Len(uint(needed-1)/slots), nil
}

// checkTypes says why K or V cannot be a table's key or value.
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

// notWords says what makes t's equality differ from that of its bytes, "" if nothing does.
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

// gapIn is notWords for a struct: bytes that no field covers, or that == ignores, would count in a comparison of words.
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

// pointerIn says what in t the garbage collector would have to see, "" if nothing.
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
