package main

import (
	"fmt"

	"nitrocard/bench"
	"nitrocard/pmd"
)

// cell is what is forwarded: so many flows with frames of a size, spread over
// ENIs.
type cell struct {
	flows int
	size  string // as --frame-size has it
	enis  int    // each in a VNI of its own; fewer if there are fewer flows
}

// How many guests a server has: few, unless a cell is there to show many.
const few, many = 16, 200

// options are those of nitrocard's benchmark with the same frames.
func (c cell) options() (*bench.Options, error) {
	var sizes bench.Sizes
	if err := sizes.Set(c.size); err != nil {
		return nil, err
	}
	o := &bench.Options{Mode: bench.SG, Burst: pmd.MaxBurst, Flows: c.flows, ENIs: c.enis, Sizes: sizes, Seed: 1}
	return o, o.Check()
}

// String names the cell. Few ENIs go without saying.
func (c cell) String() string {
	name := c.count()
	if c.enis != few {
		name += fmt.Sprintf(", %d ENIs", c.enis)
	}
	if c.size == "imix" {
		return name + ", IMIX"
	}
	return name + ", " + c.size + " B"
}

// count is the number of flows as people write it.
func (c cell) count() string {
	switch {
	case c.flows >= 1_000_000:
		return fmt.Sprintf("%dM flows", c.flows/1_000_000)
	case c.flows >= 1000:
		return fmt.Sprintf("%dk flows", c.flows/1000)
	case c.flows == 1:
		return "1 flow"
	}
	return fmt.Sprintf("%d flows", c.flows)
}

// memory is how many MB DPDK gets: net_pcap holds each frame of its file, and
// nitrocard has room for 9 KB in each.
func (c cell) memory() int {
	return 512 + c.flows/80
}
