//go:build linux

package main

import (
	"fmt"

	"nitrocard/tables"
)

// newTable makes one side's table, and says how many keys it holds and how
// many it is asked for.
func newTable[K comparable, V any](side string, slots int) (t table, held, asked int, err error) {
	l, err := newLoad[K](slots)
	if err != nil {
		return nil, 0, 0, err
	}
	switch side {
	case "tables":
		c, err := tables.New[K, V](len(l.keys), 1)
		return &ours[K, V]{c, l}, len(l.keys), l.asked, err
	case "map":
		return &goMap[K, V]{make(map[K]V, len(l.keys)), l}, len(l.keys), l.asked, nil
	}
	return nil, 0, 0, fmt.Errorf("the sides here are tables and map, not %q", side)
}

// ours is nitrocard's table.
type ours[K comparable, V any] struct {
	*tables.Cuckoo[K, V]
	load load[K]
}

func (t *ours[K, V]) bursts() bool { return true }

func (t *ours[K, V]) clear() {
	for _, k := range t.load.keys {
		t.Remove(k)
	}
}

func (t *ours[K, V]) fill() {
	var v V
	for _, k := range t.load.keys {
		if _, err := t.Insert(k, v); err != nil {
			panic(err)
		}
	}
}

func (t *ours[K, V]) one() {
	for i := range t.load.asked {
		if _, ok := t.Lookup(&t.load.queries[i]); !ok {
			panic("a key is missing")
		}
	}
}

func (t *ours[K, V]) burst(n int) {
	var at [tables.Burst]uint32
	all := ^uint64(0) >> (tables.Burst - n)
	found := all
	for i := 0; i < t.load.asked; i += n {
		found &= t.LookupBurst((*[tables.Burst]K)(t.load.queries[i:]), n, &at)
	}
	if found != all {
		panic("a key is missing")
	}
}

// goMap is Go's map.
type goMap[K comparable, V any] struct {
	m    map[K]V
	load load[K]
}

func (t *goMap[K, V]) bursts() bool { return false }
func (t *goMap[K, V]) burst(int)    {}
func (t *goMap[K, V]) clear()       { clear(t.m) }

func (t *goMap[K, V]) fill() {
	var v V
	for _, k := range t.load.keys {
		t.m[k] = v
	}
}

func (t *goMap[K, V]) one() {
	for i := range t.load.asked {
		if _, ok := t.m[t.load.queries[i]]; !ok {
			panic("a key is missing")
		}
	}
}
