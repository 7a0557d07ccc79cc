//go:build linux

// Tables sets our hash table side by side with DPDK's rte_hash and Go's map:
//
//	make bench-tables             # a few minutes; prints one table
//	make bench-tables README=1    # and puts it into bench/README.md
//
// Its files:
//
//	main.go     who runs when
//	side.go     what is measured, for one table in one process
//	ours.go     nitrocard's tables, and Go's map
//	rte_hash/   the same in C
//	keys.go     the keys that all sides have
//	report.go   medians, and the table of them
//	picture.go  bench/tables.svg and .png
//
// # What makes it fair
//
// Each side is a process of its own, and all take turns (A B C A B C), so that a
// neighbor on the machine disturbs all alike; what counts is the CPU time of the
// whole process, Go's collector included. All hold the same keys, in as many slots
// and 87.5 % of them full, and are asked for the same keys in the same order. An
// entry has the same size on both sides: key, value and padding are 32 bytes for
// keys of 16, and 48 for keys of 40. Both tables lie in anonymous memory for
// which huge pages were asked: DPDK's own, without hugetlbfs, would be small pages,
// so rte_hash gets a heap of that kind. It has no flag that costs it
// something, such as readers beside the writer, which ours always has.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

func main() {
	rounds := flag.Int("rounds", 5, "turns of each side")
	rteHash := flag.String("rte-hash", "", "the `program` that measures rte_hash")
	readme := flag.String("readme", "", "`file` to put the table into")
	side := flag.String("side", "", "measure one side here: tables or map")
	flag.Parse()
	if err := run(*side, *rteHash, *readme, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench-tables:", err)
		os.Exit(1)
	}
}

func run(side, rteHash, readme string, rounds int) error {
	if side != "" {
		return measure(side, flag.Args())
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	sides := map[string][]string{
		"tables":   {self, "-side", "tables"},
		"rte_hash": {rteHash},
		"map":      {self, "-side", "map"},
	}
	r := results{}
	for _, bytes := range keySizes {
		for _, slots := range tableSizes {
			fmt.Fprintf(os.Stderr, "keys of %d bytes, %s\n", bytes, slots.name)
			for range rounds {
				for _, name := range sideNames {
					c := append(sides[name], strconv.Itoa(bytes), strconv.Itoa(slots.n))
					if err := r.take(cell{name, bytes, slots.name}, exec.Command(c[0], c[1:]...)); err != nil {
						return err
					}
				}
			}
		}
	}
	return r.publish(readme, rounds)
}
