package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"nitrocard/nic"
)

// workerTable shows gaps in microseconds.
func workerTable(w io.Writer, all []nic.WorkerView) error {
	t := newTable(w, "WORKER", "CPU", "PORTS", "BURSTS", "PACKETS", "A BURST", "BUSY", "SLEEPS", "GAP P50", "P99", "P99.9", "P99.99", "MAX")
	us := func(gap float64) string { return fmt.Sprintf("%.1f µs", gap) }
	for _, o := range all {
		cpu := "any"
		if o.CPU >= 0 {
			cpu = strconv.Itoa(o.CPU)
		}
		t.row(o.Worker, cpu, strings.Join(o.Ports, ","), o.Bursts, o.Packets, fmt.Sprintf("%.1f", o.PacketsPerBurst),
			fmt.Sprintf("%.0f %%", 100*o.Busy), o.Sleeps, us(o.Gaps.P50), us(o.Gaps.P99), us(o.Gaps.P999), us(o.Gaps.P9999), us(o.Gaps.Max))
	}
	return t.flush()
}
