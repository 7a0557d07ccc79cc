package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"nitrocard/nic/printable"
)

// table writes aligned columns.
type table struct{ *tabwriter.Writer }

func newTable(w io.Writer, headings ...string) table {
	t := table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	fmt.Fprintln(t, strings.Join(headings, "\t"))
	return t
}

// row writes one line; an empty cell is a dash, so that columns can be cut by
// programs as well.
func (t table) row(cells ...any) {
	for i, c := range cells {
		text := printable.Line(fmt.Sprint(c))
		if text == "" {
			text = "-"
		}
		if i > 0 {
			fmt.Fprint(t, "\t")
		}
		fmt.Fprint(t, text)
	}
	fmt.Fprintln(t)
}

func (t table) flush() error { return t.Flush() }

// line writes one line, whatever names are in it.
func line(w io.Writer, text string) error {
	_, err := fmt.Fprintln(w, printable.Line(text))
	return err
}

// size is a number of bytes with a unit.
func size(bytes uint64) string {
	const units = "KMGTPE"
	if bytes < 1024 {
		return fmt.Sprintf("%d B", bytes)
	}
	n, unit := float64(bytes)/1024, 0
	for n >= 1023.95 && unit < len(units)-1 {
		n /= 1024
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", n, units[unit])
}

// age is a number of seconds as people say it.
func age(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(100 * time.Millisecond).String()
}

// life is how long a connection has lived or been idle, to a second from a minute on, so that two of them compare at a
// glance.
func life(seconds float64) string {
	switch d := time.Duration(seconds * float64(time.Second)); {
	case d < time.Minute:
		return age(seconds)
	case d < time.Hour:
		return d.Round(time.Second).String()
	case d < 72*time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	default:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
}

// plural is a count and its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
