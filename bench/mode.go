package bench

import (
	"fmt"
	"strings"
)

// Mode is what a benchmark does with each frame.
type Mode string

const (
	IO      Mode = "io"
	MACSwap Mode = "macswap"
	Decap   Mode = "decap"
	SG      Mode = "sg"
	Encap   Mode = "encap"
	Full    Mode = "full"
	Edge    Mode = "edge"
)

// modes are all of them, cheapest first, and what each measures.
var modes = []struct {
	Mode
	does string
}{
	{IO, "port to port and back, untouched; no card"},
	{MACSwap, "the same with the frame's two MACs exchanged; no card"},
	{Decap, "what the card calls to unwrap and to find the ENI; sent to its guest; no card"},
	{SG, "the card, inward: decap, tracking, groups, delivered; guests are silent"},
	{Encap, "sg, and the benchmark's guests wrap what they get again, to another VTEP"},
	{Full, "the card, both ways: guests answer as much as the edge asks"},
	{Edge, "the edge, both ways: from the internet to servers, and back; no card"},
}

// Set reads a mode's name.
func (m *Mode) Set(text string) error {
	var names []string
	for _, known := range modes {
		if text == string(known.Mode) {
			*m = known.Mode
			return nil
		}
		names = append(names, string(known.Mode))
	}
	return fmt.Errorf("there is no forward mode %q; there are %s", text, strings.Join(names, ", "))
}

// hasCard tells whether the mode's frames pass a card.
func (m Mode) hasCard() bool { return m == SG || m == Encap || m == Full }

// String is the mode's name.
func (m Mode) String() string { return string(m) }

// Type is how help names a mode.
func (m *Mode) Type() string { return "mode" }

// ModesHelp tells what each mode measures, a line for each.
func ModesHelp() string {
	var lines strings.Builder
	for _, m := range modes {
		fmt.Fprintf(&lines, "  %-8s %s\n", m.Mode, m.does)
	}
	return lines.String()
}
