package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"nitrocard/nic"
	"nitrocard/nic/follow"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

func eniTable(w io.Writer, enis []nic.ENIView) error {
	t := newTable(w, "ENI", "INSTANCE", "VPC", "VNI", "SUBNET", "MAC", "ADDRESSES", "SECURITY GROUPS", "PORT", "CONNECTIONS")
	for _, e := range enis {
		t.row(e.ID, e.Instance, e.VPC, e.VNI, e.Subnet, e.MAC, addresses(&e), strings.Join(e.SecurityGroups, ","),
			e.Port, fmt.Sprintf("%d of %d", e.Connections, e.Allowance))
	}
	return t.flush()
}

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

// addresses are an ENI's, each with its public one if it has one.
func addresses(e *nic.ENIView) string {
	all := slices.Clone(e.Addresses)
	for i, public := range e.Public {
		if i < len(all) && public != "" {
			all[i] += "=" + public
		}
	}
	return strings.Join(all, ",")
}

func groupTable(w io.Writer, groups []ec2.SecurityGroup) error {
	t := newTable(w, "SECURITY GROUP", "NAME", "VPC", "INBOUND", "OUTBOUND", "DESCRIPTION")
	for _, g := range groups {
		t.row(g.GroupId, g.GroupName, g.VpcId, plural(len(g.IpPermissions), "rule"), plural(len(g.IpPermissionsEgress), "rule"), g.Description)
	}
	return t.flush()
}

// ruleTable shows what each group allows, one line for each peer.
func ruleTable(w io.Writer, groups []ec2.SecurityGroup) error {
	t := newTable(w, "SECURITY GROUP", "DIRECTION", "PROTOCOL", "PORTS", "PEER", "DESCRIPTION")
	for _, g := range groups {
		for _, p := range g.IpPermissions {
			ruleRows(t, g.GroupId, "inbound", &p)
		}
		for _, p := range g.IpPermissionsEgress {
			ruleRows(t, g.GroupId, "outbound", &p)
		}
	}
	return t.flush()
}

func ruleRows(t table, group, direction string, p *ec2.IpPermission) {
	row := func(peer, description string) {
		t.row(group, direction, protocol(p), ports(p), peer, description)
	}
	for _, r := range p.IpRanges {
		row(r.CidrIp.String(), r.Description)
	}
	for _, r := range p.Ipv6Ranges {
		row(r.CidrIpv6.String(), r.Description)
	}
	for _, l := range p.PrefixListIds {
		row(l.PrefixListId, l.Description)
	}
	for _, g := range p.UserIdGroupPairs {
		row(g.GroupId, g.Description)
	}
}

func protocol(p *ec2.IpPermission) string {
	if p.IpProtocol == "-1" {
		return "all"
	}
	return p.IpProtocol
}

// ports are a permission's; of ICMP, type and code.
func ports(p *ec2.IpPermission) string {
	switch {
	case p.FromPort == nil || p.ToPort == nil || *p.FromPort == -1:
		return "all"
	case strings.HasPrefix(p.IpProtocol, "icmp") && *p.ToPort == -1:
		return fmt.Sprintf("type %d", *p.FromPort)
	case strings.HasPrefix(p.IpProtocol, "icmp"):
		return fmt.Sprintf("type %d code %d", *p.FromPort, *p.ToPort)
	case *p.FromPort == *p.ToPort:
		return fmt.Sprint(*p.FromPort)
	}
	return fmt.Sprintf("%d-%d", *p.FromPort, *p.ToPort)
}

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

func portTable(w io.Writer, all []nic.PortView) error {
	t := newTable(w, "NAME", "PORT", "LINK", "MAC", "MTU", "RECEIVED", "SENT", "CONSUMED", "DROPPED", "DELIVERED", "BYTES IN", "BYTES OUT")
	for _, p := range all {
		var dropped uint64
		for _, n := range p.Dropped {
			dropped += n
		}
		t.row(p.Name, p.Port, p.Link, macText(p.MAC), p.MTU, p.Received, p.Sent, p.Consumed, dropped, p.Delivered,
			size(p.Driver.RxBytes), size(p.Driver.TxBytes))
	}
	return t.flush()
}

// macText leaves out the address that ports without one have.
func macText(m wire.MAC) string {
	if m.IsZero() {
		return ""
	}
	return m.String()
}

func dropTable(w io.Writer, d *nic.DropsView) error {
	t := newTable(w, "REASON", "PACKETS", "ENIS", "IN WORDS")
	for _, r := range d.Reasons {
		t.row(r.Reason, r.Packets, byENI(r.ENIs), r.Sentence)
	}
	if err := t.flush(); err != nil || len(d.Last) == 0 {
		return err
	}
	fmt.Fprintln(w)
	t = newTable(w, "TIME", "PORT", "ENI", "PROTOCOL", "SOURCE", "DESTINATION", "REASON", "ASKED")
	for _, l := range d.Last {
		t.row(l.Time.Format("15:04:05.000"), l.Port, l.ENI, l.Protocol, l.Source, l.Destination, l.Reason, l.DeniedBy())
	}
	return t.flush()
}

// workerTable shows gaps in microseconds.
func workerTable(w io.Writer, all []nic.WorkerView) error {
	t := newTable(w, "WORKER", "CPU", "PORTS", "BURSTS", "PACKETS", "A BURST", "BUSY", "SLEEPS", "GAP P50", "P99", "P99.9", "P99.99", "MAX")
	us := func(gap float64) string { return fmt.Sprintf("%.1f µs", gap) }
	for _, o := range all {
		cpu := "any"
		if o.CPU >= 0 {
			cpu = strconv.Itoa(o.CPU)
		}
		t.row(o.Worker, cpu, strings.Join(o.Ports, ","), o.Bursts, o.Packets, fmt.Sprintf("%.1f", o.PacketsPerBurst),
			fmt.Sprintf("%.0f %%", 100*o.Busy), o.Sleeps, us(o.Gaps.P50), us(o.Gaps.P99), us(o.Gaps.P999), us(o.Gaps.P9999), us(o.Gaps.Max))
	}
	return t.flush()
}

// hostTable lists the cards and edges of a controller.
func hostTable(w io.Writer, all []follow.HostView) error {
	t := newTable(w, "HOST", "ROLE", "ZONE", "RACK", "VTEP", "ENIS", "CONNECTED", "REVISION", "BEHIND", "LAG", "REPORTED", "ROOT", "ERROR")
	for _, h := range all {
		reported, lag, root := "", "", ""
		if !h.Reported.IsZero() {
			reported = h.Reported.Local().Format(time.TimeOnly)
		}
		if h.Behind > 0 {
			lag = age(h.Lag)
		}
		if h.Root > 0 {
			root = fmt.Sprint(h.Root)
		}
		t.row(h.Name, h.Role, h.Zone, h.Rack, h.Vtep, h.ENIs, map[bool]string{true: "yes", false: "no"}[h.Connected], h.Revision, h.Behind, lag, reported, root, h.Error)
	}
	return t.flush()
}

// byENI tells which ENIs had how many, the most first.
func byENI(counts map[string]uint64) string {
	ids := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for i, id := range ids {
		ids[i] = fmt.Sprintf("%s:%d", id, counts[id])
	}
	return strings.Join(ids, ",")
}
