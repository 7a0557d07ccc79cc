package vpc

import (
	"fmt"
	"net/netip"
	"testing"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// sink keeps results alive.
var sink int

// crowd is one VPC of n ENIs, each in groups with the given number of rules: half
// by address, some by prefix, a tenth by reference to another group.
func crowd(n, groups, rules int) *Config {
	c := &Config{
		Vpcs:    []ec2.Vpc{{VpcId: "vpc-0", CidrBlock: netip.MustParsePrefix("10.0.0.0/16")}},
		Subnets: []ec2.Subnet{{SubnetId: "subnet-0", VpcId: "vpc-0", CidrBlock: netip.MustParsePrefix("10.0.0.0/16")}},
	}
	var member []ec2.GroupIdentifier
	for g := range groups {
		id := fmt.Sprintf("sg-%d", g)
		member = append(member, ec2.GroupIdentifier{GroupId: id})
		c.SecurityGroups = append(c.SecurityGroups, ec2.SecurityGroup{GroupId: id, VpcId: "vpc-0", IpPermissions: manyRules(g, rules), IpPermissionsEgress: manyRules(g, rules)})
	}
	for i := range n {
		c.NetworkInterfaces = append(c.NetworkInterfaces, ec2.NetworkInterface{
			NetworkInterfaceId: fmt.Sprintf("eni-%d", i), SubnetId: "subnet-0", MacAddress: wire.MAC{2, 1, byte(i >> 16), byte(i >> 8), byte(i)},
			PrivateIpAddress: addrOf(ip("10.0.0.4").As4() + uint32(i)), Groups: member,
			Attachment: &ec2.NetworkInterfaceAttachment{InstanceId: fmt.Sprintf("i-%d", i)},
		})
	}
	return c
}

func manyRules(group, n int) (all []ec2.IpPermission) {
	for i := range n {
		p := ec2.IpPermission{IpProtocol: "tcp", FromPort: new(1000 + 7*i), ToPort: new(1000 + 7*i + 20)}
		if i%10 == 9 {
			p.UserIdGroupPairs = []ec2.UserIdGroupPair{{GroupId: fmt.Sprintf("sg-%d", (group+1)%5)}}
		} else {
			block := netip.PrefixFrom(addrOf(uint32(group*1000+i)<<12|100<<24), 20+i%13)
			p.IpRanges = []ec2.IpRange{{CidrIp: block.Masked()}}
		}
		all = append(all, p)
	}
	return all
}

func benchmarkMatch(b *testing.B, c *Config) {
	e := compiled(b, c, CompileOptions{}).ENI("eni-0")
	var queries [256]Query
	for i := range queries {
		queries[i] = Query{Remote: wire.AddrFrom4(uint32(i*977)<<12 | 100<<24), Port: uint16(1000 + i*13), Proto: wire.ProtoTCP, Dir: wire.Direction(i & 1)}
		if i%4 == 0 {
			queries[i].Remote = wire.AddrFrom4(ip("10.0.0.4").As4() + uint32(i))
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if e.Match(queries[i&255]).Allowed {
			sink++
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	b.Run("groups=5/rules=60", func(b *testing.B) { benchmarkMatch(b, crowd(1000, 5, 60)) })
	b.Run("groups=5/rules=200", func(b *testing.B) { benchmarkMatch(b, crowd(1000, 5, 200)) })
}

func BenchmarkRoute(b *testing.B) {
	c := crowd(1, 1, 1)
	t := ec2.RouteTable{RouteTableId: "rtb-0", VpcId: "vpc-0", Associations: []ec2.RouteTableAssociation{{Main: true}}}
	for i := range 50 {
		t.Routes = append(t.Routes, ec2.Route{DestinationCidrBlock: netip.PrefixFrom(addrOf(uint32(i)<<24), 8+i%16).Masked(), GatewayId: "igw-0"})
	}
	c.RouteTables = []ec2.RouteTable{t}
	e := compiled(b, c, CompileOptions{}).ENI("eni-0")
	b.ReportAllocs()
	for i := uint32(0); b.Loop(); i++ {
		sink += int(e.Route(wire.AddrFrom4(i * 0x9e3779b9)).Target)
	}
}

func BenchmarkNeighbor(b *testing.B) {
	e := compiled(b, crowd(20000, 5, 60), CompileOptions{}).ENI("eni-0")
	first := ip("10.0.0.4").As4()
	b.ReportAllocs()
	for i := uint32(0); b.Loop(); i++ {
		if e.Neighbor(wire.AddrFrom4(first+i*2654435761%20000)) != nil {
			sink++
		}
	}
}

// BenchmarkFirstPacket is all that the first packet of a connection asks.
func BenchmarkFirstPacket(b *testing.B) {
	e := compiled(b, crowd(20000, 5, 60), CompileOptions{}).ENI("eni-0")
	first := ip("10.0.0.4").As4()
	b.ReportAllocs()
	for i := uint32(0); b.Loop(); i++ {
		remote := wire.AddrFrom4(first + i*2654435761%20000)
		if e.Match(Query{remote, uint16(1000 + i%700), wire.ProtoTCP, wire.Out}).Allowed && e.Route(remote).Target == Local && e.Neighbor(remote) != nil {
			sink++
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{1000, 20000} {
		c := crowd(n, 5, 60)
		b.Run(fmt.Sprintf("enis=%d/new", n), func(b *testing.B) {
			for b.Loop() {
				compiled(b, c, CompileOptions{})
			}
		})
		prev := compiled(b, c, CompileOptions{})
		next := put(b, c, "SecurityGroups", `{"GroupId": "sg-0", "VpcId": "vpc-0"}`)
		b.Run(fmt.Sprintf("enis=%d/one-change", n), func(b *testing.B) {
			for b.Loop() {
				compiled(b, next, CompileOptions{Prev: prev})
			}
		})
	}
}
