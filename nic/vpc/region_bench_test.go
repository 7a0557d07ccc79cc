package vpc

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// province is a region of so many ENIs a VPC, on so many cards, whose numbers go
// round: ENI i is on card i modulo their count. A VPC has five groups of 60
// rules, and each ENI is in two of them.
func province(vpcs, enis, cards int) *Config {
	c := &Config{}
	for i := range cards {
		vtep := netip.AddrFrom4([4]byte{172, 16, byte(i >> 8), byte(i)}).Next()
		c.Placement.Cards = append(c.Placement.Cards, CardPlacement{Name: fmt.Sprintf("card-%d", i), Vtep: netip.PrefixFrom(vtep, 16)})
	}
	c.Placement.Edge.Vtep = netip.MustParseAddr("172.16.255.254")
	for v := range vpcs {
		vpc := fmt.Sprintf("vpc-%d", v)
		c.Vpcs = append(c.Vpcs, ec2.Vpc{VpcId: vpc, CidrBlock: netip.MustParsePrefix("10.0.0.0/16")})
		for g := range 5 {
			rules := manyRules(g, 60)
			for i := range rules {
				for j := range rules[i].UserIdGroupPairs {
					rules[i].UserIdGroupPairs[j].GroupId = fmt.Sprintf("sg-%d-%d", v, (g+1)%5)
				}
			}
			c.SecurityGroups = append(c.SecurityGroups, ec2.SecurityGroup{GroupId: fmt.Sprintf("sg-%d-%d", v, g), VpcId: vpc, IpPermissions: rules, IpPermissionsEgress: rules})
		}
		for i := range enis {
			if i%60000 == 0 {
				block := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i / 60000), 0, 0}), 16)
				own := &c.Vpcs[v].CidrBlockAssociationSet
				*own = append(*own, ec2.VpcCidrBlockAssociation{CidrBlock: block})
				c.Subnets = append(c.Subnets, ec2.Subnet{SubnetId: fmt.Sprintf("subnet-%d-%d", v, i/60000), VpcId: vpc, CidrBlock: block})
			}
			e := provincial(v, i)
			c.NetworkInterfaces = append(c.NetworkInterfaces, e)
			card := &c.Placement.Cards[(v*enis+i)%cards]
			card.NetworkInterfaces = append(card.NetworkInterfaces, e.NetworkInterfaceId)
		}
	}
	return c
}

// provincial is ENI number i of VPC number v.
func provincial(v, i int) ec2.NetworkInterface {
	id := fmt.Sprintf("%08x%09x", v, i)
	return ec2.NetworkInterface{
		NetworkInterfaceId: "eni-" + id, SubnetId: fmt.Sprintf("subnet-%d-%d", v, i/60000), MacAddress: wire.MAC{2, byte(v), byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)},
		PrivateIpAddress: addrOf(ip("10.0.0.4").As4() + uint32(i/60000<<16+i%60000)),
		Groups:           []ec2.GroupIdentifier{{GroupId: fmt.Sprintf("sg-%d-%d", v, i%5)}, {GroupId: fmt.Sprintf("sg-%d-%d", v, (i+2)%5)}},
		Attachment:       &ec2.NetworkInterfaceAttachment{InstanceId: "i-" + id},
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkRegion is 100,000 ENIs on 1,000 cards, and what a change of it costs
// a card that has 100 of them.
func BenchmarkRegion(b *testing.B) {
	before := heap()
	region, err := NewRegion(province(100, 1000, 1000))
	require.NoError(b, err)
	of := heap() - before
	policy, err := region.Policy("card-7", nil)
	require.NoError(b, err)
	b.Run("memory", func(b *testing.B) {
		start := heap()
		var policies []*Policy
		for i := range 100 {
			p, err := region.Policy(fmt.Sprintf("card-%d", 8+i), nil)
			require.NoError(b, err)
			policies = append(policies, p)
		}
		b.ReportMetric(float64(of)/1e6, "MB/region")
		b.ReportMetric(float64(heap()-start)/1e3/100, "kB/card")
		b.ReportMetric(0, "ns/op")
		runtime.KeepAlive(policies)
	})
	change := func(b *testing.B, edits ...Edit) {
		next, err := region.Change(edits...)
		if err == nil {
			_, err = next.Policy("card-7", policy)
		}
		require.NoError(b, err)
	}
	b.Run("rule", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			o, _ := region.objects["SecurityGroups"].Get("sg-7-2")
			g := *o.config.(*ec2.SecurityGroup)
			rules := append([]ec2.IpPermission{}, g.IpPermissions...)
			rules[7].FromPort, rules[7].ToPort = new(i%60000), new(i%60000)
			g.IpPermissions = rules
			change(b, Edit{"SecurityGroups", g.GroupId, &g})
		}
	})
	for card, name := range map[string]string{"card-7": "here", "card-8": "elsewhere"} {
		b.Run("put/"+name, func(b *testing.B) {
			b.ReportAllocs()
			e := provincial(7, 2000)
			for b.Loop() {
				change(b, Edit{"NetworkInterfaces", e.NetworkInterfaceId, &e}, Edit{KindENIPlacement, e.NetworkInterfaceId, &ENIPlacement{Card: card}})
			}
		})
	}
	for i, name := range map[int]string{7: "here", 8: "elsewhere"} {
		b.Run("remove/"+name, func(b *testing.B) {
			b.ReportAllocs()
			e := provincial(0, i)
			for b.Loop() {
				change(b, Edit{"NetworkInterfaces", e.NetworkInterfaceId, nil})
			}
		})
	}
}

// BenchmarkNewRegion is a whole configuration of 100,000 ENIs, and a look whether
// anything in it is new.
func BenchmarkNewRegion(b *testing.B) {
	config := province(100, 1000, 1000)
	for b.Loop() {
		region, err := NewRegion(config)
		require.NoError(b, err)
		sink += region.onCard.Len()
	}
}

// BenchmarkOwn is the first policy of a card that has all 100,000 ENIs of a region
// itself: what package vpc does of making such a card.
func BenchmarkOwn(b *testing.B) {
	region, err := NewRegion(province(100, 1000, 1))
	require.NoError(b, err)
	start := heap()
	var policy *Policy
	for b.Loop() {
		policy, err = region.Policy("", nil)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(heap()-start)/1e6, "MB")
	require.Len(b, policy.ENIs, 100_000)
	runtime.KeepAlive(policy)
}
