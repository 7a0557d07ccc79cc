package nic

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// dryRun is what an object, in YAML, would do.
func (r *rig) dryRun(kind, object string) DryRun {
	r.Helper()
	return r.dryRunOf(put(r, r.config, kind, object))
}

func (r *rig) dryRunOf(c *vpc.Config) DryRun {
	r.Helper()
	policy := r.card.Policy()
	d, err := r.card.DryRun(context.Background(), c)
	require.NoError(r, err)
	require.Same(r, policy, r.card.Policy(), "nothing changed")
	require.Equal(r, policy.Epoch, d.Epoch)
	return d
}

// one is the only fate, without the numbers of its examples.
func (r *rig) one(d DryRun) Fate {
	r.Helper()
	require.Len(r, d.Fates, 1, "%+v", d.Fates)
	return d.Fates[0]
}

// webAllowing is the group of a1 with no rule but those given.
func webAllowing(rules string) string {
	return `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissions: [` + rules + `], IpPermissionsEgress: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}]}]}`
}

// A tracked connection goes on without its rule, and an untracked flow is cut at once (EC2 User Guide,
// "Security group connection tracking").
func TestADryRunTellsTrackedFromUntracked(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	x.connect("80")
	x.wait(20 * time.Second)
	d := x.dryRun("SecurityGroups", webAllowing(""))
	require.Equal(t, []string{"SecurityGroups sg-a-web"}, d.Changed)
	require.EqualValues(t, 2, d.Connections)
	require.Equal(t, Outcomes{Outlives: 1, Cut: 1}, d.Outcomes)
	lost, left := d.Fates[0], d.Fates[1]
	require.Equal(t, []string{"cut", "both", "security_group_in", "sg-a-web", "tcp 80 from 0.0.0.0/0"}, []string{lost.Outcome, lost.Direction, lost.Reason, lost.ID, lost.What})
	require.Equal(t, []string{"outlives", "inbound", "", "sg-a-web", "tcp 22 from 203.0.113.0/24"}, []string{left.Outcome, left.Direction, left.Reason, left.ID, left.What})
	require.EqualValues(t, 3, lost.Packets)
	require.Equal(t, "10.0.1.5:80", lost.Examples[0].Local)
	require.False(t, lost.Examples[0].Tracked)
	require.InDelta(t, 20, lost.Examples[0].Age, 0.2)

	x.put("SecurityGroups", webAllowing(""))
	x.fromInternet("eni-a1", tcp("22", wire.TCPAck)).passed()
	x.fromInternet("eni-a1", tcp("80", wire.TCPAck)).dropped(pipeline.SecurityGroupIn)
}

// An untracked flow is asked anew, and another rule keeps it.
func TestADryRunTellsWhatIsAskedAnew(t *testing.T) {
	x := newRig(t)
	x.connect("80")
	f := x.one(x.dryRun("SecurityGroups", webAllowing(`{IpProtocol: tcp, FromPort: 0, ToPort: 99, IpRanges: [{CidrIp: 203.0.113.0/24}]}`)))
	require.Equal(t, []string{"asked_anew", "inbound", "sg-a-web", "tcp 0-99 from 203.0.113.0/24"}, []string{f.Outcome, f.Direction, f.ID, f.What})
}

