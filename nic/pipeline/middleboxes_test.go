package pipeline

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/mem"
)

// hosts are the cards of a region by name, and where each of its ENIs is.
type hosts struct {
	*testing.T
	rigs map[string]*rig
	at   map[string]string
}

// newHosts are cards x and y, with a1 on x, and two middleboxes on cards of the caller's choice:
// eni-mid, 10.0.3.9, and eni-second, 10.0.4.9, each in a subnet of its own whose other packets go
// to the internet gateway.
func newHosts(t *testing.T, mid, second string, setup func(*rig)) *hosts {
	x, y := newPair(t)
	h := &hosts{t, map[string]*rig{"x": x, "y": y}, map[string]string{"eni-a1": "x", "eni-a4": "x", "eni-mid": mid, "eni-second": second}}
	for _, r := range h.rigs {
		r.middlebox(mid)
		r.put("Subnets", "{SubnetId: subnet-m2, VpcId: vpc-a, CidrBlock: 10.0.4.0/24}")
		e, err := vpc.Put("NetworkInterfaces", []byte(strings.NewReplacer("eni-mid", "eni-second", macMid, "06:00:00:00:0a:0b", "subnet-a3", "subnet-m2", "10.0.3.9", "10.0.4.9", "35.72.2.77", "35.72.2.78").Replace(midENI("Attachment: {InstanceId: i-second}"))))
		require.NoError(t, err)
		region, err := r.region.Change(e, vpc.Edit{Kind: vpc.KindENIPlacement, ID: "eni-second", Object: &vpc.ENIPlacement{Card: second}})
		require.NoError(t, err)
		r.become(region)
		if r.places["eni-second"] != nil {
			r.attach("eni-second", mem.New(mem.Options{}))
		}
		r.put("RouteTables", r.table("rtb-m2", "SubnetId: subnet-m2", "0.0.0.0/0: GatewayId: igw-a"))
		setup(r)
	}
	return h
}

// of is the card of an ENI.
func (h *hosts) of(eni string) *rig { return h.rigs[h.at[eni]] }

// reach carries a packet on to the card that it went to, and holds that an ENI's guest gets it.
func (h *hosts) reach(sent end, eni string, want wiretest.Packet) {
	h.Helper()
	if sent.To == Uplink && sent.Verdict == Sent {
		sent = h.of(eni).send(Uplink, sent.frame)
	}
	got := header(h, sent.delivered(eni))
	w := header(h, want.Bytes())
	require.Equal(h, []wire.Addr{w.Src, w.Dst}, []wire.Addr{got.Src, got.Dst}, eni)
}

// passes has ENIs send a packet on, each to the next one.
func (h *hosts) passes(p wiretest.Packet, enis ...string) {
	h.Helper()
	for i := range enis[1:] {
		h.reach(h.of(enis[i]).fromGuest(enis[i], p), enis[i+1], p)
	}
}

// leaves has an ENI send a packet to the edge, with a source that the internet knows.
func (h *hosts) leaves(eni string, p wiretest.Packet, public string) {
	h.Helper()
	require.Equal(h, wiretest.Addr(public), header(h, h.of(eni).fromGuest(eni, p).tunneled(edge, vniA)).Src)
}

// places are all ways to put two middleboxes on the card of the instance and on another.
var places = [][2]string{{"x", "x"}, {"x", "y"}, {"y", "x"}, {"y", "y"}}

// Middleboxes in a chain: the gateway's table leads to the first one, whose subnet's table leads to
// the second one, and so the way back. Each packet keeps its addresses, and the card of the next
// one believes the card of the one before.
func TestMiddleboxesStandInAChain(t *testing.T) {
	in, inside := wiretest.TCP(client+":40000", "35.72.2.8:22"), wiretest.TCP(client+":40000", "10.0.1.5:22")
	back := wiretest.TCP("10.0.1.5:22", client+":40000")
	for _, at := range places {
		h := newHosts(t, at[0], at[1], func(r *rig) {
			r.put("RouteTables", r.table("rtb-in", "GatewayId: igw-a", "10.0.1.0/24: NetworkInterfaceId: eni-mid"))
			r.routes("rtb-a3", "0.0.0.0/0: GatewayId: igw-a", "10.0.1.0/24: NetworkInterfaceId: eni-second")
			r.put("RouteTables", r.table("rtb-m2", "SubnetId: subnet-m2", "0.0.0.0/0: NetworkInterfaceId: eni-mid"))
			r.routes("rtb-a1", "0.0.0.0/0: NetworkInterfaceId: eni-second")
		})
		for _, flags := range [][2]uint8{{wire.TCPSyn, wire.TCPSyn | wire.TCPAck}, {wire.TCPAck, wire.TCPAck}, {wire.TCPAck, wire.TCPAck}} {
			h.reach(h.of("eni-a1").fromInternet("eni-a1", in.Flags(flags[0])), "eni-mid", inside)
			h.passes(inside.Flags(flags[0]), "eni-mid", "eni-second", "eni-a1")
			h.passes(back.Flags(flags[1]), "eni-a1", "eni-second", "eni-mid")
			h.leaves("eni-mid", back.Flags(flags[1]), "35.72.2.8")
		}
		require.Len(t, h.of("eni-a1").flows("eni-a1"), 1)
	}
}

