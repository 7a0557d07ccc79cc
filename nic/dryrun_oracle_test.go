package nic

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/flow"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/tables/oracle"
)

// dryRunner is a card that is asked for a dry run of each change, which is then made.
type dryRunner struct {
	*rig
	r      *rand.Rand
	port   uint16
	met    map[string]int // packets by what they met
	differ int            // packets that meet after a change what they did not meet before
}

// foretold is a connection, and what its next packets are said to meet.
type foretold struct {
	pipeline.Known
	eni *vpc.OwnENI // as it was
	now [2]pipeline.Judgement
	is  [2]pipeline.Judgement
}

// What is foretold of each connection that lives is what its next packets meet once the change is in
// force, and what they meet until then.
func TestWhatIsForetoldHappens(t *testing.T) {
	f := &dryRunner{rig: newRigWith(t, Options{Card: "x", MaxConnections: 1 << 14}), r: oracle.Random(t), port: 1024, met: map[string]int{}}
	f.resolve(serverY)
	rounds := 200
	if testing.Short() {
		rounds = 40
	}
	for n := range rounds {
		if n%20 == 0 {
			f.wait(6 * 24 * time.Hour) // longer than any connection lives
		}
		for range 3 + f.r.IntN(8) {
			f.converse()
		}
		f.wait(time.Duration(f.r.IntN(3)) * time.Second)
		f.change()
	}
	t.Logf("met %v, %d of them other than before", f.met, f.differ)
	require.Greater(t, f.differ, rounds/20, "changes change something")
}

// change asks for a dry run of a random change, makes it, and sends packets.
func (f *dryRunner) change() {
	c := f.config
	for range 1 + f.r.IntN(2) {
		kind, object := f.object()
		c = put(f, c, kind, object)
	}
	told := f.foretell(c)
	f.r.Shuffle(len(told), func(i, j int) { told[i], told[j] = told[j], told[i] })
	f.apply(c)
	for i := range told {
		k := &told[i]
		first := f.r.IntN(2)
		for _, d := range []int{first, 1 - first} {
			f.holds(k, wire.Direction(d))
		}
	}
}

// foretell tells of each connection what its next packets would meet now, and under c.
func (f *dryRunner) foretell(c *vpc.Config) (all []foretold) {
	policy, before, err := f.card.compile(func(r *vpc.Region) (*vpc.Region, error) { return r.Become(c) })
	require.NoError(f, err)
	now, then := f.card.crew.DryRun(before, before.Policy), f.card.crew.DryRun(before, policy)
	seen := make([]seenFlow, 0, pipeline.Chunk)
	for from, more := uint32(0), true; more; {
		seen, from, more = f.card.look(seen[:0], from)
		for _, s := range seen {
			k := foretold{Known: s.Known, eni: now.ENI(&s.Known)}
			for d := range k.is {
				k.now[d], k.is[d] = now.Next(&s.Known, wire.Direction(d)), then.Next(&s.Known, wire.Direction(d))
			}
			all = append(all, k)
		}
	}
	return all
}

// holds sends a connection's next packet of a direction, and compares.
func (f *dryRunner) holds(k *foretold, d wire.Direction) {
	f.Helper()
	at, frame := f.next(k, d)
	e := f.send(at, frame)
	if d == wire.In && at != Uplink && e.ENI.ID != k.eni.ID {
		return // its sender's stages dropped it
	}
	got := e.Verdict
	if d == wire.Out && e.ENI.ID != k.eni.ID {
		got = pipeline.Sent // it came as far as its receiver's stages
	}
	if k.now[d].Verdict != k.is[d].Verdict {
		f.differ++
	}
	f.met[got.String()]++
	require.Equal(f, k.is[d].Verdict.String(), got.String(), "%s %v of %s:%d %s:%d protocol %d, %+v", k.eni.ID, d.Bound(), k.Pair.Local, k.Key.LocalPort, k.Pair.Remote, k.Key.RemotePort, k.Key.Proto(), k.Conn.Status())
}

// next is a connection's next packet of a direction, and the port by which it comes.
func (f *dryRunner) next(k *foretold, d wire.Direction) (port string, frame []byte) {
	e, other := k.eni, k.eni.Neighbor(k.Pair.Remote)
	local, remote := end4(k.Pair.Local, k.Key.LocalPort), end4(k.Pair.Remote, k.Key.RemotePort)
	if public, _ := e.Published(k.Pair.Local); d == wire.In && other == nil && !public.IsZero() {
		local = end4(public, k.Key.LocalPort)
	}
	from, to := remote, local
	if d == wire.Out {
		from, to = local, remote
	}
	p := f.packet(k, d, from, to)
	near, far := e.RouterMAC, e.RouterMAC
	if e.Beside(other) {
		near, far = other.MAC, other.MAC
	}
	switch {
	case d == wire.Out:
		return e.ID, p.MACs(e.MAC, near).Bytes()
	case other == nil:
		return Uplink, f.outer(edge, e.VNI, p.MACs(edgeRouter, e.MAC).Bytes()).Bytes()
	case f.card.Policy().ENI(other.ID) == nil:
		return Uplink, f.outer(serverY, e.VNI, p.MACs(far, e.MAC).Bytes()).Bytes()
	case e.Beside(other):
		return other.ID, p.MACs(other.MAC, e.MAC).Bytes()
	}
	return other.ID, p.MACs(other.MAC, f.eni(other.ID).RouterMAC).Bytes()
}

