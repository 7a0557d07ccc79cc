//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"nitrocard/bench"
)

var (
	sideNames  = []string{"tables", "rte_hash", "map"}
	keySizes   = []int{16, 40}
	tableSizes = []struct {
		name string
		n    int
	}{{"1k", 1 << 10}, {"64k", 1 << 16}, {"1M", 1 << 20}, {"4M", 1 << 22}}
	operations = []struct{ name, words string }{
		{"burst32", "bursts of 32"}, {"burst64", "bursts of 64"}, {"one", "one at a time"}, {"insert", "insert"},
	}
)

// cell is one side under one load.
type cell struct {
	side  string
	bytes int // of a key
	slots string
}

// results are what each side's turns measured, by operation.
type results map[cell]map[string][]float64

// take runs one turn of one side.
func (r results) take(c cell, turn *exec.Cmd) error {
	turn.Stderr = os.Stderr
	out, err := turn.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", turn, err)
	}
	if r[c] == nil {
		r[c] = map[string][]float64{}
	}
	for line := range strings.Lines(string(out)) {
		var operation string
		var value float64
		if _, err := fmt.Sscan(line, &operation, &value); err != nil {
			return fmt.Errorf("%s printed %q", turn, line)
		}
		r[c][operation] = append(r[c][operation], value)
	}
	return nil
}

// publish prints the table, and puts it into the README if one is named.
func (r results) publish(readme string, rounds int) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "| ns of CPU time a key: median (min–max) of %d |", rounds)
	for _, s := range tableSizes {
		fmt.Fprintf(&b, " %s |", s.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(tableSizes)) + "\n")
	for _, size := range keySizes {
		for _, o := range operations {
			for _, side := range sideNames {
				r.row(&b, size, side, o.name, o.words)
			}
		}
		r.ratios(&b, size)
	}
	os.Stdout.Write(b.Bytes())
	if readme == "" {
		return nil
	}
	if err := replace(readme, b.String()); err != nil {
		return err
	}
	return r.draw(readme)
}

func (r results) row(b *bytes.Buffer, size int, side, operation, words string) {
	if r[cell{side, size, tableSizes[0].name}][operation] == nil {
		return
	}
	fmt.Fprintf(b, "| %d B, %s: %s |", size, words, side)
	for _, s := range tableSizes {
		fmt.Fprintf(b, " %s |", bench.SpreadOf(r[cell{side, size, s.name}][operation]))
	}
	b.WriteString("\n")
}

// ratios is a row of our burst's time over rte_hash's, each at its better size
// of burst.
func (r results) ratios(b *bytes.Buffer, size int) {
	fmt.Fprintf(b, "| **%d B, tables / rte_hash, bursts, each at its better** |", size)
	for _, s := range tableSizes {
		fmt.Fprintf(b, " **%.2f** |", r.best(cell{"tables", size, s.name})/r.best(cell{"rte_hash", size, s.name}))
	}
	b.WriteString("\n")
}

// best is a side's median in its better size of burst, or one at a time where
// it has none.
func (r results) best(c cell) float64 {
	m := r[c]
	if m["burst32"] == nil {
		return median(m["one"])
	}
	return min(median(m["burst32"]), median(m["burst64"]))
}

func median(v []float64) float64 { return bench.SpreadOf(v).Median }

// The table stands between these lines of the README.
const from, to = "<!-- make bench-tables -->\n", "<!-- end of make bench-tables -->\n"

func replace(readme, table string) error {
	text, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), from)
	_, after, closed := strings.Cut(rest, to)
	if !found || !closed {
		return fmt.Errorf("%s has no place for the table: it stands between %q and %q", readme, from, to)
	}
	return os.WriteFile(readme, []byte(before+from+table+to+after), 0o644)
}
