package pipeline

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// The internet gateway lets nothing from or to addresses of RFC 1918 and RFC 6598 pass, and
// their neighbors, which are public, it does.
func TestTheInternetGatewayKnowsNoPrivateAddresses(t *testing.T) {
	for addr, private := range map[string]bool{
		"9.255.255.255": false, "10.255.255.254": true, "11.0.0.0": false, "100.63.255.255": false, "100.64.0.0": true, "100.127.255.255": true, "100.128.0.0": false,
		"172.15.255.255": false, "172.16.0.1": true, "172.31.255.255": true, "172.32.0.0": false, "192.167.0.1": false, "192.168.255.255": true, "192.169.0.0": false,
	} {
		x := newRig(t)
		in, out := x.fromInternet("eni-a1", wiretest.TCP(addr+":1", "35.72.2.8:80").Flags(wire.TCPSyn)), wiretest.UDP("10.0.1.5:1", addr+":53")
		switch {
		case !private:
			in.delivered("eni-a1")
			x.fromGuest("eni-a1", out).tunneled(edge, vniA)
		default:
			in.dropped(PrivateInternet)
			x.fromGuest("eni-a1", out).dropped(PrivateInternet)
		}
	}
}

// Two instances that use each other's public addresses go out and in again at the internet
// gateway: each sees the other's public address and its own private one, on one card and
// on two, also by secondary addresses.
func TestPublicAddressesOfOneAnother(t *testing.T) {
	x, y := newRig(t), newRigOf(t, "y", room)
	for _, r := range []*rig{x, y} {
		r.put("Addresses", `{PublicIp: 35.72.2.50, NetworkInterfaceId: eni-a5, PrivateIpAddress: 10.0.1.7}`)
		r.put("SecurityGroups", `{GroupId: sg-b-web, GroupName: web, VpcId: vpc-b, IpPermissions: [{IpProtocol: tcp, FromPort: 80, ToPort: 80, IpRanges: [{CidrIp: 35.72.2.0/24}]}]}`)
	}
	for _, c := range []struct {
		from, public, to, remote string
		at                       *rig
	}{
		{"10.0.1.5", "35.72.2.8", "eni-b1", "54.168.7.7", x},
		{"10.0.1.15", "35.72.2.9", "eni-b1", "54.168.7.7", x},
		{"10.0.1.5", "35.72.2.8", "eni-a5", "35.72.2.50", y},
		{"10.0.1.15", "35.72.2.9", "eni-a5", "35.72.2.50", y},
	} {
		private := c.at.eni(c.to).Primary.String()
		for range 2 {
			syn := wiretest.TCP(c.from+":40000", c.remote+":80").Flags(wire.TCPSyn)
			left := header(t, x.fromGuest("eni-a1", syn).tunneled(edge, vniA))
			require.Equal(t, []string{c.public, c.remote}, []string{left.Src.String(), left.Dst.String()})
			came := header(t, c.at.fromInternet(c.to, wiretest.TCP(c.public+":40000", c.remote+":80").Flags(wire.TCPSyn)).delivered(c.to))
			require.Equal(t, []string{c.public, private}, []string{came.Src.String(), came.Dst.String()})
			left = header(t, c.at.fromGuest(c.to, wiretest.TCP(private+":80", c.public+":40000").Flags(wire.TCPSyn|wire.TCPAck)).tunneled(edge, c.at.eni(c.to).VNI))
			require.Equal(t, []string{c.remote, c.public}, []string{left.Src.String(), left.Dst.String()})
			came = header(t, x.fromInternet("eni-a1", wiretest.TCP(c.remote+":80", c.public+":40000").Flags(wire.TCPSyn|wire.TCPAck)).delivered("eni-a1"))
			require.Equal(t, []string{c.remote, c.from}, []string{came.Src.String(), came.Dst.String()})
		}
	}
}