// A network ACL knows no connections: one that lets no answers out cuts them.
func TestADryRunAsksNetworkACLsAboutAnswers(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	const acl = `{NetworkAclId: acl-1, VpcId: vpc-a, Associations: [{SubnetId: subnet-a1}], Entries: [
		{RuleNumber: 7, Egress: false, Protocol: "-1", RuleAction: allow, CidrBlock: 0.0.0.0/0}, {RuleNumber: 9, Egress: true, Protocol: "6", RuleAction: deny, CidrBlock: 203.0.113.0/24, PortRange: {From: 1024, To: 65535}}]}`
	f := x.one(x.dryRun("NetworkAcls", acl))
	require.Equal(t, []string{"cut", "outbound", "network_acl_out", "NetworkAcls", "acl-1", "entry 9"}, []string{f.Outcome, f.Direction, f.Reason, f.Kind, f.ID, f.What})

	x.put("NetworkAcls", acl)
	x.fromGuest("eni-a1", tcpBack("22", wire.TCPAck)).dropped(pipeline.NetworkACLOut)
	f = x.one(x.dryRunOf(remove(t, x.config, "NetworkAcls", "acl-1")))
	require.Equal(t, []string{"admitted", "outbound", "network_acl_out"}, []string{f.Outcome, f.Direction, f.Reason})
	f = x.one(x.dryRun("SecurityGroups", webAllowing(``)))
	require.Equal(t, []string{"barred", "outbound", "network_acl_out", "entry 9"}, []string{f.Outcome, f.Direction, f.Reason, f.What}, "the one that passes inbound does not live")
	both := put(t, put(t, x.config, "SecurityGroups", webAllowing(``)), "NetworkAcls", strings.Replace(acl, "RuleAction: allow", "RuleAction: deny", 1))
	require.Equal(t, Outcomes{Barred: 1}, x.dryRunOf(both).Outcomes, "cuts nothing that lives")
	swapped := strings.NewReplacer("RuleAction: allow", "RuleAction: deny", "RuleAction: deny", "RuleAction: allow").Replace(acl)
	require.Equal(t, Outcomes{Barred: 1}, x.dryRun("NetworkAcls", swapped).Outcomes, "and lets nothing live")
	x.remove("NetworkAcls", "acl-1")
	x.fromGuest("eni-a1", tcpBack("22", wire.TCPAck)).passed()
}

// A route that goes takes the answers with it, and one that leads elsewhere says so.
func TestADryRunFollowsRoutes(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	const local = `{DestinationCidrBlock: 10.0.0.0/16, GatewayId: local}`
	f := x.one(x.dryRun("RouteTables", `{RouteTableId: rtb-a1, VpcId: vpc-a, Associations: [{Main: true}], Routes: [`+local+`]}`))
	require.Equal(t, []string{"cut", "outbound", "no_route", "RouteTables", "rtb-a1", "no route"}, []string{f.Outcome, f.Direction, f.Reason, f.Kind, f.ID, f.What})

	f = x.one(x.dryRun("RouteTables", `{RouteTableId: rtb-a1, VpcId: vpc-a, Associations: [{Main: true}], Routes: [`+local+`, {DestinationCidrBlock: 0.0.0.0/0, NetworkInterfaceId: eni-a4}]}`))
	require.Equal(t, []string{"rerouted", "outbound", "", "RouteTables", "rtb-a1", "0.0.0.0/0 to eni-a4"}, []string{f.Outcome, f.Direction, f.Reason, f.Kind, f.ID, f.What})
}

// The internet goes on to send to a public address that the ENI has no more.
func TestADryRunOfAPublicAddressThatGoes(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	f := x.one(x.dryRun("NetworkInterfaces", `{NetworkInterfaceId: eni-a1, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:01", PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.5}], Groups: [{GroupId: sg-a-web}], Attachment: {InstanceId: i-a1}}`))
	require.Equal(t, []string{"cut", "both"}, []string{f.Outcome, f.Direction})
	f = x.one(x.dryRunOf(remove(t, x.config, "NetworkInterfaces", "eni-a1")))
	require.Equal(t, []string{"cut", "both", "unknown_mac"}, []string{f.Outcome, f.Direction, f.Reason})
}

// A connection between two ENIs of the card is one of each, and an ENI that moves to another server
// takes its side along.
func TestADryRunOfAnENIThatMoves(t *testing.T) {
	x := newRig(t)
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:1", "10.0.2.8:5432").Flags(wire.TCPSyn)).delivered("eni-a4")
	x.fromGuest("eni-a4", wiretest.TCP("10.0.2.8:5432", "10.0.1.5:1").Flags(wire.TCPSyn|wire.TCPAck)).delivered("eni-a1")
	d := x.dryRunOf(x.moved("eni-a4"))
	require.EqualValues(t, 2, d.Connections)
	require.Equal(t, Outcomes{Kept: 1, Moves: 1}, d.Outcomes)
}

