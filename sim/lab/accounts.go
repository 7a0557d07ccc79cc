//go:build linux

package lab

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"nitrocard/nic"
)

// drawAccounts tells what became of every packet of the run.
func (s *story) drawAccounts(ctx context.Context, out io.Writer) {
	for _, name := range s.region.cards {
		ports, err := s.cards[name].Ports(ctx)
		if err != nil {
			fmt.Fprintf(out, "card %s does not answer: %v\n", name, err)
			continue
		}
		fmt.Fprint(out, drawPorts(name, ports))
	}
	fmt.Fprintln(out)
}

// drawPorts is what became of every frame of the run, port by port.
func drawPorts(card string, ports []nic.PortView) string {
	var b strings.Builder
	for _, p := range ports {
		fmt.Fprintf(&b, "  card %s %-7s %9d received %9d sent on %5d for the card itself %5d dropped", card, p.Name, p.Received, p.Sent, p.Consumed, total(p.Dropped))
		if len(p.Dropped) > 0 {
			b.WriteString(":" + reasons(p.Dropped))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func total(dropped map[string]uint64) (n uint64) {
	for _, packets := range dropped {
		n += packets
	}
	return n
}

func reasons(dropped map[string]uint64) (text string) {
	for _, reason := range slices.Sorted(maps.Keys(dropped)) {
		text += fmt.Sprintf(" %s %d", reason, dropped[reason])
	}
	return text
}
