package nic

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/tables/oracle"
)

// throughTwins are two cards with NAT gateways that get the same packets at the same times.
// An observer keeps the fast path of the second from taking packets through gateways, because
// a packet that goes through is shown at each ENI.
type throughTwins struct {
	testing.TB
	r     *rand.Rand
	cards [2]*rig
	ports map[string]uint16 // of the gateway, by what the flow's packets from there have

	handshake uint8 // flags that all segments have; 0: their own
	odd       int   // of so many segments one is not plain data
}

// Configurations that the twins change between, each object with two forms or more.
var throughChanges = []struct {
	kind  string
	forms []string
}{
	{"NetworkAcls", []string{
		`{NetworkAclId: acl-1, VpcId: vpc-a, Associations: [{SubnetId: subnet-a1}], Entries: [{RuleNumber: 1, Egress: false, Protocol: "-1", RuleAction: allow, CidrBlock: 0.0.0.0/0}, {RuleNumber: 1, Egress: true, Protocol: "-1", RuleAction: allow, CidrBlock: 0.0.0.0/0}]}`,
		`{NetworkAclId: acl-1, VpcId: vpc-a, Associations: [{SubnetId: subnet-a1}], Entries: [{RuleNumber: 1, Egress: false, Protocol: "6", RuleAction: allow, CidrBlock: 0.0.0.0/0, PortRange: {From: 0, To: 65535}}, {RuleNumber: 1, Egress: true, Protocol: "-1", RuleAction: allow, CidrBlock: 0.0.0.0/0}]}`,
	}},
	{"SecurityGroups", []string{
		`{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a, IpPermissionsEgress: [{IpProtocol: "-1", IpRanges: [{CidrIp: 0.0.0.0/0}]}]}`,
		`{GroupId: sg-a-db, GroupName: database, VpcId: vpc-a, IpPermissionsEgress: [{IpProtocol: "17", FromPort: 0, ToPort: 65535, IpRanges: [{CidrIp: 0.0.0.0/0}]}]}`,
	}},
	{"NetworkInterfaces", []string{natENI, `{NetworkInterfaceId: eni-nat, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:99", InterfaceType: nat_gateway, SourceDestCheck: false,
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.8, Association: {PublicIp: 35.72.2.10}}, {PrivateIpAddress: 10.0.1.9, Association: {PublicIp: 35.72.2.11}}]}`}},
	{"NatGateways", []string{natGateway, natGateway, natGateway, `{NatGatewayId: nat-1, VpcId: vpc-a, State: deleted}`}},
}

// change puts an object of throughChanges in force in one of its forms.
func (w *throughTwins) change() {
	c := throughChanges[w.r.IntN(len(throughChanges))]
	object := c.forms[w.r.IntN(len(c.forms))]
	for _, x := range w.cards {
		edit, err := vpc.Put(c.kind, []byte(object))
		require.NoError(w, err)
		_, err = x.card.Change(edit)
		require.NoError(w, err)
	}
}

// throughFlow is a connection from a host behind the gateway.
type throughFlow struct {
	proto        uint8
	host, remote string
	from, to     uint16
}

func (w *throughTwins) anyFlow() throughFlow {
	n := w.r.IntN(12)
	return throughFlow{
		proto: []uint8{wire.ProtoTCP, wire.ProtoTCP, wire.ProtoUDP, wire.ProtoTCP, wire.ProtoUDP, wire.ProtoICMP}[n%6],
		host:  []string{"10.0.2.8", "10.0.2.8", "10.0.2.7"}[n%3], remote: []string{client, other, "35.72.2.8"}[n/4],
		from: uint16(40000 + n), to: 443,
	}
}

// key is what the flow's packets from the gateway have but for the port. It tells flows
// apart, because each has another remote, protocol or host's port in its destination port.
func (f throughFlow) key() string { return fmt.Sprint(f.proto, f.remote, f.from) }

// packet is one of the flow's.
func (w *throughTwins) packet(f throughFlow, from, to string) wiretest.Packet {
	p := wiretest.UDP(from, to)
	if f.proto == wire.ProtoTCP {
		flags := w.handshake
		switch {
		case flags != 0:
		case w.r.IntN(w.odd) == 0:
			flags = []uint8{wire.TCPSyn, wire.TCPSyn | wire.TCPAck, wire.TCPFin | wire.TCPAck, wire.TCPRst, wire.TCPSyn}[w.r.IntN(5)]
		default:
			flags = wire.TCPAck
		}
		p = wiretest.TCP(from, to).Flags(flags).Seq(uint32(w.r.IntN(2)), 1)
	} else if w.r.IntN(4) == 0 {
		p = p.NoChecksum()
	}
	p = p.Size(20 + w.r.IntN(200))
	if w.r.IntN(30) == 0 {
		p = p.Size([]int{1400, 2000, 8600}[w.r.IntN(3)])
	}
	if w.r.IntN(30) == 0 {
		p = p.Options(1, 1, 1, 0)
	}
	return p.TTL(uint8(w.r.IntN(64))).TOS(uint8(w.r.IntN(2)))
}

// out is what the host of a flow sends, and the port that the card gets it by.
func (w *throughTwins) out(f throughFlow) (port string, frames [][]byte) {
	x := w.cards[0]
	p := wiretest.Echo(f.host, f.remote, f.from)
	if f.proto != wire.ProtoICMP {
		p = w.packet(f, fmt.Sprint(f.host, ":", f.from), fmt.Sprint(f.remote, ":", f.to))
	}
	if f.host == "10.0.2.7" {
		nat := x.eni("eni-nat")
		return Uplink, [][]byte{x.tunnel(serverY, "eni-nat", p.MACs(nat.RouterMAC, nat.MAC))}
	}
	a4 := x.eni("eni-a4")
	p = p.MACs(a4.MAC, a4.RouterMAC)
	if f.proto != wire.ProtoICMP && w.r.IntN(30) == 0 {
		return "eni-a4", p.Size(300).Fragments(64)[:2]
	}
	return "eni-a4", [][]byte{p.Bytes()}
}

