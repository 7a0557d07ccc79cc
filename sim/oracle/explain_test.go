package oracle

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/sim/explain"
)

var explained = flag.Int("explained", 60, "how many explained packets of each family are sent for real, too; a third of them with -short")

// families are the ways that a packet may take. A case counts for the first that it is of.
var families = []string{"middlebox", "NAT gateway", "peering", "to the internet", "from the internet", "within a VPC"}

// perExplained is how many questions are asked of one region.
const perExplained = 300

// What explain tells of a packet and its answer is what cards do to them, and what the oracle says
// that EC2 does: in random regions, whose ENIs are on random cards, while explain gives each ENI a
// card of its own. -seed 0 and -explained 100000 ask for long.
func TestExplainedPacketsAreRealOnes(t *testing.T) {
	from, most := *seed, *explained
	if from == 0 {
		from = uint64(time.Now().UnixNano())
	}
	if testing.Short() {
		most /= 3
	}
	t.Logf("the first region's seed is %d; each next one's is 1 more", from)
	s := survey{T: t, most: most, cases: map[string]int{}, ends: map[string]int{}}
	began, told := time.Now(), time.Now()
	for n := from; !s.done(); n++ {
		s.region(n)
		if time.Since(told) > tellEvery {
			told = time.Now()
			t.Logf("%v so far; %d is the next region's seed", s.cases, n+1)
		}
	}
	t.Logf("%v, %d a second; the packets ended as %v", s.cases, int(float64(s.asked)/time.Since(began).Seconds()), s.ends)
}

// survey counts the cases of each family.
type survey struct {
	*testing.T
	most, asked int
	cases       map[string]int // by family and IP version
	ends        map[string]int
}

// done tells whether each family has its cases.
func (s *survey) done() bool {
	for _, f := range families {
		if s.cases[f+", IPv4"] < s.most || s.cases[f+", IPv6"] < s.most {
			return false
		}
	}
	return true
}

// region asks questions of one region.
func (s *survey) region(seed uint64) {
	d := newDice(seed)
	c := randomRegion(d)
	if seed%2 == 1 {
		throughMiddlebox(d, c)
	}
	p, err := newPlay(s.T, c, true)
	require.NoError(s, err, "seed %d", seed)
	defer p.f.close()
	n, err := explain.New(c)
	require.NoError(s, err, "seed %d", seed)
	defer n.Close()
	g := newGenerator(d, p.w, true)
	for i := range perExplained {
		at := fmt.Sprintf("seed %d, question %d", seed, i)
		q, ok := s.question(g)
		if !ok {
			continue
		}
		s.asked++
		path, err := n.Explain(q)
		require.NoError(s, err, "%s: %s %v", at, q.From, q.Packet)
		f := family(path)
		if s.cases[f] >= s.most {
			continue
		}
		p.w.Now += 6 * 24 * time.Hour // what was tracked is forgotten
		p.f.wait()
		got := s.compare(p, at+": there", q.From, asOracle(q.Packet), path.Forward, path.End)
		if path.End.Arrived() {
			s.compare(p, at+": back", path.End.ENI, got.Answer(), path.Return, path.ReturnEnd)
		}
		s.cases[f]++
		s.ends[path.End.Verdict.String()]++
	}
}

// throughMiddlebox leads what leaves the VPC from its first subnet, if the subnet has a table of its
// own, through an ENI of another subnet, which forwards.
func throughMiddlebox(d dice, c *vpc.Config) {
	table := slices.IndexFunc(c.RouteTables, func(t ec2.RouteTable) bool { return t.RouteTableId == "rtb-0-1" })
	box := slices.IndexFunc(c.NetworkInterfaces, func(e ec2.NetworkInterface) bool {
		return e.VpcId == "vpc-0" && e.SubnetId != "subnet-0-0" && len(e.Groups) > 0
	})
	if table < 0 || box < 0 {
		return
	}
	e, t := &c.NetworkInterfaces[box], &c.RouteTables[table]
	e.SourceDestCheck = new(bool)
	for i := range t.Routes {
		if r := &t.Routes[i]; r.DestinationCidrBlock == anyone || r.DestinationIpv6CidrBlock == anyone6 || r.VpcPeeringConnectionId != "" && d.oneIn(2) {
			*r = ec2.Route{DestinationCidrBlock: r.DestinationCidrBlock, DestinationIpv6CidrBlock: r.DestinationIpv6CidrBlock, NetworkInterfaceId: e.NetworkInterfaceId, Origin: "CreateRoute", State: "active"}
		}
	}
	everything := ec2.IpPermission{IpProtocol: "-1", IpRanges: []ec2.IpRange{{CidrIp: anyone}}, Ipv6Ranges: []ec2.Ipv6Range{{CidrIpv6: anyone6}}}
	for i := range c.SecurityGroups {
		if g := &c.SecurityGroups[i]; g.GroupId == e.Groups[0].GroupId {
			g.IpPermissions, g.IpPermissionsEgress = []ec2.IpPermission{everything}, []ec2.IpPermission{everything}
		}
	}
}