// A rule is unused until it lets a connection begin, and stays used when the connection has ended.
func TestADryRunTellsUnusedRules(t *testing.T) {
	x := newRig(t)
	unused := func() (all []string) {
		for _, u := range x.dryRunOf(x.config).Unused {
			if u.Kind == "SecurityGroups" {
				all = append(all, u.ID+" "+u.What)
			}
		}
		return all
	}
	require.Contains(t, unused(), "sg-a-web tcp 22 from 203.0.113.0/24")
	require.NotContains(t, unused(), "sg-a-web tcp 22 from 0.0.0.0/0")
	before := len(unused())
	x.connect("22")
	x.wait(6 * 24 * time.Hour)
	require.Empty(t, x.card.Flows(FlowFilter{}))
	x.put("SecurityGroups", `{GroupId: sg-none, GroupName: none, VpcId: vpc-a, IpPermissions: [{IpProtocol: tcp, FromPort: 1, ToPort: 1, IpRanges: [{CidrIp: 0.0.0.0/0}]}]}`)
	require.NotContains(t, unused(), "sg-a-web tcp 22 from 203.0.113.0/24")
	require.Len(t, unused(), before-1, "the rules of a group that no ENI has are not the card's")
}

// A change of nothing cuts nothing, and a wrong one is refused as Apply refuses it.
func TestADryRunOfNothing(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	x.connect("80")
	d := x.dryRunOf(x.config)
	require.Equal(t, Outcomes{Kept: 1, AskedAnew: 1}, d.Outcomes)
	bad := *x.config
	bad.Placement.Allowances = allowances{"i-a1": {Connections: 5000}}
	_, err := x.card.DryRun(context.Background(), &bad)
	require.ErrorContains(t, err, "the card tracks 1024 at most")
	ended, end := context.WithCancel(context.Background())
	end()
	_, err = x.card.DryRun(ended, x.config)
	require.ErrorIs(t, err, context.Canceled)
}

// A connection that has ended is not cut: nobody misses it.
func TestADryRunCutsNoneThatHaveEnded(t *testing.T) {
	for _, c := range []struct {
		state string
		ends  func(x *rig)
	}{
		{"CLOSED", func(x *rig) { x.fromGuest("eni-a1", tcpBack("22", wire.TCPRst|wire.TCPAck)).passed() }},
		{"TIME_WAIT", func(x *rig) {
			x.fromGuest("eni-a1", tcpBack("22", wire.TCPFin|wire.TCPAck)).passed()
			x.fromInternet("eni-a1", tcp("22", wire.TCPFin|wire.TCPAck)).passed()
			x.fromGuest("eni-a1", tcpBack("22", wire.TCPAck)).passed()
		}},
	} {
		x := newRig(t)
		x.connect("22")
		c.ends(x)
		require.Equal(t, c.state, x.card.Flows(FlowFilter{})[0].State)
		d := x.dryRunOf(remove(t, x.config, "NetworkInterfaces", "eni-a1"))
		require.Equal(t, Outcomes{Ended: 1}, d.Outcomes, c.state)
		require.Empty(t, d.Fates, c.state)
	}
}

// applier is a context that changes the configuration whenever a dry run asks for its end, so many times.
type applier struct {
	context.Context
	x     *rig
	times int
}

func (a *applier) Err() error {
	if a.times > 0 {
		a.times--
		a.x.put("SecurityGroups", webAllowing([]string{"", webPort80}[a.times%2]))
		a.x.fromInternet("eni-a1", tcp("80", wire.TCPAck))
	}
	return nil
}

const webPort80 = `{IpProtocol: tcp, FromPort: 80, ToPort: 80, IpRanges: [{CidrIp: 0.0.0.0/0}]}`