// "The return traffic from the destination subnet must be routed through the same appliance":
// answers by another middlebox than the gateway's reach that one, and the internet gateway takes
// them from nobody but the first.
func TestAnswersPassTheMiddleboxOfTheGateway(t *testing.T) {
	in, inside := wiretest.TCP(client+":40000", "35.72.2.8:22").Flags(wire.TCPSyn), wiretest.TCP(client+":40000", "10.0.1.5:22").Flags(wire.TCPSyn)
	back := wiretest.TCP("10.0.1.5:22", client+":40000").Flags(wire.TCPSyn | wire.TCPAck)
	for _, at := range places {
		h := newHosts(t, at[0], at[1], func(r *rig) {
			r.put("RouteTables", r.table("rtb-in", "GatewayId: igw-a", "10.0.1.0/24: NetworkInterfaceId: eni-mid"))
			r.routes("rtb-a1", "0.0.0.0/0: NetworkInterfaceId: eni-second")
		})
		h.reach(h.of("eni-a1").fromInternet("eni-a1", in), "eni-mid", inside)
		h.passes(inside, "eni-mid", "eni-a1")
		h.passes(back, "eni-a1", "eni-second")
		h.of("eni-second").fromGuest("eni-second", back).dropped(MiddleboxPassedBy)
	}
}

// Between two subnets each direction may have a middlebox of its own, one a zone: neither end sees a
// difference, from the first packet on.
func TestEachDirectionHasAMiddlebox(t *testing.T) {
	ack, ackBack := toA4.Flags(wire.TCPAck), fromA4.Flags(wire.TCPAck)
	for _, at := range places {
		h := newHosts(t, at[0], at[1], func(r *rig) {
			r.opens("IpRanges: [{CidrIp: 10.0.1.0/24}]")
			r.routes("rtb-a1", "10.0.2.0/24: NetworkInterfaceId: eni-mid")
			r.routes("rtb-a2", "10.0.1.0/24: NetworkInterfaceId: eni-second")
		})
		h.passes(toA4, "eni-a1", "eni-mid", "eni-a4")
		h.passes(fromA4, "eni-a4", "eni-second", "eni-a1")
		for range 3 {
			h.passes(ack, "eni-a1", "eni-mid", "eni-a4")
			h.passes(ackBack, "eni-a4", "eni-second", "eni-a1")
		}
		for _, eni := range []string{"eni-a1", "eni-a4"} {
			f := h.of(eni).flow(eni)
			require.Equal(t, []any{"ESTABLISHED", uint64(4), uint64(4)}, []any{f.State, f.PacketsIn, f.PacketsOut}, eni)
		}
	}
}