// back is what the remote side of a flow sends.
func (w *throughTwins) back(f throughFlow) [][]byte {
	port, ok := w.ports[f.key()]
	if !ok {
		port = uint16(1024 + w.r.IntN(9))
	}
	p := wiretest.EchoReply(f.remote, natPublic, port)
	if f.proto != wire.ProtoICMP {
		p = w.packet(f, fmt.Sprint(f.remote, ":", f.to), fmt.Sprint(natPublic, ":", port))
	}
	return [][]byte{w.cards[0].tunnel(edge, "eni-nat", p)}
}

// burst sends what some flows send at once, in one direction and by one port, and holds that
// the same comes out. Both directions of a flow in one burst meet the gateway in another order.
func (w *throughTwins) burst() {
	frames, back := map[string][][]byte{}, w.r.IntN(2) == 0
	if w.handshake != 0 {
		back = w.handshake == wire.TCPSyn|wire.TCPAck
	}
	for range 1 + w.r.IntN(40) {
		f := w.anyFlow()
		port, more := w.out(f)
		if back {
			port, more = Uplink, w.back(f)
		}
		frames[port] = append(frames[port], more...)
	}
	port := []string{Uplink, "eni-a4"}[w.r.IntN(2)]
	if back {
		port = Uplink
	}
	there := w.cards[0].card.natENI("nat-1") != nil
	if !there && port == Uplink {
		return // nobody has the gateway's MAC
	}
	var left [2]map[string][][]byte
	for i, x := range w.cards {
		for _, f := range frames[port] {
			x.ports[port].Inject(slices.Clone(f))
		}
		x.card.Poll(x.now)
		left[i] = map[string][][]byte{}
		for name, p := range x.ports {
			left[i][name] = p.Sent()
			slices.SortFunc(left[i][name], slices.Compare)
		}
	}
	require.Equal(w, left[1], left[0])
	w.learn(left[0][Uplink])
	w.same()
}

// choose has connections open in the first rounds of a hundred, then carry data, and then meet
// what ends them.
func (w *throughTwins) choose(round int) {
	w.handshake, w.odd = 0, 1000
	switch n := round % 100; {
	case n < 4:
		w.handshake = wire.TCPSyn
	case n < 8:
		w.handshake = wire.TCPSyn | wire.TCPAck
	case n < 12:
		w.handshake = wire.TCPAck
	case n >= 60:
		w.odd = 8
	}
}

// learn notes the ports of what the gateway sent out.
func (w *throughTwins) learn(frames [][]byte) {
	for _, frame := range frames {
		var h wire.Headers
		if len(frame) < wire.OuterLen || wire.Parse(frame[wire.OuterLen:], &h) != wire.NoFault || h.Src.String() != natPublic {
			continue
		}
		for n := range 12 {
			f := throughFlow{proto: h.Proto, remote: h.Dst.String(), from: uint16(40000 + n)}
			if w.r.IntN(3) == 0 || w.ports[f.key()] == 0 {
				w.ports[f.key()] = h.SrcPort
			}
		}
	}
}

// same holds that the cards say the same.
func (w *throughTwins) same() {
	a, b := w.cards[0].card, w.cards[1].card
	require.Equal(w, b.Ports(), a.Ports())
	flows := b.Flows(FlowFilter{})
	for i, f := range a.Flows(FlowFilter{}) {
		require.Equal(w, flows[i], f)
	}
	require.Equal(w, len(flows), len(a.Flows(FlowFilter{})))
	require.Equal(w, b.ENIs(), a.ENIs())
	require.Equal(w, b.Drops().Reasons, a.Drops().Reasons)
}

// Packets that the fast path takes through a NAT gateway are as those that take the stages of
// each ENI on their way: what comes out, counts, connections and their ends, metrics; both ways,
// from a host of this card and of another, while rules, the gateway and its addresses change,
// ports go down and connections fall silent.
func TestThroughAsTheStages(t *testing.T) {
	w := &throughTwins{TB: t, r: oracle.Random(t), ports: map[string]uint16{}}
	for i := range w.cards {
		w.cards[i] = natRig(t, Options{Card: "x"})
		w.cards[i].gone = true // the gateway's ENI changes
		w.cards[i].resolve(serverY)
		for _, p := range w.cards[i].ports {
			p.Sent()
		}
	}
	w.cards[0].card.Observe(nil)
	rounds := 1500
	if testing.Short() {
		rounds /= 5
	}
	for round := range rounds {
		switch w.r.IntN(30) {
		case 0:
			w.change()
		case 1:
			link := []error{nil, nil, pmd.ErrDown}[w.r.IntN(3)]
			for _, x := range w.cards {
				x.ports["eni-a4"].SetLink(link)
				x.card.checkLinks()
			}
		case 2:
			pause := []time.Duration{time.Second, 9 * time.Second, 40 * time.Second, 349 * time.Second, 352 * time.Second}[w.r.IntN(5)]
			for _, x := range w.cards {
				x.wait(pause)
			}
		}
		w.choose(round)
		w.burst()
		if round%50 == 0 {
			require.Equal(t, w.cards[1].card.NATs(), w.cards[0].card.NATs())
		}
		for _, x := range w.cards {
			x.now += 1e7
			x.ended = nil
		}
	}
}