// packet is a packet of a connection.
func (f *dryRunner) packet(k *foretold, d wire.Direction, from, to netip.AddrPort) wiretest.Packet {
	src, dst := from.Addr().String(), to.Addr().String()
	switch proto := k.Key.Proto(); {
	case proto == wire.ProtoTCP:
		return wiretest.TCP(from.String(), to.String()).Flags(wire.TCPAck)
	case proto == wire.ProtoUDP:
		return wiretest.UDP(from.String(), to.String())
	case proto != wire.ProtoICMP && proto != wire.ProtoICMPv6:
		return wiretest.IP(src, dst, proto)
	case d == k.Conn.Status().Initiator():
		return wiretest.Echo(src, dst, k.Key.LocalPort)
	}
	return wiretest.EchoReply(src, dst, k.Key.LocalPort)
}

func end4(a wire.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a.Netip(), port) }

// Who converses with whom: ENIs of the card with each other, with those of server y, and with the
// internet.
var conversing = [][2]string{
	{"10.0.1.5", client}, {"10.0.1.5", other}, {"10.0.1.15", client}, {"10.0.1.5", "10.0.1.6"}, {"10.0.1.5", "10.0.1.7"}, {"10.0.1.6", "10.0.1.7"},
	{"10.0.1.5", "10.0.2.8"}, {"10.0.1.5", "10.0.2.7"}, {"10.0.2.8", "10.0.2.7"}, {"10.0.2.8", "10.0.1.7"}, {"10.0.2.8", "10.0.1.6"},
	{"2001:db8:a:1::5", "2001:db8:ffff::9"}, {"2001:db8:a:1::5", "2001:db8:a:1::6"}, {"2001:db8:a:1::5", "2001:db8:a:2::7"},
}

// converse begins a random connection, if the rules let it begin, and perhaps answers.
func (f *dryRunner) converse() {
	two := conversing[f.r.IntN(len(conversing))]
	f.port++
	k := &foretold{Known: pipeline.Known{Pair: flow.Pair{Local: wiretest.Addr(two[0]), Remote: wiretest.Addr(two[1])}}}
	for e := range f.card.Policy().All() {
		if e.VNI == vniA && e.Owns(k.Pair.Local) {
			k.eni = e
		}
	}
	if k.eni == nil {
		return
	}
	d := wire.Direction(f.r.IntN(2))
	proto := []uint8{wire.ProtoTCP, wire.ProtoTCP, wire.ProtoUDP, 47, wire.ProtoICMP}[f.r.IntN(5)]
	served := []uint16{80, 22, 53, 5000, 8080, 5432, 443}[f.r.IntN(7)]
	ends := [2]uint16{wire.In: f.port, wire.Out: served} // the remote side's port
	k.Key.RemotePort, k.Key.LocalPort = ends[d], ends[1-d]
	switch {
	case proto == wire.ProtoICMP:
		if !k.Pair.Local.Is4() {
			proto = wire.ProtoICMPv6
		}
		k.Key.LocalPort = f.port
	case proto == 47:
		k.Key.LocalPort, k.Key.RemotePort = 0, 0
	}
	k.Key.Who = uint32(proto) << 24
	for i, flags := range []uint8{wire.TCPSyn, wire.TCPSyn | wire.TCPAck, wire.TCPAck} {
		if i > 0 && f.r.IntN(6) == 0 {
			return
		}
		f.say(k, d, flags, i == 1)
		d ^= 1
	}
}

// say sends a packet of a conversation.
func (f *dryRunner) say(k *foretold, d wire.Direction, flags uint8, answers bool) {
	at, frame := f.next(k, d)
	h := header(f, frame[tunnelLen(at):])
	if h.IsICMP() && answers == (h.Type == h.Query()) { // next asks by the state of a connection, which there is none of
		src, dst := h.Src.String(), h.Dst.String()
		p := wiretest.Echo(src, dst, k.Key.LocalPort)
		if answers {
			p = wiretest.EchoReply(src, dst, k.Key.LocalPort)
		}
		e := wire.Ethernet(frame[tunnelLen(at):])
		inner := p.MACs(e.Src(), e.Dst()).Bytes()
		copy(frame[tunnelLen(at):], inner)
	} else if h.Proto == wire.ProtoTCP {
		inner := frame[tunnelLen(at):]
		inner[h.L4+13] = flags
		wiretest.Mend(inner)
	}
	f.send(at, frame)
}