// Two middleboxes that the gateway's table leads to for each other's subnet reach each other's
// public addresses: each packet meets both once, and none goes in a circle.
func TestMiddleboxesThatGuardEachOtherAnswer(t *testing.T) {
	const first, second = "35.72.2.77", "35.72.2.78"
	for _, at := range places {
		h := newHosts(t, at[0], at[1], func(r *rig) {
			r.put("RouteTables", r.table("rtb-in", "GatewayId: igw-a", "10.0.4.0/24: NetworkInterfaceId: eni-mid"))
			r.put("RouteTables", r.table("rtb-m2", "SubnetId: subnet-m2", "0.0.0.0/0: NetworkInterfaceId: eni-mid"))
		})
		for _, flags := range [][2]uint8{{wire.TCPSyn, wire.TCPSyn | wire.TCPAck}, {wire.TCPAck, wire.TCPAck}, {wire.TCPAck, wire.TCPAck}} {
			h.leaves("eni-mid", wiretest.TCP("10.0.3.9:40000", second+":22").Flags(flags[0]), first)
			again := wiretest.TCP(first+":40000", "10.0.4.9:22").Flags(flags[0])
			h.reach(h.of("eni-second").fromInternet("eni-second", wiretest.TCP(first+":40000", second+":22").Flags(flags[0])), "eni-mid", again)
			h.passes(again, "eni-mid", "eni-second")
			answer := wiretest.TCP("10.0.4.9:22", first+":40000").Flags(flags[1])
			h.passes(answer, "eni-second", "eni-mid")
			h.leaves("eni-mid", answer, second)
			h.reach(h.of("eni-mid").fromInternet("eni-mid", wiretest.TCP(second+":22", first+":40000").Flags(flags[1])), "eni-mid", wiretest.TCP(second+":22", "10.0.3.9:40000"))
		}
	}
}

// A middlebox moves to another card, with its connections: what it forwards, and what it began
// itself to a public address behind it. Its groups let nobody begin what the answers are.
func TestAMiddleboxMovesWithItsConnections(t *testing.T) {
	const own = "35.72.2.77"
	inside, back := wiretest.TCP(client+":40000", "10.0.1.5:22"), wiretest.TCP("10.0.1.5:22", client+":40000")
	again, answer := wiretest.TCP(own+":40001", "10.0.1.5:22"), wiretest.TCP("10.0.1.5:22", own+":40001")
	in := func(from, port string) wiretest.Packet { return wiretest.TCP(from+":"+port, "35.72.2.8:22") }
	for _, at := range [][2]string{{"x", "y"}, {"y", "x"}} {
		h := newHosts(t, at[0], "y", func(r *rig) {
			r.inspected(at[0])
			r.routes("rtb-a1", "0.0.0.0/0: NetworkInterfaceId: eni-mid")
			r.admits(permit("tcp", "22", "0.0.0.0/0"))
			r.put("SecurityGroups", "{GroupId: sg-mid, GroupName: mid, VpcId: vpc-a, IpPermissionsEgress: [{IpProtocol: '-1', IpRanges: [{CidrIp: 0.0.0.0/0}]}], IpPermissions: ["+permit("tcp", "22", "0.0.0.0/0")+"]}")
		})
		round := func(asks, answers uint8) {
			t.Helper()
			h.leaves("eni-mid", wiretest.TCP("10.0.3.9:40001", "35.72.2.8:22").Flags(asks), own)
			for port, p := range map[string][2]wiretest.Packet{"40000": {inside, back}, "40001": {again, answer}} {
				from := header(t, p[0].Bytes()).Src.String()
				h.reach(h.of("eni-a1").fromInternet("eni-a1", in(from, port).Flags(asks)), "eni-mid", p[0])
				h.passes(p[0].Flags(asks), "eni-mid", "eni-a1")
				h.passes(p[1].Flags(answers), "eni-a1", "eni-mid")
				h.leaves("eni-mid", p[1].Flags(answers), "35.72.2.8")
			}
			h.reach(h.of("eni-mid").fromInternet("eni-mid", wiretest.TCP("35.72.2.8:22", own+":40001").Flags(answers)), "eni-mid", wiretest.TCP("35.72.2.8:22", "10.0.3.9:40001"))
		}
		round(wire.TCPSyn, wire.TCPSyn|wire.TCPAck)
		round(wire.TCPAck, wire.TCPAck)
		was := h.of("eni-mid")
		for _, r := range h.rigs {
			r.at(at[1], "eni-mid")
		}
		h.at["eni-mid"] = at[1]
		records := was.Departed()["eni-mid"]
		taken, err := h.of("eni-mid").Resume("eni-mid", records)
		require.NoError(t, err)
		require.Equal(t, 3, taken, "its own, and the way out of what it forwards: the way in is not tracked")
		for range 3 {
			round(wire.TCPAck, wire.TCPAck)
		}
	}
}