// A dry run that others overtake looks again, and tells of the configuration in force by then, or says
// that it tells nothing.
func TestADryRunThatIsOvertaken(t *testing.T) {
	x := newRig(t)
	x.connect("80")
	shut := put(t, x.config, "SecurityGroups", webAllowing(""))
	d, err := x.card.DryRun(&applier{t.Context(), x, 1}, shut)
	require.NoError(t, err)
	require.Equal(t, x.card.Policy().Epoch, d.Epoch)
	require.Equal(t, Outcomes{Barred: 1}, d.Outcomes, "the change that overtook shut the port")
	_, err = x.card.DryRun(&applier{t.Context(), x, 1 << 20}, shut)
	require.ErrorIs(t, err, ErrChangedMeanwhile)
}

// A record of the epoch that the change will have, if others change the configuration first, is asked
// anew.
func TestADryRunHasAnEpochOfItsOwn(t *testing.T) {
	x := newRig(t)
	x.connect("80")
	policy, before, err := x.card.compile(func(r *vpc.Region) (*vpc.Region, error) {
		return r.Become(put(t, x.config, "SecurityGroups", webAllowing("")))
	})
	require.NoError(t, err)
	x.put("SecurityGroups", webAllowing(webPort80))
	x.fromInternet("eni-a1", tcp("80", wire.TCPAck)).passed()
	seen, _, _ := x.card.look(nil, 0)
	require.Equal(t, policy.Epoch, seen[0].Conn.Epoch)
	require.Equal(t, pipeline.SecurityGroupIn, x.card.crew.DryRun(before, policy).Next(&seen[0].Known, wire.In).Verdict)
}

// Beyond the most reasons that are told apart, connections are counted by their outcome, and the dry run
// says so.
func TestADryRunOfMoreReasonsThanItTells(t *testing.T) {
	f := &ledger{causes: map[cause]*tally{}}
	for n := range 3 * MostReasons / 2 {
		f.tally(cause{outcome: outcome(n%2) + outlives, id: strconv.Itoa(n)}).connections++
	}
	require.Len(t, f.causes, MostReasons+2)
	for _, o := range []outcome{outlives, rerouted} {
		v := f.fate(&cause{outcome: o, others: true}, f.causes[cause{outcome: o, others: true}])
		require.Equal(t, Fate{Outcome: outcomeNames[o], Others: true, Connections: MostReasons / 4, Examples: []FlowView{}}, v)
	}
}

// A tracked connection that has been idle for longer than a shorter timeout lets it be ends soon after the
// change; one that has not goes on.
func TestADryRunOfAShorterTimeout(t *testing.T) {
	x := newRig(t)
	x.connect("22") // with a timeout of 350 s
	x.wait(100 * time.Second)
	eni := func(timeout string) string {
		return `{NetworkInterfaceId: eni-a1, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:01", PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.5, Association: {PublicIp: 35.72.2.8}}], Groups: [{GroupId: sg-a-web}], Attachment: {InstanceId: i-a1}, ConnectionTrackingConfiguration: {TcpEstablishedTimeout: ` + timeout + `}}`
	}
	for _, kept := range []string{"350", "101", "1000"} {
		require.Equal(t, Outcomes{Kept: 1}, x.dryRun("NetworkInterfaces", eni(kept)).Outcomes, kept)
	}
	f := x.one(x.dryRun("NetworkInterfaces", eni("60")))
	require.Equal(t, []string{"expires", "both", "NetworkInterfaces", "eni-a1", "TcpEstablishedTimeout 60 s instead of 350 s"}, []string{f.Outcome, f.Direction, f.Kind, f.ID, f.What})
	x.put("NetworkInterfaces", eni("60"))
	x.wait(18 * time.Second)
	require.Empty(t, x.card.Flows(FlowFilter{}))
}

