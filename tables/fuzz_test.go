package tables_test

import (
	"testing"

	"nitrocard/tables"
	"nitrocard/tables/oracle"
)

// Whatever is inserted and removed in whatever order, table and oracle agree, and no entry is lost. Each two bytes are a step:
// what to do, and with which key.
func FuzzCuckoo(f *testing.F) {
	f.Add(uint64(1), []byte("a0b0c0a1b2"))
	f.Add(uint64(2), []byte{0, 0, 0, 1, 0, 2, 2, 0, 0, 0, 3, 255})
	f.Fuzz(func(t *testing.T, seed uint64, steps []byte) {
		const capacity = 96
		w := &twins[key2]{t, newTable[key2, wide](t, capacity, seed), oracle.NewTable[key2, wide](capacity)}
		var last [tables.Burst]key2
		for i := 0; i+1 < len(steps); i += 2 {
			k := key2{uint64(steps[i+1]), 1}
			last[i/2%tables.Burst] = k
			switch steps[i] % 4 {
			case 0, 1:
				w.insert(k, uint64(i))
			case 2:
				w.remove(k)
			case 3:
				w.lookup(&last, int(steps[i]>>2))
			}
		}
		w.whole()
	})
}