// A middlebox has a public address that stands for a further private one: what the middlebox sends
// from there comes back to it, also by its own gateway's table.
func TestAMiddleboxSendsFromAFurtherPublicAddress(t *testing.T) {
	const own = "35.72.2.79"
	for _, at := range []string{"x", "y"} {
		h := newHosts(t, at, "y", func(r *rig) {
			r.inspected(at)
			r.routes("rtb-a1", "0.0.0.0/0: NetworkInterfaceId: eni-mid")
			r.admits(permit("tcp", "22", "0.0.0.0/0"))
			r.put("NetworkInterfaces", strings.Replace(midENI("Attachment: {InstanceId: i-mid}"), "}}]", "}}, {PrivateIpAddress: 10.0.3.10, Association: {PublicIp: "+own+"}}]", 1))
		})
		for _, flags := range [][2]uint8{{wire.TCPSyn, wire.TCPSyn | wire.TCPAck}, {wire.TCPAck, wire.TCPAck}, {wire.TCPAck, wire.TCPAck}} {
			h.leaves("eni-mid", wiretest.TCP("10.0.3.10:40000", "35.72.2.8:22").Flags(flags[0]), own)
			again := wiretest.TCP(own+":40000", "10.0.1.5:22").Flags(flags[0])
			h.reach(h.of("eni-a1").fromInternet("eni-a1", wiretest.TCP(own+":40000", "35.72.2.8:22").Flags(flags[0])), "eni-mid", again)
			h.passes(again, "eni-mid", "eni-a1")
			answer := wiretest.TCP("10.0.1.5:22", own+":40000").Flags(flags[1])
			h.passes(answer, "eni-a1", "eni-mid")
			h.leaves("eni-mid", answer, "35.72.2.8")
			h.reach(h.of("eni-mid").fromInternet("eni-mid", wiretest.TCP("35.72.2.8:22", own+":40000").Flags(flags[1])), "eni-mid", wiretest.TCP("35.72.2.8:22", "10.0.3.10:40000"))
			h.reach(h.of("eni-mid").fromInternet("eni-mid", wiretest.TCP(client+":1", own+":80").Flags(flags[0])), "eni-mid", wiretest.TCP(client+":1", "10.0.3.10:80"))
		}
	}
}

// What comes by the exit of a virtual private gateway passes a chain of middleboxes, and the
// answers too; so does what the first one sends there itself.
func TestAVPNGatewaysTableLeadsIntoAChain(t *testing.T) {
	in, back := wiretest.TCP("192.168.7.7:40000", "10.0.1.5:80"), wiretest.TCP("10.0.1.5:80", "192.168.7.7:40000")
	own, ownBack := wiretest.TCP("10.0.3.9:40000", "192.168.7.7:443"), wiretest.TCP("192.168.7.7:443", "10.0.3.9:40000")
	for _, at := range places {
		h := newHosts(t, at[0], at[1], func(r *rig) {
			r.put("RouteTables", r.table("rtb-in", "GatewayId: vgw-1", "10.0.0.0/16: NetworkInterfaceId: eni-mid"))
			r.routes("rtb-a3", "192.168.0.0/16: GatewayId: vgw-1", "10.0.1.0/24: NetworkInterfaceId: eni-second")
			r.put("RouteTables", r.table("rtb-m2", "SubnetId: subnet-m2", "192.168.0.0/16: NetworkInterfaceId: eni-mid"))
			r.routes("rtb-a1", "192.168.0.0/16: NetworkInterfaceId: eni-second")
			r.exits("vgw-1: {Vtep: " + box + ", Vni: 7002}")
		})
		for _, flags := range [][2]uint8{{wire.TCPSyn, wire.TCPSyn | wire.TCPAck}, {wire.TCPAck, wire.TCPAck}, {wire.TCPAck, wire.TCPAck}} {
			h.reach(h.of("eni-a1").byExit(7002, "eni-a1", in.Flags(flags[0])), "eni-mid", in)
			h.passes(in.Flags(flags[0]), "eni-mid", "eni-second", "eni-a1")
			h.passes(back.Flags(flags[1]), "eni-a1", "eni-second", "eni-mid")
			h.of("eni-mid").fromGuest("eni-mid", back.Flags(flags[1])).tunneled(box, 7002)
			h.of("eni-mid").fromGuest("eni-mid", own.Flags(flags[0])).tunneled(box, 7002)
			h.reach(h.of("eni-mid").byExit(7002, "eni-mid", ownBack.Flags(flags[1])), "eni-mid", ownBack)
		}
	}
}
