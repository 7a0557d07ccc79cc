package main

import (
	"io"
	"strings"

	"nitrocard/nic"
)

func natTable(w io.Writer, all []nic.NATView) error {
	t := newTable(w, "NAT GATEWAY", "ENI", "SUBNET", "ADDRESSES", "ACTIVE", "ATTEMPTS", "ESTABLISHED", "PORT ERRORS", "IDLE TIMEOUTS", "OUT", "BACK", "DROPPED")
	for _, v := range all {
		t.row(v.ID, v.ENI, v.Subnet, natAddresses(&v), v.ActiveConnectionCount, v.ConnectionAttemptCount, v.ConnectionEstablishedCount, v.ErrorPortAllocation, v.IdleTimeoutCount,
			traffic(v.PacketsOutToDestination, v.BytesOutToDestination), traffic(v.PacketsOutToSource, v.BytesOutToSource), v.PacketsDropCount)
	}
	return t.flush()
}

// natAddresses are those of a NAT gateway, each with its public one if it has one.
func natAddresses(v *nic.NATView) string {
	all := make([]string, len(v.Addresses))
	for i, a := range v.Addresses {
		if all[i] = a.String(); v.Public[i].IsValid() {
			all[i] += "=" + v.Public[i].String()
		}
	}
	return strings.Join(all, ",")
}

// natMetrics shows all metrics of each NAT gateway, a line for each.
func natMetrics(w io.Writer, all []nic.NATView) error {
	t := newTable(w, "NAT GATEWAY", "METRIC", "SUM")
	for _, v := range all {
		for metric, sum := range v.All() {
			t.row(v.ID, metric, sum)
		}
	}
	return t.flush()
}
