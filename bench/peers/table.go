package main

import (
	"fmt"
	"io"
	"strings"
)

// quotient is a row of ratios.
type quotient struct{ over, under string }

// quotients are what is compared on captures.
var quotients = []quotient{
	{nitrocardSG, ovsSG},
	{nitrocardEncap, ovsEncap},
	{nitrocardIO, testpmdIO},
	{nitrocardSG, testpmdIO},
	{nitrocardEncap, nitrocardSG},
	{nitrocardFull, testpmdIO},
}

// outcome is all that was measured.
type outcome struct {
	pcap, memory, kernel contest
	onPcap, inMemory     result
	byKernel             result
}

// write tells all of it in Markdown.
func (o *outcome) write(w io.Writer) {
	o.pcap.write(w, "net_pcap, Mpps a core", o.onPcap)
	fmt.Fprintln(w)
	o.pcap.writeRatios(w, "ratio", o.onPcap, quotients)
	fmt.Fprintln(w)
	o.memory.write(w, "warm buffers in memory, Mpps a core", o.inMemory)
	o.memory.rowRatios(w, o.inMemory, quotient{nitrocardFull, nitrocardIO})
	fmt.Fprintln(w)
	o.kernel.write(w, "a veth cable, Mpps a core", o.byKernel)
	o.kernel.rowRatios(w, o.byKernel, quotient{nitrocardCable, testpmdCable})
	fmt.Fprintf(w, "\nOVS-DPDK was best with: %s.\n", o.settings())
}

// write is a row for each contender.
func (c contest) write(w io.Writer, title string, r result) {
	c.head(w, title)
	for _, contender := range c.contenders {
		c.row(w, contender.name, func(of cell) spread { return rates(r[contender.name][of]) })
	}
}

// writeRatios is a row for each quotient.
func (c contest) writeRatios(w io.Writer, title string, r result, all []quotient) {
	c.head(w, title)
	for _, q := range all {
		c.rowRatios(w, r, q)
	}
}

func (c contest) head(w io.Writer, title string) {
	fmt.Fprintf(w, "| %s |", title)
	for _, of := range c.cells {
		fmt.Fprintf(w, " %s |", of)
	}
	fmt.Fprintf(w, "\n|---|%s\n", strings.Repeat("---|", len(c.cells)))
}

func (c contest) row(w io.Writer, name string, figure func(cell) spread) {
	fmt.Fprintf(w, "| %s |", name)
	for _, of := range c.cells {
		fmt.Fprintf(w, " %s |", figure(of))
	}
	fmt.Fprintln(w)
}

func (c contest) rowRatios(w io.Writer, r result, q quotient) {
	c.row(w, q.over+" ÷ "+q.under, func(of cell) spread { return ratio(r[q.over][of], r[q.under][of]) })
}

// settings tells which were best for OVS, by cell.
func (o *outcome) settings() string {
	var all []string
	for _, of := range o.pcap.cells {
		sg, encap := o.onPcap[ovsSG][of][0].setting, o.onPcap[ovsEncap][of][0].setting
		if sg != encap {
			sg = "sg " + sg + ", encap " + encap
		}
		all = append(all, fmt.Sprintf("%s: %s", of, sg))
	}
	return strings.Join(all, "; ")
}
