package pipeline

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// serve gives the worker a way to services, which nobody serves.
func (r *rig) serve() { r.w.Serve(NewPunt(func() {})) }

// askServices has eni-a1's guest ask for so many names.
func (r *rig) askServices(n int) {
	r.Helper()
	for range n {
		r.send("eni-a1", to(wiretest.UDP("10.0.1.5:40000", "169.254.169.253:53"))(r))
	}
}

// The services get the guest's very frame, ring once when they rest, and what they answer
// reaches the guest.
func TestTheWayToTheServicesAndBack(t *testing.T) {
	x, rings := newRig(t), 0
	p := NewPunt(func() { rings++ })
	x.w.Serve(p)
	require.True(t, p.Rest())
	frame := to(wiretest.UDP("10.0.1.5:40000", "169.254.169.253:53"))(x)
	x.send("eni-a1", frame)
	x.send("eni-a1", frame)
	require.Equal(t, 1, rings)
	require.False(t, p.Rest())
	for range 2 {
		f := p.First()
		require.Equal(t, frame, f.Frame())
		require.Equal(t, x.eni("eni-a1"), f.ENI)
		require.True(t, p.Answer(f.ENI, []byte("an answer of fourteen bytes and more")))
		p.Done()
	}
	require.Nil(t, p.First())
	require.True(t, x.w.Answered())
	x.ports["eni-a1"].Sent()
	require.Equal(t, 2, x.Poll(x.now))
	require.Len(t, x.ports["eni-a1"].Sent(), 2)
	require.False(t, x.w.Answered())
}

// An answer to an ENI that went reaches nobody.
func TestAnAnswerToAnENIThatWent(t *testing.T) {
	x := newRig(t)
	p := NewPunt(func() {})
	x.w.Serve(p)
	e := x.eni("eni-a1")
	require.True(t, p.Answer(e, make([]byte, 60)))
	x.w.queues[e.Number] = nil
	require.Equal(t, 1, x.Poll(x.now))
	require.False(t, x.w.Answered())
	x.store(x.policy())
}

func TestServicesThatAreBehindTakeNoMore(t *testing.T) {
	p := NewPunt(func() {})
	x := newRig(t)
	e := x.eni("eni-a1")
	for range puntSlots {
		require.True(t, p.Answer(e, make([]byte, 60)))
	}
	require.False(t, p.Answer(e, make([]byte, 60)))
}

// While the services are behind, an ENI that asks without end leaves room for its neighbours.
func TestOneENIDoesNotFillTheWayToTheServices(t *testing.T) {
	x := newRig(t)
	x.serve()
	x.askServices(2 * puntSlots)
	require.Equal(t, uint64(2*puntSlots-puntSlots/2), x.counts("eni-a1").Ends[LocalServiceBusy])
	require.Equal(t, Consumed, x.asks("eni-a2", "10.0.1.6", macA2))
	for x.w.services.First() != nil {
		x.w.services.Done()
	}
	require.Equal(t, Consumed, x.asks("eni-a1", "10.0.1.5", macA1))
}

// Three ENIs that ask more than the services can answer are answered equally often, and one that asks little has
// each of its questions taken.
func TestENIsShareTheWayToTheServices(t *testing.T) {
	x, served := newRig(t), map[string]int{}
	x.serve()
	for round := range 200 {
		for range 4 {
			x.asks("eni-a1", "10.0.1.5", macA1)
			x.asks("eni-a2", "10.0.1.6", macA2)
			x.asks("eni-b1", "10.0.1.5", nictest.MAC("06:00:00:00:0b:01"))
		}
		if round%10 == 9 {
			require.Equal(t, Consumed, x.asks("eni-a4", "10.0.2.8", macA4), round)
		}
		for range 3 {
			served[x.w.services.First().ENI.ID]++
			x.w.services.Done()
		}
	}
	for _, eni := range []string{"eni-a1", "eni-a2", "eni-b1"} {
		require.InDelta(t, 195, served[eni], 20, "%v", served)
	}
}

