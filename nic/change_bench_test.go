package nic

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// province is a region of 100 VPCs with 1,000 ENIs each, which are on 1,000
// cards: ENI number i of a VPC is on card number i.
func province() *vpc.Config {
	c := &vpc.Config{}
	for i := range 1000 {
		vtep := netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16, byte(i >> 8), byte(i)}).Next(), 16)
		c.Placement.Cards = append(c.Placement.Cards, vpc.CardPlacement{Name: fmt.Sprint("card-", i), Vtep: vtep})
	}
	c.Placement.Edge.Vtep = netip.MustParseAddr("172.16.255.254")
	for v := range 100 {
		id := fmt.Sprint("vpc-", v)
		c.Vpcs = append(c.Vpcs, ec2.Vpc{VpcId: id, CidrBlock: netip.MustParsePrefix("10.0.0.0/16")})
		c.Subnets = append(c.Subnets, ec2.Subnet{SubnetId: fmt.Sprint("subnet-", v), VpcId: id, CidrBlock: netip.MustParsePrefix("10.0.0.0/16")})
		c.SecurityGroups = append(c.SecurityGroups, *provincialGroup(v, 0))
		for i := range 1000 {
			e := provincial(v, i)
			c.NetworkInterfaces = append(c.NetworkInterfaces, *e)
			card := &c.Placement.Cards[i]
			card.NetworkInterfaces = append(card.NetworkInterfaces, e.NetworkInterfaceId)
		}
	}
	return c
}

// provincialGroup has 60 rules, of which one is for a port.
func provincialGroup(v, port int) *ec2.SecurityGroup {
	g := &ec2.SecurityGroup{GroupId: fmt.Sprint("sg-", v), VpcId: fmt.Sprint("vpc-", v)}
	for i := range 60 {
		p := ec2.IpPermission{IpProtocol: "tcp", FromPort: new(1000 + i), ToPort: new(1000 + i)}
		p.IpRanges = []ec2.IpRange{{CidrIp: netip.PrefixFrom(netip.AddrFrom4([4]byte{100, byte(i)}), 16)}}
		g.IpPermissions = append(g.IpPermissions, p)
	}
	g.IpPermissions[7].FromPort, g.IpPermissions[7].ToPort = &port, &port
	return g
}

func provincial(v, i int) *ec2.NetworkInterface {
	return &ec2.NetworkInterface{
		NetworkInterfaceId: fmt.Sprintf("eni-%d-%d", v, i), SubnetId: fmt.Sprint("subnet-", v),
		MacAddress:       wire.MAC{2, byte(v), 0, 0, byte(i >> 8), byte(i)},
		PrivateIpAddress: netip.AddrFrom4([4]byte{10, 0, byte((i + 4) >> 8), byte(i + 4)}),
		Groups:           []ec2.GroupIdentifier{{GroupId: fmt.Sprint("sg-", v)}},
		Attachment:       &ec2.NetworkInterfaceAttachment{InstanceId: fmt.Sprintf("i-%d-%d", v, i)},
	}
}

// BenchmarkChange is how long it takes until a change is in force on a card that
// has 100 of 100,000 ENIs.
func BenchmarkChange(b *testing.B) {
	card, err := New(province(), Options{Card: "card-7"})
	require.NoError(b, err)
	defer card.Close()
	runtime.GC()
	change := func(b *testing.B, edits ...vpc.Edit) {
		_, err := card.Change(edits...)
		require.NoError(b, err)
	}
	b.Run("rule", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			change(b, vpc.Edit{Kind: "SecurityGroups", ID: "sg-7", Object: provincialGroup(7, i%60000)})
		}
	})
	for _, where := range []string{"card-7", "card-8"} {
		b.Run("eni/"+where, func(b *testing.B) {
			b.ReportAllocs()
			e := provincial(7, 2000)
			for b.Loop() { // it comes and goes: two changes
				change(b, vpc.Edit{Kind: "NetworkInterfaces", ID: e.NetworkInterfaceId, Object: e},
					vpc.Edit{Kind: vpc.KindENIPlacement, ID: e.NetworkInterfaceId, Object: &vpc.ENIPlacement{Card: where}})
				change(b, vpc.Edit{Kind: "NetworkInterfaces", ID: e.NetworkInterfaceId})
			}
		})
	}
	b.Run("port", func(b *testing.B) {
		b.ReportAllocs()
		policy := card.Policy()
		var p *mem.Port
		require.NoError(b, card.Attach("eni-0-7", func() (pmd.Port, error) {
			p = mem.New(mem.Options{})
			return p, nil
		}))
		for b.Loop() {
			p.SetLink(pmd.ErrGone)
			card.checkLinks()
		}
		require.Same(b, policy, card.Policy())
	})
}
