package vpc

import (
	"math/rand/v2"
	"runtime"

	"nitrocard/tables"
)

// lineage is what a chain of policies hands down: numbers that mean the same
// thing in each, so that connections outlive a change.
type lineage struct {
	enis   numbering // by VPC and ID: an ENI that comes back elsewhere is another
	owners numbering // by instance, or ENI without one
	paths  numbering // by ENI or VPC
	vteps  numbering // by address
	groups numbering // by ID; kept forever, as rules name groups by number
	rules  RuleID    // the next group's base; from 1
}

// numbering gives each key a number that no other key ever had.
type numbering struct {
	next uint32
	of   map[string]uint32
}

// after begins a numbering that continues an earlier one.
func (n *numbering) after(prev *numbering) {
	n.next, n.of = prev.next, make(map[string]uint32, len(prev.of))
}

// number keeps what prev gave a key, or gives it a new one.
func (n *numbering) number(prev *numbering, key string) uint32 {
	if i, known := n.of[key]; known {
		return i
	}
	i, known := prev.of[key]
	if !known {
		i = n.next
		n.next++
	}
	n.of[key] = i
	return i
}

// eniTable frees the table with the last policy that has it.
type eniTable struct {
	*tables.Cuckoo[ENIKey, uint64]
}

// tableOf takes prev's table where it holds just these ENIs.
func tableOf(local []*ENI, prev *eniTable) (*eniTable, error) {
	if prev.holds(local) {
		return prev, nil
	}
	t, err := tables.New[ENIKey, uint64](max(1, len(local)), rand.Uint64())
	if err != nil {
		return nil, err
	}
	for _, e := range local {
		if _, err := t.Insert(KeyOf(e.VNI, e.MAC.Bits()), uint64(e.Number)); err != nil {
			t.Close()
			return nil, err
		}
	}
	table := &eniTable{t}
	runtime.AddCleanup(table, func(t *tables.Cuckoo[ENIKey, uint64]) { t.Close() }, t)
	return table, nil
}

func (t *eniTable) holds(local []*ENI) bool {
	if t == nil || t.Len() != len(local) {
		return false
	}
	for _, e := range local {
		if n, found := t.Get(KeyOf(e.VNI, e.MAC.Bits())); !found || n != uint64(e.Number) {
			return false
		}
	}
	return true
}
