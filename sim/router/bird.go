package router

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// FindBIRD finds BIRD 2 and its client; ok is false if the machine lacks either. Debian has them
// where ordinary users do not look.
func FindBIRD() (daemon, client string, ok bool) {
	daemon, client = find("bird"), find("birdc")
	return daemon, client, daemon != "" && client != ""
}

func find(name string) string {
	for _, path := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	return ""
}

// BIRD is the plan as a configuration of BIRD 2. Its kernel protocols put what BGP learned into
// the kernel's table, paths of equal cost together.
func (p Plan) BIRD() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("log stderr all;\nrouter id %s;\nprotocol device {}", p.ID)
	line("protocol bfd { interface \"*\" { min rx interval %d s; min tx interval %d s; multiplier %d; }; }", bfdInterval, bfdInterval, bfdMultiplier)
	for family := range 2 {
		name, is4 := []string{"ipv4", "ipv6"}[family], family == 0
		line("protocol kernel kernel%d { merge paths on; %s { import none; export where source = RTS_BGP; }; }", family, name)
		line("protocol static own%d { %s { import all; };", family, name)
		for _, n := range p.Networks {
			if n.Addr().Is4() == is4 {
				line("  route %s unreachable;", n.Masked())
			}
		}
		line("}")
	}
	line("template bgp session { direct; strict bind on; connect delay time 1; error wait time 1, 2; connect retry time 1; }")
	for i, n := range p.Neighbors {
		p.birdSession(line, i, n)
	}
	return b.String()
}

// birdSession is the session with a neighbor.
func (p Plan) birdSession(line func(string, ...any), i int, n Neighbor) {
	name := "ipv4"
	if n.Address.Is6() {
		name = "ipv6"
	}
	line("protocol bgp neighbor%d from session { local %s as %d; neighbor %s as %d; bfd %s; %s { import all; export where source ~ [RTS_BGP, RTS_STATIC]; next hop self; }; }",
		i, n.Own, p.ASN, n.Address, n.ASN, map[bool]string{true: "on", false: "off"}[n.BFD], name)
}

// AskBIRD asks the BIRD whose control socket this is for its route to an address; ok is false if
// it has none.
func AskBIRD(ctx context.Context, client, socket string, to netip.Addr) (r Route, ok bool, err error) {
	cmd := exec.CommandContext(ctx, client, "-s", socket, "show", "route", "for", to.String(), "all")
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "Network not found") {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("birdc: %w: %s", err, out)
	}
	r, ok = readBIRD(string(out))
	return r, ok, nil
}

// readBIRD reads what `birdc show route for ADDRESS all` prints: each path of the prefix, the one
// that is used before the others, in lines such as
//
//	35.72.2.0/24         unicast [neighbor2 12:00:01.000] * (100) [AS64500i]
//		via 192.0.2.11 on exchange
//		BGP.as_path: 64500
//
// Paths by as many systems as the first share what is for the prefix.
func readBIRD(text string) (r Route, ok bool) {
	var via netip.Addr
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
		case strings.HasPrefix(words[0], "BGP.as_path:"):
			path := systems(words[1:])
			if ok = via.IsValid(); len(r.Via) == 0 {
				r.ASPath = path
			}
			if len(path) == len(r.ASPath) && ok && !slices.Contains(r.Via, via) {
				r.Via = append(r.Via, via)
			}
		case words[0] == "via" && len(words) > 1:
			via, _ = netip.ParseAddr(words[1])
		default:
			if prefix, err := netip.ParsePrefix(words[0]); err == nil {
				r.Prefix = prefix
			}
		}
	}
	return r, ok
}

// systems reads an AS path.
func systems(words []string) []uint32 {
	all := []uint32{}
	for _, w := range words {
		if asn, err := strconv.ParseUint(w, 10, 32); err == nil {
			all = append(all, uint32(asn))
		}
	}
	return all
}
