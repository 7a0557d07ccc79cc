//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"

	"nitrocard/bench"
)

// taken is what one turn measured: times in ns.
type taken struct {
	cpu                        int
	p50, p99, p999, p9999, max int64
}

// pair are a worker's turn and the loop's after it, under the same load.
type pair struct{ worker, loop *taken }

// results are the pairs of all rounds, by load.
type results map[string][]pair

// columns are what of a turn is shown.
var columns = []struct {
	name string
	of   func(*taken) int64
}{
	{"p50", func(t *taken) int64 { return t.p50 }},
	{"p99", func(t *taken) int64 { return t.p99 }},
	{"p99.9", func(t *taken) int64 { return t.p999 }},
	{"p99.99", func(t *taken) int64 { return t.p9999 }},
	{"max", func(t *taken) int64 { return t.max }},
}

// print prints where was measured, and the table.
func (r results) print(w io.Writer, g *gaps) error {
	cpus, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return err
	}
	model := "unknown"
	if m := regexp.MustCompile(`model name\s*: (.*)`).FindSubmatch(cpus); m != nil {
		model = string(m[1])
	}
	fmt.Fprintf(w, "%d CPUs (%s), %s; medians (least–most) of %d, %v each.\n\n", runtime.NumCPU(), model, runtime.Version(), g.rounds, g.duration)
	head := "| µs from turn to turn |"
	for _, c := range columns {
		head += " " + c.name + " |"
	}
	fmt.Fprintf(w, "%s\n|---|%s\n", head, strings.Repeat("---|", len(columns)))
	for _, load := range loads {
		if r[load.name] == nil {
			continue
		}
		r.row(w, load.name+": worker", r[load.name], func(p pair) *taken { return p.worker })
		r.row(w, load.name+": C loop", r[load.name], func(p pair) *taken { return p.loop })
	}
	return nil
}

func (r results) row(w io.Writer, name string, pairs []pair, side func(pair) *taken) {
	fmt.Fprintf(w, "| %s |", name)
	for _, c := range columns {
		var all []float64
		for _, p := range pairs {
			all = append(all, float64(c.of(side(p)))/1e3)
		}
		fmt.Fprintf(w, " %s |", bench.SpreadOf(all))
	}
	fmt.Fprintln(w)
}
