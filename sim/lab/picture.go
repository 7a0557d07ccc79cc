package lab

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"nitrocard/nic/vpc"
)

// picture is a journey as people read it, being drawn.
type picture struct {
	strings.Builder
	*Journey
}

// Draw writes a journey as people read it, top to bottom.
func (j *Journey) Draw(w io.Writer) error {
	p := picture{Journey: j}
	p.line("the client sends %s ─▶ %s", j.From, j.To)
	p.internet()
	p.edge()
	p.card()
	p.wayBack()
	_, err := io.WriteString(w, p.String())
	return err
}

func (p *picture) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// row is a line with the place on its left.
func (p *picture) row(place, format string, args ...any) {
	fmt.Fprintf(p, "  %-8s %s\n", place, fmt.Sprintf(format, args...))
}

// internet is how the internet finds the provider.
func (p *picture) internet() {
	p.line("\n1  the internet finds the provider")
	for _, h := range p.Hops {
		switch {
		case !h.Address.IsValid():
			p.row(fmt.Sprintf("hop %d", h.Number), "%-15s  %s drops it as %s: it is dark from here on", "*", h.Edge, h.Reason)
		case h.Name == "":
			p.row(fmt.Sprintf("hop %d", h.Number), "%-15s  %8s  it has no name", h.Address, milliseconds(h.Time))
		default:
			p.row(fmt.Sprintf("hop %d", h.Number), "%-15s  %8s  %s", h.Address, milliseconds(h.Time), h.Name)
		}
	}
	for _, a := range p.Announcements {
		p.row(a.Router, "AS%d: %s by way of %s, AS path %s", a.ASN, a.Prefix, strings.Join(texts(a.Via), " and "), pathWords(a.ASPath))
	}
	if len(p.Announcements) == 0 {
		p.row("", "nobody announces a prefix of %s: the packet goes nowhere", p.To.Addr())
	}
}

// edge is how the edge finds the server.
func (p *picture) edge() {
	if p.Edge == "" {
		return
	}
	p.line("\n2  the edge finds the server")
	w := p.Whereabouts
	if w == nil {
		p.row(p.Edge, "no ENI has %s", p.To.Addr())
		p.drop(p.Edge)
		return
	}
	p.row(p.Edge, "%s", strings.Join(chain(w), " ─▶ "))
	p.row("", "MAC %s behind VTEP %s, VNI %d", w.MAC, w.VTEP, w.VNI)
	p.drop(p.Edge)
	p.tunnel(p.There)
}

// chain is who owns an address, and where, from the address on.
func chain(w *vpc.Whereabouts) (all []string) {
	for _, s := range []struct{ kind, name string }{
		{"", w.Address.String()}, {"", w.Allocation}, {"", w.ENI}, {"host ", w.Host}, {"rack ", w.Rack}, {"zone ", w.Zone},
	} {
		if s.name != "" {
			all = append(all, s.kind+s.name)
		}
	}
	return all
}

// card is how the card finds the instance.
func (p *picture) card() {
	w := p.Whereabouts
	if w == nil || p.There == nil {
		return
	}
	p.line("\n3  the card finds the instance")
	p.row("card "+w.Host, "VNI %d, MAC %s: %s of %s in %s, %s", p.There.VNI, p.There.InnerMACs.Destination, w.ENI, orNobody(w.Instance), w.Subnet, w.VPC)
	p.row("  │", "%s becomes %s", w.Address, w.Private)
	p.looks(p.In)
	if p.Drop != nil && !p.Drop.Answer {
		p.drop(w.Host)
		return
	}
	if p.Flow != nil {
		p.row("  │", "it keeps the connection as %s%s", p.Flow.State, map[bool]string{true: ", tracked", false: ", not tracked"}[p.Flow.Tracked])
	}
	if p.Arrived != nil {
		p.row(p.Guest, "%s ─▶ %s", p.Arrived.Source, p.Arrived.Destination)
	}
}

// wayBack is the answer's way.
func (p *picture) wayBack() {
	switch {
	case p.Drop != nil && !p.Drop.Answer, p.Announcements == nil, p.Whereabouts == nil:
		return
	}
	p.line("\nand the answer comes back")
	if p.Back != nil {
		p.row("card "+p.Whereabouts.Host, "%s ─▶ %s", netip.AddrPortFrom(p.Whereabouts.Private, p.To.Port()), p.From)
	}
	p.looks(p.Out)
	if p.Drop != nil {
		p.drop(p.Drop.At)
		return
	}
	if p.Back != nil {
		p.row("  │", "%s becomes %s", p.Whereabouts.Private, p.Back.Inner.Source.Addr())
		p.tunnel(p.Back)
		p.row(p.BackEdge, "%s ─▶ %s", p.Back.Inner.Source, p.Back.Inner.Destination)
	}
	p.row("client", "the answer came after %s: %s", milliseconds(p.Time), p.Answer)
}

// looks are the stages of cards.
func (p *picture) looks(all []Look) {
	for _, l := range all {
		mark := "│"
		if l.Denied {
			mark = "╳"
		}
		p.row("  "+mark, "%-15s  %s", l.Stage, l.Found)
	}
}

// drop is the end of the way, if the way ended here.
func (p *picture) drop(at string) {
	if p.Drop != nil && p.Drop.At == at {
		p.row("  ╳", "dropped as %s: %s", p.Drop.Reason, p.Drop.Sentence)
	}
}

// tunnel is the headers on the underlay.
func (p *picture) tunnel(t *Tunnel) {
	if t == nil {
		return
	}
	p.row("  ║", "outer  %s ═▶ %s  %s ═▶ %s  VNI %d", t.OuterMACs.Source, t.OuterMACs.Destination, t.Outer.Source, t.Outer.Destination, t.VNI)
	p.row("  ║", "inner  %s ─▶ %s  %s ─▶ %s  TTL %d", t.InnerMACs.Source, t.InnerMACs.Destination, t.Inner.Source, t.Inner.Destination, t.Hops)
}

// milliseconds is a time as traceroute(8) tells it.
func milliseconds(d time.Duration) string { return fmt.Sprintf("%.3f ms", d.Seconds()*1e3) }

// pathWords is an AS path.
func pathWords(path []uint32) string {
	if len(path) == 0 {
		return "none: its own"
	}
	return strings.Join(texts(path), " ")
}

func orNobody(instance string) string {
	if instance == "" {
		return "no instance"
	}
	return instance
}

func texts[T any](all []T) (words []string) {
	for _, v := range all {
		words = append(words, fmt.Sprint(v))
	}
	return words
}