// An address of a delegated prefix has a public address of its own, and one without is
// dropped at the internet gateway.
func TestAnAddressOfAPrefixHasItsOwnPublicAddress(t *testing.T) {
	x := newRig(t)
	x.put("NetworkInterfaces", `{NetworkInterfaceId: eni-a2, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:02", PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.6}],
		Ipv4Prefixes: [{Ipv4Prefix: 10.0.1.64/28}], Groups: [{GroupId: sg-a-web}], Attachment: {InstanceId: i-a2}}`)
	x.put("Addresses", `{PublicIp: 35.72.2.51, NetworkInterfaceId: eni-a2, PrivateIpAddress: 10.0.1.66}`)
	left := header(t, x.fromGuest("eni-a2", wiretest.UDP("10.0.1.66:9", client+":53")).tunneled(edge, vniA))
	require.Equal(t, "35.72.2.51", left.Src.String())
	came := header(t, x.fromInternet("eni-a2", wiretest.UDP(client+":53", "35.72.2.51:9")).delivered("eni-a2"))
	require.Equal(t, "10.0.1.66", came.Dst.String())
	for _, src := range []string{"10.0.1.6", "10.0.1.67"} {
		x.fromGuest("eni-a2", wiretest.UDP(src+":9", client+":53")).dropped(NoPublicAddress)
	}
}

// EC2 blocks TCP port 25 towards public addresses and IPv6, and not towards the VPC's
// primary block nor private addresses; a switch of Placement opens it.
func TestPort25IsBlockedTowardsTheInternet(t *testing.T) {
	x := newRig(t)
	policy, a1 := x.policy(), x.eni("eni-a1")
	for addr, want := range map[string]Verdict{
		client: Port25Blocked, "2001:db8::1": Port25Blocked, a2v6: Port25Blocked, "64:ff9b::1": Port25Blocked, "fd00::1": next, "fe80::1": Port25Blocked,
		"10.9.9.9": next, "172.31.0.1": next, "192.168.0.1": next, "100.64.0.1": next,
	} {
		require.Equal(t, want.String(), judgeMail(policy, a1, wire.AddrFrom(netip.MustParseAddr(addr))).String(), addr)
	}
	mail := wiretest.TCP("10.0.1.5:40000", client+":25")
	x.fromGuest("eni-a1", mail.Flags(wire.TCPSyn)).dropped(Port25Blocked)
	x.fromGuest("eni-a1", wiretest.UDP("10.0.1.5:40000", client+":25")).tunneled(edge, vniA)
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:25", client+":40000").Flags(wire.TCPSyn)).tunneled(edge, vniA)
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:40000", "10.0.1.6:25").Flags(wire.TCPSyn)).dropped(SecurityGroupIn)
	c := *x.config
	c.Placement.Port25 = "open"
	x.apply(&c)
	for _, flags := range []uint8{wire.TCPSyn, wire.TCPAck} {
		x.fromGuest("eni-a1", mail.Flags(flags)).tunneled(edge, vniA)
	}
	c.Placement.Port25 = ""
	x.apply(&c)
	x.fromGuest("eni-a1", mail.Flags(wire.TCPAck)).dropped(Port25Blocked)
	// A VPC with public blocks, of which the primary one counts.
	c.Vpcs[1].CidrBlockAssociationSet = []ec2.VpcCidrBlockAssociation{{CidrBlock: netip.MustParsePrefix("55.0.0.0/16")}}
	c.Vpcs[1].CidrBlock, c.Subnets[2].CidrBlock = netip.MustParsePrefix("54.0.0.0/16"), netip.MustParsePrefix("54.0.1.0/24")
	c.NetworkInterfaces[5].PrivateIpAddresses[0].PrivateIpAddress = netip.MustParseAddr("54.0.1.5")
	c.RouteTables[2].Routes = nil
	region, err := vpc.NewRegion(&c)
	require.NoError(t, err)
	p, err := region.Policy("x", nil)
	require.NoError(t, err)
	require.Equal(t, next, judgeMail(p, p.ENI("eni-b1"), wiretest.Addr("54.0.9.9")))
	require.Equal(t, Port25Blocked, judgeMail(p, p.ENI("eni-b1"), wiretest.Addr("54.1.9.9")))
	require.Equal(t, Port25Blocked, judgeMail(p, p.ENI("eni-b1"), wiretest.Addr("55.0.9.9")))
}
