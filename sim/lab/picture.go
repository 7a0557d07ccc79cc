//go:build linux

package lab

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"nitrocard/nic"
	"nitrocard/nic/wire"
)

// draw is the journey, top to bottom.
func (j *journey) draw() string {
	card := "card " + j.visited.Card
	var b strings.Builder
	row := func(place, text string, args ...any) {
		line := fmt.Sprintf("  %-9s %s", place, fmt.Sprintf(text, args...))
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	row("client", "%s", way(j.there.inner))
	row("  │", "")
	row("edge", "%s is MAC %s behind VTEP %s", j.there.inner.Dst, j.there.to, j.there.outer.Dst)
	row("  ║", "%s", j.there.tunnel())
	row(card, "VNI %d, MAC %s: %s of %s in %s, %s", j.there.outer.VNI, j.there.to, j.eni.ID, j.eni.Instance, j.eni.Subnet, j.eni.VPC)
	row("  │", "%s becomes %s", j.there.inner.Dst, j.arrived.Dst)
	row("  │", "%s", j.verdict())
	row(j.visited.Nick, "%s", way(j.arrived))
	row("  │", "")
	row(card, "%s becomes %s", j.arrived.Dst, j.back.inner.Src)
	row("  ║", "%s", j.back.tunnel())
	row("edge", "%s", way(j.back.inner))
	row("  │", "")
	row("client", "reads %q", strings.TrimSpace(page(j.visited.Nick, j.visited.ENI, j.arrived.Src.String())))
	return b.String()
}

// tunnel is the outer packet.
func (t *tunneled) tunnel() string {
	return fmt.Sprintf("VXLAN, VNI %d: %s ═▶ %s", t.outer.VNI, endpoint(t.outer.Src, t.outer.SrcPort), endpoint(t.outer.Dst, wire.PortVXLAN))
}

// verdict is why the card let the packet in.
func (j *journey) verdict() string {
	if j.flow.Rule == nil {
		return "allowed by one of " + strings.Join(j.eni.SecurityGroups, ", ")
	}
	tracked := "tracked"
	if !j.flow.Tracked {
		tracked = "not tracked"
	}
	return fmt.Sprintf("allowed by %s %s: %s; %s", j.flow.Rule.Group, j.flow.Rule.Path, j.flow.Rule.Text, tracked)
}

func way(t wire.Tuple) string {
	return endpoint(t.Src, t.SrcPort) + " ─▶ " + endpoint(t.Dst, t.DstPort)
}

func endpoint(addr wire.Addr, port uint16) string {
	return netip.AddrPortFrom(addr.Netip(), port).String()
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
