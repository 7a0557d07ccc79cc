package main

import (
	"fmt"
	"io"

	"nitrocard/nic"
)

func flowTable(w io.Writer, flows []nic.FlowView) error {
	t := newTable(w, "ENI", "PROTOCOL", "LOCAL", "", "REMOTE", "STATE", "TRACKED", "IN", "OUT", "AGE", "IDLE", "RULE")
	for _, f := range flows {
		arrow, state, tracked, rule := "<-", f.State, "no", ""
		if f.Initiator == "local" {
			arrow = "->"
		}
		if f.Tracked {
			tracked = "yes"
		}
		if f.Resumed {
			state += " (resumed)"
		}
		if f.Rule != nil {
			rule = f.Rule.Group + ": " + ruleText(f.Rule.Text, f.Removed)
		}
		t.row(f.ENI, f.Protocol, f.Local, arrow, f.Remote, state, tracked,
			traffic(f.PacketsIn, f.BytesIn), traffic(f.PacketsOut, f.BytesOut), life(f.Age), life(f.Idle), rule)
	}
	return t.flush()
}

// ruleText is a rule, and whether it was removed since it let a connection begin.
func ruleText(text string, removed bool) string {
	if removed {
		return text + " (removed)"
	}
	return text
}

func hitTable(w io.Writer, all []nic.Hit) error {
	t := newTable(w, "OBJECT", "DIRECTION", "WHAT", "CONNECTIONS", "PACKETS", "LAST HIT")
	for _, h := range all {
		t.row(h.ID, h.Direction, ruleText(h.What, h.Removed), h.Connections, traffic(h.Packets, h.Bytes), life(h.Idle)+" ago")
	}
	return t.flush()
}

// traffic is packets and bytes of one direction.
func traffic(packets, bytes uint64) string {
	return fmt.Sprintf("%d (%s)", packets, size(bytes))
}