// Neither groups nor network ACLs keep a guest from the services, nor from the addresses of its router.
func TestServicesAreFreeOfGroupsAndACLs(t *testing.T) {
	x := newRig(t)
	x.serve()
	x.put("NetworkAcls", "{NetworkAclId: acl-a2, VpcId: vpc-a, Associations: [{SubnetId: subnet-a2}]}") // denies all
	x.send("eni-a4", wiretest.UDP("10.0.2.8:40000", "10.0.2.7:53").MACs(macA4, x.eni("eni-a4").RouterMAC).Bytes()).dropped(SecurityGroupOut)
	require.Equal(t, Consumed, x.asks("eni-a4", "10.0.2.8", macA4))
	for _, p := range []wiretest.Packet{
		wiretest.UDP("10.0.2.8:40000", "10.0.0.2:53"), wiretest.TCP("10.0.2.8:40000", "10.0.0.2:53").Flags(wire.TCPSyn), wiretest.UDP("["+a4v6+"]:40000", "[fd00:ec2::253]:53"),
		wiretest.TCP("10.0.2.8:40000", "169.254.169.254:80").Flags(wire.TCPSyn), wiretest.TCP("["+a4v6+"]:40000", "[fd00:ec2::254]:80").Flags(wire.TCPSyn),
		wiretest.UDP("10.0.2.8:123", "169.254.169.123:123"), wiretest.UDP("["+a4v6+"]:123", "[fd00:ec2::123]:123"),
		wiretest.UDP("0.0.0.0:68", "255.255.255.255:67"), wiretest.UDP("[fe80::5]:546", "[ff02::1:2]:547"),
		wiretest.Echo("10.0.2.8", "10.0.2.1", 7), wiretest.Echo(a4v6, "fe80:ec2::1", 7),
	} {
		require.Equal(t, Consumed.String(), x.send("eni-a4", p.MACs(macA4, x.eni("eni-a4").RouterMAC).Bytes()).Verdict.String(), "%v", header(t, p.Bytes()).Tuple)
	}
}

// asks has the guest of an ENI ask for a name.
func (r *rig) asks(eni, addr string, mac wire.MAC) Verdict {
	r.Helper()
	return r.send(eni, wiretest.UDP(addr+":40000", "169.254.169.253:53").MACs(mac, r.eni(eni).RouterMAC).Bytes()).Verdict
}

// The allowance is an ENI's own, and new each second.
func TestTheAllowanceOfLinkLocalPackets(t *testing.T) {
	x := newRig(t)
	x.serve()
	frame := to(wiretest.Echo("10.0.1.5", "10.0.1.1", 7))(x)
	for range 1024 {
		require.Equal(t, Consumed, x.send("eni-a1", frame).Verdict)
	}
	require.Equal(t, LinkLocalAllowanceExceeded, x.send("eni-a1", frame).Verdict)
	for _, p := range []wiretest.Packet{wiretest.ARPRequest(macA1, "10.0.1.5", "10.0.1.1"), solicit(a1v6, "2001:db8:a:1::1")} {
		require.Equal(t, Consumed, x.send("eni-a1", p.Bytes()).Verdict, "ARP and neighbor discovery are no services")
	}
	other := wiretest.Echo("10.0.1.6", "10.0.1.1", 7).MACs(macA2, x.eni("eni-a2").RouterMAC).Bytes()
	require.Equal(t, Consumed, x.send("eni-a2", other).Verdict)
	x.wait(time.Second)
	require.Equal(t, Consumed, x.send("eni-a1", frame).Verdict)
}

// The router of the guest's own subnet answers ping, by each of its addresses, and no other
// subnet's router does.
func TestOnlyTheOwnRouterAnswersPing(t *testing.T) {
	for _, c := range []struct {
		from, to string
		answers  bool
	}{
		{"10.0.1.5", "10.0.1.1", true}, {"10.0.1.5", "10.0.2.1", false},
		{a1v6, "2001:db8:a:1::1", true}, {a1v6, "fe80:ec2::1", true}, {a1v6, "2001:db8:a:2::1", false},
	} {
		x := newRig(t)
		ping := wiretest.Echo(c.from, c.to, 7)
		sent := x.send("eni-a1", to(ping)(x)).frames
		require.Equal(t, c.answers, len(sent) == 1 && isEchoReply(t, sent[0]), c.to)
		if c.answers {
			require.Equal(t, wiretest.EchoReply(c.to, c.from, 7).TTL(sent[0][ttlAt(sent[0])]).MACs(x.eni("eni-a1").RouterMAC, macA1).Bytes(), sent[0], c.to)
		}
	}
}

// isEchoReply tells whether a frame is the answer to a ping.
func isEchoReply(t *testing.T, frame []byte) bool {
	h := header(t, frame)
	return h.IsICMP() && (h.Type == wire.ICMPEchoReply || h.Type == wire.ICMPv6EchoReply)
}

// ttlAt is where a frame has its TTL or hop limit.
func ttlAt(frame []byte) int {
	if wire.Ethernet(frame).EtherType() == wire.EtherTypeIPv6 {
		return wire.EthernetLen + 7
	}
	return wire.EthernetLen + 8
}