func tunnelLen(port string) int {
	if port == Uplink {
		return wire.OuterLen
	}
	return 0
}

// object is a random form of a random object.
func (f *dryRunner) object() (kind, object string) {
	switch f.r.IntN(6) {
	case 0, 1:
		return "SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissions: [` + f.permissions() + `], IpPermissionsEgress: [` + f.permissions() + `]}`
	case 2:
		return "SecurityGroups", `{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a, IpPermissions: [` + f.permissions() + `], IpPermissionsEgress: [` + f.permissions() + `]}`
	case 3:
		return "NetworkAcls", fmt.Sprintf(`{NetworkAclId: acl-1, VpcId: vpc-a, Associations: [{SubnetId: %s}], Entries: [%s]}`, f.one("subnet-a1", "subnet-a2"), f.entries())
	case 4:
		return "RouteTables", fmt.Sprintf(`{RouteTableId: rtb-a1, VpcId: vpc-a, Associations: [{Main: true}], Routes: [{DestinationCidrBlock: 10.0.0.0/16, GatewayId: local}%s]}`,
			f.one("", `, {DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-a}, {DestinationIpv6CidrBlock: "::/0", GatewayId: igw-a}`, `, {DestinationCidrBlock: 203.0.113.0/24, GatewayId: igw-a}`,
				`, {DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: nat-gone, State: blackhole}`, `, {DestinationCidrBlock: 0.0.0.0/0, TransitGatewayId: tgw-1}, {DestinationIpv6CidrBlock: "::/0", GatewayId: igw-a}`))
	}
	return "NetworkInterfaces", fmt.Sprintf(`{NetworkInterfaceId: eni-a1, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:01", Ipv6Addresses: [{Ipv6Address: "2001:db8:a:1::5"}], SourceDestCheck: %s, PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.5%s}, {PrivateIpAddress: 10.0.1.15%s}], Groups: [{GroupId: %s}], Attachment: {InstanceId: i-a1}}`,
		f.one("true", "false"), f.one(", Association: {PublicIp: 35.72.2.8}", "", ", Association: {PublicIp: 35.72.2.77}"), f.one(", Association: {PublicIp: 35.72.2.9}", ""), f.one("sg-a-web", "sg-a-db"))
}

func (f *dryRunner) one(of ...string) string { return of[f.r.IntN(len(of))] }

// permissions are random rules of a group.
func (f *dryRunner) permissions() string {
	var all []string
	services := map[string]bool{} // each once: EC2 takes no rule twice
	for range f.r.IntN(5) {
		what := f.one(`IpProtocol: "-1"`, `IpProtocol: tcp, FromPort: 80, ToPort: 80`, `IpProtocol: tcp, FromPort: 0, ToPort: 65535`, `IpProtocol: udp, FromPort: 0, ToPort: 65535`, `IpProtocol: tcp, FromPort: 22, ToPort: 5432`, `IpProtocol: icmp, FromPort: 8, ToPort: -1`, `IpProtocol: "47"`)
		if services[what] {
			continue
		}
		services[what] = true
		all = append(all, "{"+what+", "+f.one(`IpRanges: [{CidrIp: 0.0.0.0/0}], Ipv6Ranges: [{CidrIpv6: "::/0"}]`, `IpRanges: [{CidrIp: 0.0.0.0/0}]`, `IpRanges: [{CidrIp: 203.0.113.0/24}]`, `IpRanges: [{CidrIp: 10.0.1.0/24}]`, `UserIdGroupPairs: [{GroupId: sg-a-web}]`)+"}")
	}
	return strings.Join(all, ", ")
}

// entries are random entries of a network ACL.
func (f *dryRunner) entries() string {
	var all []string
	for n := range 1 + f.r.IntN(5) {
		proto := f.one(`"-1"`, `"6", PortRange: {From: 1024, To: 65535}`, `"6", PortRange: {From: 0, To: 1023}`, `"17", PortRange: {From: 0, To: 65535}`, `"1", IcmpTypeCode: {Type: 0, Code: -1}`)
		where := f.one(`CidrBlock: 0.0.0.0/0`, `CidrBlock: 10.0.0.0/16`, `CidrBlock: 203.0.113.0/24`)
		if !strings.HasPrefix(proto, `"1"`) && f.r.IntN(4) == 0 {
			where = `Ipv6CidrBlock: "::/0"`
		}
		all = append(all, fmt.Sprintf(`{RuleNumber: %d, Egress: %s, Protocol: %s, RuleAction: %s, %s}`, n+1, f.one("true", "false"), proto, f.one("allow", "allow", "deny"), where))
	}
	return strings.Join(all, ", ")
}
