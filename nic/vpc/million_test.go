package vpc

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// million is one VPC of so many ENIs on 1,000 cards, which go round. IDs are as EC2
// makes them, in no order; each ENI has an instance and is in two of five groups.
type million struct{ enis int }

func (m million) id(i int) uint64 { return uint64(i) * 0x9e3779b97f4a7c15 }

// write writes the VPC as JSON, 250 bytes an ENI.
func (m million) write(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprint(w, `{"Vpcs":[{"VpcId":"vpc-0","CidrBlock":"10.0.0.0/16","CidrBlockAssociationSet":[`)
	for s := range 16 {
		fmt.Fprintf(w, `%s{"CidrBlock":"10.%d.0.0/16"}`, comma(s), s)
	}
	fmt.Fprint(w, `]}],"Subnets":[`)
	for s := range 16 {
		fmt.Fprintf(w, `%s{"SubnetId":"subnet-%017x","VpcId":"vpc-0","CidrBlock":"10.%d.0.0/16"}`, comma(s), s, s)
	}
	fmt.Fprint(w, `],"SecurityGroups":[`)
	for g := range 5 {
		fmt.Fprintf(w, `%s{"GroupId":"sg-%017x","VpcId":"vpc-0","IpPermissions":[{"IpProtocol":"tcp","FromPort":80,"ToPort":80,"IpRanges":[{"CidrIp":"0.0.0.0/0"}]}]}`, comma(g), g)
	}
	fmt.Fprint(w, `],"NetworkInterfaces":[`)
	for i := range m.enis {
		fmt.Fprintf(w, `%s{"NetworkInterfaceId":"eni-0%016x","SubnetId":"subnet-%017x","MacAddress":"%s","PrivateIpAddress":"%s","Groups":[{"GroupId":"sg-%017x"},{"GroupId":"sg-%017x"}],"Attachment":{"InstanceId":"i-0%016x"}}`,
			comma(i), m.id(i), i/65000, m.mac(i), addrOf(m.addr(i)), i%5, (i+1)%5, m.id(i))
	}
	fmt.Fprint(w, `],"Placement":{"Cards":[`)
	for c := range 1000 {
		fmt.Fprintf(w, `%s{"Name":"card-%d","Vtep":"172.16.%d.%d/16","NetworkInterfaces":[`, comma(c), c, c/250, c%250+1)
		for i := c; i < m.enis; i += 1000 {
			fmt.Fprintf(w, `%s"eni-0%016x"`, comma(i-c), m.id(i))
		}
		fmt.Fprint(w, `]}`)
	}
	fmt.Fprint(w, `]}}`)
	return w.Flush()
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

func (m million) mac(i int) wire.MAC {
	return wire.MAC{2, 0, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)}
}

func (m million) addr(i int) uint32 { return ip("10.0.0.4").As4() + uint32(i/65000<<16+i%65000) }

// more is one ENI more, by number, on the card of another.
func (m million) more(n int) []Edit {
	e := &ec2.NetworkInterface{
		NetworkInterfaceId: fmt.Sprintf("eni-0%016x", m.id(n)), SubnetId: fmt.Sprintf("subnet-%017x", n/65000),
		MacAddress: m.mac(n), PrivateIpAddress: addrOf(m.addr(n)),
	}
	return []Edit{{"NetworkInterfaces", e.NetworkInterfaceId, e}, {KindENIPlacement, e.NetworkInterfaceId, &ENIPlacement{Card: "card-7"}}}
}

// BenchmarkMillion is a VPC of a million ENIs: how long it takes from its file to a
// region, what an ENI takes of memory, its configuration included, and how long
// one more takes.
func BenchmarkMillion(b *testing.B) {
	if testing.Short() {
		b.Skip("a million ENIs take seconds, and a gigabyte")
	}
	m := million{1_000_000}
	path := filepath.Join(b.TempDir(), "million.json")
	require.NoError(b, m.write(path))
	var region *Region
	var load, compile, cpu time.Duration
	before := heap()
	for b.Loop() {
		region = nil
		start, used := time.Now(), cpuTime(b)
		config, err := Load(path)
		require.NoError(b, err)
		read := time.Now()
		region, err = NewRegion(config)
		require.NoError(b, err)
		load, compile, cpu = read.Sub(start), time.Since(read), cpuTime(b)-used
	}
	b.ReportMetric(load.Seconds(), "s/load")
	b.ReportMetric(compile.Seconds(), "s/compile")
	b.ReportMetric(cpu.Seconds(), "cpu-s/both")
	b.ReportMetric(float64(heap()-before)/float64(m.enis), "B/ENI")
	const more = 100
	start := cpuTime(b)
	for i := range more {
		var err error
		region, err = region.Change(m.more(m.enis + i)...)
		require.NoError(b, err)
	}
	b.ReportMetric((cpuTime(b)-start).Seconds()*1e3/more, "cpu-ms/more")
	runtime.KeepAlive(region)
}

// The file of the benchmark is a good one: each ENI is where it is put, and is the
// mapping's.
func TestASmallMillion(t *testing.T) {
	m := million{3000}
	path := filepath.Join(t.TempDir(), "million.json")
	require.NoError(t, m.write(path))
	config, err := Load(path)
	require.NoError(t, err)
	region, err := NewRegion(config)
	require.NoError(t, err)
	region, err = region.Change(m.more(m.enis)...)
	require.NoError(t, err)
	policy, err := region.Policy("card-7", nil)
	require.NoError(t, err)
	require.Len(t, policy.ENIs, 4)
	for n := range m.enis + 1 {
		e := policy.ENIs[0].Neighbor(wire.AddrFrom4(m.addr(n)))
		require.Equal(t, m.mac(n), e.MAC)
		require.True(t, n == m.enis || int(e.Card)-firstCard == n%1000, "%s is on card %d", e.ID, e.Card)
	}
}