// An entry of a network ACL is unused until it decides about a packet, a route until a packet takes it, and both
// stay used when their object changes beside them. A dry run uses nothing.
func TestADryRunTellsUnusedEntriesAndRoutes(t *testing.T) {
	x := newRig(t)
	unused := func() (all []string) {
		x.connect("22")
		for _, u := range x.dryRunOf(x.config).Unused {
			if u.Kind != "SecurityGroups" {
				all = append(all, u.ID+" "+u.What)
			}
		}
		return all
	}
	routes := []string{"rtb-a1 192.0.2.0/24 to nat-gone", "rtb-a1 198.51.100.0/24 to tgw-1", "rtb-a1 ::/0 to igw-a"}
	isB := "rtb-b 0.0.0.0/0 to igw-b"
	require.ElementsMatch(t, append([]string{isB}, routes...), unused(), "the answers to the client took the route to the internet")
	acl := func(more string) string {
		return `{NetworkAclId: acl-1, VpcId: vpc-a, Associations: [{SubnetId: subnet-a1}], Entries: [{RuleNumber: 5, Egress: false, Protocol: "17", RuleAction: deny, CidrBlock: 0.0.0.0/0, PortRange: {From: 53, To: 53}},
			{RuleNumber: 7, Egress: false, Protocol: "-1", RuleAction: allow, CidrBlock: 203.0.113.0/24}, {RuleNumber: 1, Egress: true, Protocol: "-1", RuleAction: allow, CidrBlock: 0.0.0.0/0}` + more + `]}`
	}
	x.put("NetworkAcls", acl(""))
	require.Contains(t, unused(), "acl-1 inbound entry 5")
	require.NotContains(t, unused(), "acl-1 inbound entry 7")
	require.NotContains(t, unused(), "acl-1 outbound entry 1", "which lets everything pass, and is not asked")
	x.fromInternet("eni-a1", wiretest.UDP(client+":53", "35.72.2.8:53")).dropped(pipeline.NetworkACLIn)
	require.NotContains(t, unused(), "acl-1 inbound entry 5")
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:1", "192.0.2.1:443").Flags(wire.TCPSyn)).dropped(pipeline.Blackhole)
	require.NotContains(t, unused(), routes[0])

	x.wait(6 * 24 * time.Hour)
	x.put("NetworkAcls", acl(`, {RuleNumber: 6, Egress: false, Protocol: "-1", RuleAction: deny, CidrBlock: 192.0.2.0/24}`))
	x.put("RouteTables", `{RouteTableId: rtb-a1, VpcId: vpc-a, Associations: [{Main: true}], Routes: [{DestinationCidrBlock: 192.0.2.0/24, NatGatewayId: nat-gone, State: blackhole}, {DestinationCidrBlock: 198.51.100.0/24, TransitGatewayId: tgw-2}, {DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-a}]}`)
	require.ElementsMatch(t, []string{"acl-1 inbound entry 6", "rtb-a1 198.51.100.0/24 to tgw-2", isB}, unused())
}

