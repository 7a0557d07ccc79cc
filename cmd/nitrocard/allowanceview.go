package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"nitrocard/nic"
)

// allowanceTable shows counts without the words that all of ENA's names end with.
func allowanceTable(w io.Writer, all []nic.AllowanceView) error {
	t := newTable(w, "INSTANCE", "TYPE", "ENIS", "GBIT/S EACH WAY", "A FLOW, INTERNET", "CREDITS IN, OUT", "PACKETS/S", "CONNECTIONS LEFT", "OVER: BW IN", "BW OUT", "PPS", "CONNTRACK", "LINKLOCAL")
	for _, v := range all {
		t.row(v.Instance, v.InstanceType, strings.Join(v.ENIs, ","), gbits(&v), parts(&v), credits(&v), orAny(v.PacketsPerSecond)+guess(&v, "packets_per_second"), v.ConntrackAvailable,
			v.BwInExceeded, v.BwOutExceeded, v.PpsExceeded, v.ConntrackExceeded, v.LinkLocalExceeded)
	}
	return t.flush()
}

// gbits is an instance's bandwidth each way: "any", "5" or "0.75 up to 10".
func gbits(v *nic.AllowanceView) string {
	switch {
	case v.PeakBandwidthInGbps == 0:
		return "any"
	case v.BaselineBandwidthInGbps == v.PeakBandwidthInGbps:
		return fmt.Sprint(v.PeakBandwidthInGbps)
	}
	return fmt.Sprintf("%v up to %v", v.BaselineBandwidthInGbps, v.PeakBandwidthInGbps)
}

// parts are an instance's bandwidth of one flow, and that to the internet, "" if both are the whole one.
func parts(v *nic.AllowanceView) string {
	flow, internet := cmp.Or(v.FlowBandwidthInGbps, v.PeakBandwidthInGbps), cmp.Or(v.InternetBandwidthInGbps, v.PeakBandwidthInGbps)
	if min(flow, internet) == v.PeakBandwidthInGbps {
		return ""
	}
	return fmt.Sprintf("%v, %v", flow, internet) + guess(v, "internet_bandwidth_in_gbps")
}

// credits are what is left of those to send and receive above the baseline.
func credits(v *nic.AllowanceView) string {
	if v.BaselineBandwidthInGbps == v.PeakBandwidthInGbps {
		return ""
	}
	return fmt.Sprintf("%.0f %%, %.0f %%", 100*v.CreditsIn, 100*v.CreditsOut) + guess(v, "credits")
}

// guess marks a figure that is ours and not AWS's.
func guess(v *nic.AllowanceView, figure string) string {
	if slices.Contains(v.Guesses, figure) {
		return " (guess)"
	}
	return ""
}

// orAny is a limit, and "any" where there is none.
func orAny(limit uint64) string {
	if limit == 0 {
		return "any"
	}
	return fmt.Sprint(limit)
}
