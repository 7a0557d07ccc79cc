package tables_test

import (
	"fmt"
	"math/bits"

	"nitrocard/tables"
)

// flow is a key of two words, and hits the value that is counted for each flow.
type (
	flow struct {
		Src, Dst uint32
		Ports    uint64
	}
	hits struct{ Packets uint64 }
)

func ExampleCuckoo() {
	table, err := tables.New[flow, hits](1000, 42) // a seed that senders must not guess comes from crypto/rand
	if err != nil {
		fmt.Println(err)
		return
	}
	defer table.Close()

	a := flow{Src: 0x0a000105, Dst: 0x08080808, Ports: 53}
	at, err := table.Insert(a, hits{})
	fmt.Println("inserted:", err == nil)

	table.At(at).Packets++ // in place, by the index
	_, err = table.Insert(a, hits{})
	fmt.Println("inserted again:", err)

	v, ok := table.Get(a)
	fmt.Println(v.Packets, ok)

	fmt.Println("removed:", table.Remove(a), "left:", table.Len())
	// Output:
	// inserted: true
	// inserted again: key is in the table already
	// 1 true
	// removed: true left: 0
}

// A burst of packets is looked up at once; each bit of hits is a packet whose flow is known.
func ExampleCuckoo_LookupBurst() {
	table, _ := tables.New[flow, hits](1000, 42)
	defer table.Close()
	for port := range uint64(4) {
		_, _ = table.Insert(flow{Ports: port}, hits{})
	}

	var keys [tables.Burst]flow
	for i, port := range []uint64{3, 9, 0, 3} {
		keys[i] = flow{Ports: port}
	}
	var at [tables.Burst]uint32
	known := table.LookupBurst(&keys, 4, &at)
	fmt.Printf("%04b\n", known)

	for ; known != 0; known &= known - 1 {
		table.At(at[bits.TrailingZeros64(known)]).Packets++
	}
	v, _ := table.Get(flow{Ports: 3})
	fmt.Println("packets of port 3:", v.Packets)
	// Output:
	// 1101
	// packets of port 3: 2
}

// A worker keeps the indexes of a burst while another thread, the writer, removes one of them.
func ExampleGrace() {
	table, _ := tables.New[flow, hits](1, 42) // room for one entry
	defer table.Close()
	grace := tables.NewGrace(1)
	table.Guard(grace)
	worker := grace.Reader(0)

	old, next := flow{Ports: 80}, flow{Ports: 443}
	_, _ = table.Insert(old, hits{})

	worker.Pass() // the worker begins a burst
	at, _ := table.Find(&old)

	table.Remove(old)
	_, err := table.Insert(next, hits{})
	fmt.Println("while the worker holds the index:", err)
	table.At(at).Packets++ // the worker counts, and harms no other entry

	worker.Pass() // the next burst
	again, err := table.Insert(next, hits{})
	fmt.Println("after its burst:", err, again == at, table.At(again).Packets)
	// Output:
	// while the worker holds the index: table is full
	// after its burst: <nil> true 0
}

// A packet only notes its time; the timer that fires early is set again for the rest.
func ExampleWheel() {
	wheel, _ := tables.NewWheel(10, 64)
	defer wheel.Close()
	const idle = 30
	seen := [10]uint64{}

	wheel.Set(7, idle)
	seen[7] = 20 // a packet at tick 20

	for _, now := range []uint64{30, 49, 50} {
		wheel.Advance(now, 100, func(entry uint32) {
			if end := seen[entry] + idle; end > now {
				fmt.Println("tick", now, "entry", entry, "lives until", end)
				wheel.Set(entry, end)
				return
			}
			fmt.Println("tick", now, "entry", entry, "has ended")
		})
	}
	// Output:
	// tick 30 entry 7 lives until 50
	// tick 50 entry 7 has ended
}