// question is a random first packet between two ENIs, or an ENI and the internet.
func (s *survey) question(g *generator) (q explain.Question, ok bool) {
	a, b := one(g.dice, g.w.Config.NetworkInterfaces), one(g.dice, g.w.Config.NetworkInterfaces)
	p := explain.Packet{Protocol: one(g.dice, []uint8{TCP, TCP, TCP, UDP, ICMP, 47})}
	p.SrcPort, p.DstPort = one(g.dice, ports), one(g.dice, ports)
	six := g.oneIn(2)
	switch way := g.IntN(4); {
	case g.w.natOf(&a) != nil || g.w.natOf(&b) != nil && way > 0:
		return q, false
	case way == 0:
		q.From, p.Src, p.Dst = a.NetworkInterfaceId, addressOf(g.dice, &a, six), one(g.dice, hosts)
		if six {
			p.Dst = one(g.dice, []netip.Addr{one(g.dice, hosts6), In6(one(g.dice, hosts))})
		}
	case way == 1:
		q.To, p.Src, p.Dst = b.NetworkInterfaceId, one(g.dice, hosts), publicOf(g.dice, &b)
		if six {
			p.Src, p.Dst = one(g.dice, hosts6), addressOf(g.dice, &b, six)
		}
	default:
		q.From, q.To, p.Src, p.Dst = a.NetworkInterfaceId, b.NetworkInterfaceId, addressOf(g.dice, &a, six), addressOf(g.dice, &b, six)
	}
	if !p.Src.IsValid() || !p.Dst.IsValid() || p.Src == p.Dst {
		return q, false
	}
	switch p.Protocol {
	case TCP:
		p.Flags, p.Seq = SYN, 7
	case ICMP:
		if p.Type = Echo; six {
			p.Protocol, p.Type = ICMPv6, Echo6
		}
		p.SrcPort, p.DstPort, p.ID = 0, 0, 9
	case 47:
		p.SrcPort, p.DstPort = 0, 0
	}
	q.Packet = p
	return q, true
}

// addressOf is a private address of an ENI of a family, the invalid one if it has none.
func addressOf(d dice, e *ec2.NetworkInterface, six bool) netip.Addr {
	if six && len(e.Ipv6Addresses) > 0 {
		return one(d, e.Ipv6Addresses).Ipv6Address
	}
	if !six && len(e.PrivateIpAddresses) > 0 {
		return one(d, e.PrivateIpAddresses).PrivateIpAddress
	}
	return netip.Addr{}
}

// publicOf is a public address of an ENI, the invalid one if it has none.
func publicOf(d dice, e *ec2.NetworkInterface) netip.Addr {
	if len(e.PrivateIpAddresses) > 0 {
		if a := one(d, e.PrivateIpAddresses).Association; a != nil {
			return a.PublicIp
		}
	}
	return netip.Addr{}
}

// family is the family that a path is of, with the IP version.
func family(p *explain.Path) string {
	return families[kindOf(p)] + map[bool]string{true: ", IPv4", false: ", IPv6"}[p.Packet.Src.Is4()]
}

