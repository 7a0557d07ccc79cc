package main

import (
	"fmt"
	"io"
	"time"

	"nitrocard/nic/bgp"
)

// bgpTable shows an edge's BGP sessions, and below them what is announced.
func bgpTable(w io.Writer, v *bgp.View) error {
	t := newTable(w, "NEIGHBOR", "ASN", "STATE", "BFD", "SINCE", "ANNOUNCED", "REFUSED")
	for _, n := range v.Neighbors {
		since := ""
		if !n.Since.IsZero() {
			since = n.Since.Local().Format(time.TimeOnly)
		}
		t.row(n.Address, n.ASN, n.State, n.BFD, since, n.Announced, n.Refused)
	}
	fmt.Fprintln(t)
	t.row("PREFIX", "BY")
	for _, p := range v.Prefixes {
		t.row(p, fmt.Sprintf("AS%d, router %s", v.ASN, v.RouterID))
	}
	if err := t.flush(); err != nil || len(v.Prefixes) > 0 {
		return err
	}
	why := "nothing is announced: the edge is not ready"
	if v.Draining {
		why = "nothing is announced: the edge drains"
	}
	return line(w, why)
}