// What a change newly allows and newly denies is told by rule, whatever lives: an ENI's groups are one, so
// that what another group allows is not newly denied.
func TestADryRunTellsAccessByRule(t *testing.T) {
	x := newRig(t)
	access := func(c *vpc.Config) (all []string) {
		for _, a := range x.dryRunOf(c).Access {
			all = append(all, strings.Join([]string{a.Outcome, a.Direction, a.ID, a.What, strings.Join(a.Parts, " "), strings.Join(a.Examples, " ")}, "|"))
		}
		return all
	}
	require.Empty(t, access(x.config))
	require.Empty(t, access(x.moved("eni-a4")))
	x.put("SecurityGroups", webAllowing(webPort80))
	wider := put(t, x.config, "SecurityGroups", webAllowing(`{IpProtocol: tcp, FromPort: 70, ToPort: 79, IpRanges: [{CidrIp: 0.0.0.0/0}]}, {IpProtocol: tcp, FromPort: 80, ToPort: 80, IpRanges: [{CidrIp: 128.0.0.0/1}]}`))
	require.ElementsMatch(t, []string{
		"allowed|inbound|sg-a-web|tcp 70-79 from 0.0.0.0/0||eni-a1 eni-a2",
		"denied|inbound|sg-a-web|tcp 80 from 0.0.0.0/0|tcp 80 from 0.0.0.0/1|eni-a1 eni-a2",
	}, access(wider))
	joins := put(t, x.config, "NetworkInterfaces", `{NetworkInterfaceId: eni-a4, SubnetId: subnet-a2, MacAddress: "06:00:00:00:0a:04", PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.2.8}], Groups: [{GroupId: sg-a-db}, {GroupId: sg-a-web}], Attachment: {InstanceId: i-a4}}`)
	require.ElementsMatch(t, []string{
		"allowed|inbound|sg-a-web|tcp 80 from 0.0.0.0/0||eni-a4",
		"allowed|outbound|sg-a-web|all to 0.0.0.0/0|tcp 0-442 to 0.0.0.0/0 tcp 444-65535 to 0.0.0.0/0 udp 0-65535 to 0.0.0.0/0 icmp to 0.0.0.0/0 protocols 0-255 to 0.0.0.0/0|eni-a4",
	}, access(joins))
}

// An ENI that leaves a group cuts no connection that its rules allowed, for it is tracked; and no other begins.
func TestADryRunOfAMemberThatLeaves(t *testing.T) {
	x := newRig(t)
	x.send(Uplink, x.tunnel(serverY, "eni-a4", wiretest.TCP("10.0.1.7:40000", "10.0.2.8:5432").Flags(wire.TCPSyn))).passed()
	d := x.dryRun("NetworkInterfaces", `{NetworkInterfaceId: eni-a5, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:05", Ipv6Addresses: [{Ipv6Address: "2001:db8:a:1::7"}],
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.7}], Groups: [{GroupId: sg-a-db}], Attachment: {InstanceId: i-a5}}`)
	require.Equal(t, Outcomes{Outlives: 1}, d.Outcomes)
	require.Equal(t, []Access{{
		Outcome: "denied", Direction: "inbound", Decider: Decider{"SecurityGroups", "sg-a-db", "tcp 5432 from sg-a-web"},
		Parts: []string{"tcp 5432 from 10.0.1.7/32", "tcp 5432 from 2001:db8:a:1::7/128"}, ENIs: 1, Examples: []string{"eni-a4"},
	}}, d.Access)
}

// A route of a gateway's table is unused until it leads a packet that comes into the VPC, and is named where it leads
// packets nowhere.
func TestADryRunTellsRoutesOfGateways(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	inward := func(route string) string {
		return `{RouteTableId: rtb-in, VpcId: vpc-a, Associations: [{GatewayId: igw-a}], Routes: [{DestinationCidrBlock: 10.0.0.0/16, GatewayId: local}` + route + `]}`
	}
	route := Decider{"RouteTables", "rtb-in", "10.0.1.0/24 to eni-a2"}
	toA2 := inward(`, {DestinationCidrBlock: 10.0.1.0/24, NetworkInterfaceId: eni-a2}`)
	f := x.one(x.dryRun("RouteTables", toA2))
	require.Equal(t, []string{"cut", "inbound", "blackhole"}, []string{f.Outcome, f.Direction, f.Reason})
	require.Equal(t, route, Decider{f.Kind, f.ID, f.What})

	x.put("RouteTables", inward(""))
	all, err := x.card.Hits(t.Context())
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(all, func(h Hit) bool {
		return h.ID == "rtb-in" && h.Direction == "inbound" && strings.HasPrefix(h.What, "10.0.0.0/16 to ") && h.Packets > 0
	}), "%+v", all)

	x.put("RouteTables", toA2)
	require.Contains(t, x.dryRunOf(x.config).Unused, route)
	x.fromInternet("eni-a1", tcp("22", wire.TCPSyn)).dropped(pipeline.Blackhole)
	require.NotContains(t, x.dryRunOf(x.config).Unused, route)
}