// kindOf is the index of the path's family.
func kindOf(p *explain.Path) int {
	var by [3]bool
	for _, h := range p.Forward {
		by[1] = by[1] || h.ENI != nil && h.ENI.NAT != nil
		for _, pass := range h.Passes {
			for _, l := range pass.Looks {
				by[0] = by[0] || l.Route != nil && l.Route.Target == vpc.Interface
				by[2] = by[2] || l.Route != nil && l.Route.Target == vpc.Peering
			}
		}
	}
	switch i := slices.Index(by[:], true); {
	case i >= 0:
		return i
	case p.To == "":
		return 3
	case p.From == "":
		return 4
	}
	return 5
}

// compare sends a packet by the play's cards, compares the end with what was told, and returns the
// packet as it arrived.
func (s *survey) compare(p *play, at, from string, packet Packet, hops []explain.Hop, end explain.End) Packet {
	got := result{}
	for range 32 {
		var err error
		got, err = p.do(step{Packet: &packet, ENI: from, Direct: direct(p.w, from, packet.Dst)})
		require.NoError(s, err, at)
		e := p.w.ENI(got.eni)
		if got.frames != 1 || e == nil || has(e, got.packet.Dst) {
			break
		}
		from, packet = got.eni, got.packet // a middlebox passes on what is not for itself
	}
	what := fmt.Sprintf("%s: from %q %v: the cards: %v; told: %v %+v", at, from, packet, got, end.Verdict, end)
	switch {
	case end.Verdict.Dropped() && end.ENI == "": // at the edge, which the play's cards have not
		require.True(s, got.frames == 0 || got.eni == "", what)
	case end.Verdict.Dropped():
		require.Equal(s, 0, got.frames, what)
		require.Equal(s, end.Verdict.String(), got.reason, what)
		require.Equal(s, end.ENI, got.at, what)
	default:
		require.Equal(s, pipeline.Sent, end.Verdict, what)
		require.Equal(s, 1, got.frames, what)
		require.Equal(s, end.ENI, got.eni, what)
		want, is := asOracle(end.Packet), got.packet
		if slices.ContainsFunc(hops, func(h explain.Hop) bool { return h.ENI != nil && h.ENI.NAT != nil }) {
			want.SrcPort, want.ID, is.SrcPort, is.ID = 0, 0, 0, 0 // a NAT gateway gives out ports as it likes
		}
		require.True(s, same(want, is), what)
	}
	return got.packet
}

// direct tells whether a guest sends to its neighbor's own MAC: the receiver is in its subnet.
func direct(w *World, eni string, dst netip.Addr) bool {
	e := w.ENI(eni)
	if e == nil {
		return false
	}
	to := w.Owner(w.VPC(e), dst)
	return to != nil && to != e && to.SubnetId == e.SubnetId
}

// asOracle is a packet as the oracle has it.
func asOracle(p explain.Packet) Packet {
	return Packet{Src: p.Src, Dst: p.Dst, Proto: p.Protocol, SrcPort: p.SrcPort, DstPort: p.DstPort, Flags: p.Flags, Seq: p.Seq, Ack: p.Ack, Type: p.Type, Code: p.Code, ID: p.ID}
}

// What explain tells of the networks of real dumps is what EC2 does in them: without a Placement, as
// the dumps are.
func TestExplainedDumps(t *testing.T) {
	if _, err := os.Stat(dumps); err != nil {
		t.Skip(missing{dumps})
	}
	for _, dump := range folders(t) {
		c, err := vpc.Load(filepath.Join(dumps, dump))
		require.NoError(t, err)
		n, err := explain.New(c)
		require.NoError(t, err)
		defer n.Close()
		for _, x := range tries[dump] {
			p, err := n.Explain(explain.Question{From: x.from, To: x.at, Packet: explain.Packet{Protocol: x.p.Proto, Src: x.p.Src, Dst: x.p.Dst,
				SrcPort: x.p.SrcPort, DstPort: x.p.DstPort, Flags: x.p.Flags, Seq: x.p.Seq, Type: x.p.Type, ID: x.p.ID}})
			require.NoError(t, err, x.what)
			if x.ends == "" {
				require.True(t, p.Reachable(), "%s: %s: %s", dump, x.what, p.Why())
				continue
			}
			require.False(t, p.There(), "%s: %s", dump, x.what)
			if p.End.ENI != "" { // the edge, which a card's oracle has not, has words of its own
				require.Contains(t, x.ends.Verdicts(), p.End.Verdict.String(), "%s: %s", dump, x.what)
			}
		}
	}
}
