package pipeline

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// BenchmarkEdge is the edge of a million public addresses, of which each packet has another one:
// from the internet, and from servers.
func BenchmarkEdge(b *testing.B) {
	const addresses, each = 1_000_000, 50
	x := newEdgeRig(b)
	x.observe(nil)
	region := millionAddresses(b, addresses/each, each)
	x.become(region)
	require.Equal(b, addresses, x.Setup().edge.single.Len())
	x.answered(serverX)
	for name, c := range map[string]struct {
		port  string
		frame []byte
		stamp mem.Stamp
	}{
		"internet": {toInternet, outside(wiretest.TCP(browser+":40000", "52.0.0.0:443").Flags(wire.TCPAck)), mem.Field(wire.EthernetLen+16, wire.EthernetLen+10, wire.EthernetLen+20+16)},
		"servers": {Uplink, x.outer(serverX, 1, wiretest.TCP("52.0.0.0:443", browser+":40000").Flags(wire.TCPAck).MACs(macA1, edgeRouter).Bytes()).Bytes(),
			mem.Field(wire.OuterLen+wire.EthernetLen+12, wire.OuterLen+wire.EthernetLen+10, wire.OuterLen+wire.EthernetLen+20+16)},
	} {
		b.Run(name, func(b *testing.B) {
			source := mem.NewSource(mem.Options{Name: c.port, MAC: map[string]wire.MAC{toInternet: edgeMAC, Uplink: stations[edge]}[c.port]}, [][]byte{c.frame}, addresses, c.stamp)
			x.attach(c.port, &fresh{source, map[string]int{toInternet: 0, Uplink: wire.OuterLen}[c.port] + wire.EthernetLen})
			before := x.counts(c.port)
			b.ResetTimer()
			n := 0
			for n < b.N {
				n += x.w.Poll(x.now)
			}
			b.StopTimer()
			after := x.counts(c.port)
			require.Equal(b, uint64(n), after.Ends[Sent]-before.Ends[Sent])
			b.ReportMetric(float64(n)/1e6/b.Elapsed().Seconds(), "Mpps")
			x.attach(c.port, mem.New(mem.Options{MAC: map[string]wire.MAC{toInternet: edgeMAC, Uplink: stations[edge]}[c.port]}))
		})
	}
}

// fresh is a source whose frames have the hops again that the edge spent: its buffers come again.
type fresh struct {
	*mem.Source
	ip int // offset of the packet
}

func (f *fresh) Rx(b *pmd.Burst) {
	f.Source.Rx(b)
	for i := range b.N {
		if ip := b.Frames[i].Bytes()[f.ip:]; ip[8] == 64-hopsInside {
			ip[8] = 64
			sum := uint32(ip[10])<<8 + uint32(ip[11]) + 0xffff - hopsInside<<8
			sum = sum>>16 + sum&0xffff
			ip[10], ip[11] = byte(sum>>8), byte(sum)
		}
	}
}

// answered has a tunnel end answer the edge's question.
func (r *rig) answered(vtep string) {
	r.ports[Uplink].Inject(wiretest.ARPReply(wire.Neighbor{MAC: stations[vtep], Addr: wiretest.Addr(vtep)}, wire.Neighbor{MAC: stations[edge], Addr: wiretest.Addr(edge)}).Bytes())
	r.Poll(r.now)
}

// millionAddresses is a region of one VPC with ENIs of so many public addresses each, from 52.0.0.0
// on, all on server x.
func millionAddresses(b *testing.B, enis, each int) *vpc.Region {
	var s strings.Builder
	s.WriteString(`{"Vpcs":[{"VpcId":"vpc-1","CidrBlock":"10.0.0.0/8"}],"Subnets":[`)
	const perSubnet = 60_000 // of 65,536
	for i := range (enis*each + perSubnet - 1) / perSubnet {
		fmt.Fprintf(&s, `%s{"SubnetId":"subnet-%d","VpcId":"vpc-1","CidrBlock":"10.%d.0.0/16"}`, strings.Repeat(",", min(i, 1)), i, i)
	}
	s.WriteString(`],"NetworkInterfaces":[`)
	for i := range enis {
		if i > 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, `{"NetworkInterfaceId":"eni-%d","VpcId":"vpc-1","SubnetId":"subnet-%d","MacAddress":"06:00:%02x:%02x:%02x:01","PrivateIpAddresses":[`, i, i*each/perSubnet, i>>16, i>>8&255, i&255)
		for j := range each {
			if j > 0 {
				s.WriteByte(',')
			}
			n := uint32(i*each + j)
			private, public := 10<<24|n/perSubnet<<16|n%perSubnet+64, 52<<24|n
			fmt.Fprintf(&s, `{"Primary":%v,"PrivateIpAddress":"%s","Association":{"PublicIp":"%s"}}`, j == 0, addr4(private), addr4(public))
		}
		s.WriteString(`]}`)
	}
	s.WriteString(`],"Placement":{"Cards":[{"Name":"x","Vtep":"172.16.0.11/24"}],"Edge":{"Vtep":"172.16.0.1","Mac":"02:00:00:00:ed:9e"},"Vnis":{"vpc-1":1},"PublicPrefixes":["52.0.0.0/10"]}}`)
	config, err := vpc.Parse("million", []byte(s.String()))
	require.NoError(b, err)
	region, err := vpc.NewRegion(config)
	require.NoError(b, err)
	return region
}

func addr4(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}
