package vpc

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// manyRoutes are n VPCs with EC2's most: 200 route tables each, 500 routes in each, of which
// one is the local one, and a subnet for each table. Each subnet has an ENI.
func manyRoutes(n int) *Config {
	c := &Config{Placement: Placement{Cards: []CardPlacement{{Name: "x", Vtep: netip.MustParsePrefix("172.16.0.11/24")}}}}
	for v := range n {
		id := fmt.Sprint("vpc-", v)
		c.Vpcs = append(c.Vpcs, ec2.Vpc{VpcId: id, CidrBlock: netip.MustParsePrefix("10.0.0.0/16")})
		for t := range 200 {
			subnet := fmt.Sprintf("subnet-%d-%d", v, t)
			block := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(t), 0}), 24)
			c.Subnets = append(c.Subnets, ec2.Subnet{SubnetId: subnet, VpcId: id, CidrBlock: block})
			c.RouteTables = append(c.RouteTables, manyRoutesOf(id, fmt.Sprintf("rtb-%d-%d", v, t), subnet, uint32(v*200+t)))
		}
	}
	c.NetworkInterfaces = []ec2.NetworkInterface{{NetworkInterfaceId: "eni-1", SubnetId: "subnet-0-0", MacAddress: wire.MAC{2, 1}, PrivateIpAddress: addr("10.0.0.5")}}
	return c
}

// manyRoutesOf is a table of 500 routes to blocks of random lengths outside of the VPC.
func manyRoutesOf(vpc, id, subnet string, seed uint32) ec2.RouteTable {
	t := ec2.RouteTable{RouteTableId: id, VpcId: vpc, Associations: []ec2.RouteTableAssociation{{SubnetId: subnet}}}
	for i := range uint32(499) {
		a := 0x40000000 | (seed*499+i)*0x9e3779b1>>2
		dest := netip.PrefixFrom(addrOf(a), 20+int(i%13)).Masked()
		t.Routes = append(t.Routes, ec2.Route{DestinationCidrBlock: dest, GatewayId: "igw-1"})
	}
	return t
}

// BenchmarkMillionRoutes is a region of a million routes: how long it takes to compile, what
// a route takes of memory, its configuration included, and how long one route more takes,
// until the card that has an ENI of its table asks it.
func BenchmarkMillionRoutes(b *testing.B) {
	if testing.Short() {
		b.Skip("a million routes take seconds, and hundreds of megabytes")
	}
	const vpcs = 10
	before := heap()
	config := manyRoutes(vpcs)
	var region *Region
	var compile, cpu time.Duration
	for b.Loop() {
		region = nil
		runtime.GC()
		start, used := time.Now(), cpuTime(b)
		var err error
		region, err = NewRegion(config)
		require.NoError(b, err)
		compile, cpu = time.Since(start), cpuTime(b)-used
	}
	b.ReportMetric(compile.Seconds(), "s/compile")
	b.ReportMetric(cpu.Seconds(), "cpu-s/compile")
	b.ReportMetric(float64(heap()-before)/(vpcs*200*500), "B/route")
	policy, err := region.Policy("x", nil)
	require.NoError(b, err)
	const more = 100
	var used time.Duration
	for i := range more {
		t := config.RouteTables[0]
		t.Routes = append(t.Routes[:len(t.Routes):len(t.Routes)], ec2.Route{DestinationCidrBlock: netip.PrefixFrom(addrOf(0xc0000200+uint32(i)), 32), TransitGatewayId: "tgw-2"})
		start := cpuTime(b)
		region, err = region.Change(Edit{"RouteTables", t.RouteTableId, &t})
		require.NoError(b, err)
		policy, err = region.Policy("x", policy)
		require.NoError(b, err)
		used += cpuTime(b) - start
		require.Equal(b, "tgw-2", policy.ENI("eni-1").Route(wire.AddrFrom4(0xc0000200+uint32(i))).Via)
	}
	b.ReportMetric(used.Seconds()*1e3/more, "cpu-ms/more")
}
