package nic

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// A dry run asks the NAT gateway's ENI, too, about each connection through it, and what it tells holds: a
// connection is cut if, after the change, its packets do not pass both ways.
func TestADryRunOfANATGateway(t *testing.T) {
	acl := func(entry string) func(*rig) *vpc.Config {
		return func(x *rig) *vpc.Config {
			return put(x, x.config, "NetworkAcls", `{NetworkAclId: acl-1, VpcId: vpc-a, Associations: [{SubnetId: subnet-a1}], Entries: [`+entry+`,
				{RuleNumber: 200, Egress: false, Protocol: "-1", RuleAction: allow, CidrBlock: 0.0.0.0/0}, {RuleNumber: 200, Egress: true, Protocol: "-1", RuleAction: allow, CidrBlock: 0.0.0.0/0}]}`)
		}
	}
	for _, c := range []struct {
		what     string
		change   func(x *rig) *vpc.Config
		outcomes Outcomes // of two: the client's, and the gateway's
		fate     string   // the first
	}{
		{"nothing", func(x *rig) *vpc.Config { return x.config }, Outcomes{Kept: 2}, ""},
		{"gateway", func(x *rig) *vpc.Config {
			c := put(x, x.config, "RouteTables", strings.Replace(natRoute, "NatGatewayId: nat-1", "NatGatewayId: nat-1, State: blackhole", 1))
			return remove(x, c, "NatGateways", "nat-1")
		}, Outcomes{Cut: 2}, "cut outbound blackhole RouteTables rtb-a2 0.0.0.0/0 to nat-1"},
		{"route", func(x *rig) *vpc.Config {
			return put(x, x.config, "RouteTables", `{RouteTableId: rtb-a2, VpcId: vpc-a, Associations: [{SubnetId: subnet-a2}], Routes: [{DestinationCidrBlock: 10.0.0.0/16, GatewayId: local}]}`)
		}, Outcomes{Cut: 1, Kept: 1}, "cut outbound no_route RouteTables rtb-a2"},
		{"the gateway's route", func(x *rig) *vpc.Config {
			return put(x, x.config, "RouteTables", `{RouteTableId: rtb-a1, VpcId: vpc-a, Associations: [{Main: true}], Routes: [{DestinationCidrBlock: 10.0.0.0/16, GatewayId: local}]}`)
		}, Outcomes{Cut: 1, Kept: 1}, "cut"},
		{"address", func(x *rig) *vpc.Config {
			c := put(x, x.config, "NetworkInterfaces", strings.ReplaceAll(natENI, natAddr, "10.0.1.18"))
			return put(x, c, "NatGateways", strings.ReplaceAll(natGateway, natAddr, "10.0.1.18"))
		}, Outcomes{Cut: 1, Kept: 1}, "cut both nat_unknown"},
		{"public address", func(x *rig) *vpc.Config {
			c := put(x, x.config, "NetworkInterfaces", strings.ReplaceAll(natENI, natPublic, "35.72.2.99"))
			return put(x, c, "NatGateways", strings.ReplaceAll(natGateway, natPublic, "35.72.2.99"))
		}, Outcomes{Cut: 1, Kept: 1}, "cut inbound"},
		{"way in", acl(`{RuleNumber: 100, Egress: false, Protocol: "6", RuleAction: deny, CidrBlock: 10.0.2.0/24, PortRange: {From: 443, To: 443}}`), Outcomes{Cut: 1, Kept: 1}, "cut outbound network_acl_in NetworkAcls acl-1 entry 100"},
		{"way out", acl(`{RuleNumber: 100, Egress: true, Protocol: "6", RuleAction: deny, CidrBlock: 203.0.113.0/24, PortRange: {From: 443, To: 443}}`), Outcomes{Cut: 1, Kept: 1}, "cut outbound network_acl_out NetworkAcls acl-1 entry 100"},
		{"answers", acl(`{RuleNumber: 100, Egress: false, Protocol: "6", RuleAction: deny, CidrBlock: 203.0.113.0/24, PortRange: {From: 1024, To: 65535}}`), Outcomes{Cut: 1, Kept: 1}, "cut inbound network_acl_in NetworkAcls acl-1 entry 100"},
		{"answers' way out", acl(`{RuleNumber: 100, Egress: true, Protocol: "6", RuleAction: deny, CidrBlock: 10.0.2.0/24, PortRange: {From: 1024, To: 65535}}`), Outcomes{Cut: 1, Kept: 1}, "cut inbound network_acl_out NetworkAcls acl-1 entry 100"},
	} {
		x := natRig(t, Options{Card: "x"})
		out := wiretest.TCP("10.0.2.8:40000", client+":443")
		_, h := x.out(out.Flags(wire.TCPSyn))
		back := wiretest.TCP(client+":443", natPublic+":"+port(h.SrcPort))
		x.back(back.Flags(wire.TCPSyn | wire.TCPAck))
		x.out(out.Flags(wire.TCPAck))
		x.back(back.Flags(wire.TCPAck).Payload("page"))

		config := c.change(x)
		d := x.dryRunOf(config)
		require.Equal(t, c.outcomes, d.Outcomes, "%s: %+v", c.what, d.Fates)
		require.EqualValues(t, 2, d.Connections, c.what)
		if c.fate != "" {
			f := d.Fates[0]
			require.Contains(t, strings.Join([]string{f.Outcome, f.Direction, f.Reason, f.Kind, f.ID, f.What}, " "), c.fate, c.what)
		}
		for _, f := range d.Fates {
			for _, e := range f.Examples {
				if e.ENI == "eni-nat" {
					require.Equal(t, []string{"10.0.2.8:40000", natAddr + ":" + port(h.SrcPort), client + ":443", "ESTABLISHED"}, []string{e.Local, e.By, e.Remote, e.State})
				}
			}
		}
		x.apply(config)
		a4 := x.eni("eni-a4")
		went, _ := x.through("eni-a4", out.Flags(wire.TCPAck).MACs(a4.MAC, a4.RouterMAC).Bytes())
		came := []byte(nil)
		if went != nil && x.eni("eni-nat") != nil {
			came, _ = x.through(Uplink, x.tunnel(edge, "eni-nat", back.Flags(wire.TCPAck)))
		}
		require.Equal(t, c.outcomes.Cut > 0, went == nil || came == nil, c.what)
	}
}
