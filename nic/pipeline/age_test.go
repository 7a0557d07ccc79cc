package pipeline

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// An instance's allowance is its own: whoever fills it harms nobody else, and
// what is open goes on.
func TestAnAllowanceIsTheInstancesOwn(t *testing.T) {
	x := newRig(t)
	x.allow("i-a1", 10)
	full := x.limit("eni-a1")
	require.Equal(t, 10, full)
	for i := range uint16(10) {
		x.fromGuest("eni-a1", wiretest.UDP("10.0.1.5:1", client+":53").SrcPort(1000+i)).passed()
	}
	require.Equal(t, 10, x.tracked("eni-a1"))
	x.fromGuest("eni-a1", wiretest.UDP("10.0.1.5:2000", client+":53")).dropped(ConntrackAllowanceExceeded)
	x.fromInternet("eni-a1", tcp("22", wire.TCPSyn)).dropped(ConntrackAllowanceExceeded)
	x.fromGuest("eni-a1", wiretest.UDP("10.0.1.5:1000", client+":53")).passed()
	x.fromInternet("eni-a1", wiretest.UDP(client+":53", "35.72.2.8:1000")).passed()
	x.fromInternet("eni-a1", tcp("80", wire.TCPSyn)).passed() // not tracked
	// B, and A's other instance, have theirs.
	b1 := x.limit("eni-b1")
	for i := range uint16(b1) {
		x.fromGuest("eni-b1", wiretest.UDP("10.0.1.5:1", client+":53").SrcPort(1000+i)).passed()
	}
	x.fromGuest("eni-b1", wiretest.UDP("10.0.1.5:1", client+":53").SrcPort(9)).dropped(ConntrackAllowanceExceeded)
	x.fromGuest("eni-a2", wiretest.UDP("10.0.1.6:1", "10.0.1.5:53")).delivered("eni-a1")
	// Those that idle make room.
	x.wait(31 * time.Second)
	require.Zero(t, x.tracked("eni-b1")+x.tracked("eni-a1"))
	x.fromInternet("eni-a1", tcp("22", wire.TCPSyn)).passed()
}

// Flows that are not tracked count for no allowance, and pass unremembered
// where the cache is full.
func TestUntrackedFlowsNeedNoAllowance(t *testing.T) {
	x := newRig(t)
	x.allow("i-a1", 1)
	for i := range uint16(300) {
		p := wiretest.UDP(client+":1", "35.72.2.8:53").SrcPort(1 + i)
		x.fromInternet("eni-a1", p).passed()
		x.fromInternet("eni-a1", p).passed()
		x.fromGuest("eni-a1", wiretest.UDP("10.0.1.5:53", client+":1")).passed()
	}
	require.Zero(t, x.tracked("eni-a1"))
	require.Len(t, x.flows("eni-a1"), 1<<10/4/4*7/8, "a fourth of the cache, but for what is kept for fragments")
}

// a1's owner set EC2's shortest usual timeout for established connections, the
// others have its default of 5 days.
func TestIdleConnectionsEndAtTheirTimeout(t *testing.T) {
	for _, c := range []struct {
		eni   string
		alive time.Duration
	}{{"eni-a1", 349 * time.Second}, {"eni-a2", 5*24*time.Hour - time.Second}} {
		x := newRig(t)
		x.put("SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissions: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, IpRanges: [{CidrIp: 10.0.1.7/32}]}], IpPermissionsEgress: []}`)
		addr := x.eni(c.eni).Primary.String()
		there := wiretest.TCP("10.0.1.7:40000", addr+":22")
		back := wiretest.TCP(addr+":22", "10.0.1.7:40000")
		x.send(Uplink, x.tunnel(serverY, c.eni, there.Flags(wire.TCPSyn))).passed()
		x.fromGuest(c.eni, back.Flags(wire.TCPSyn|wire.TCPAck)).passed()
		x.send(Uplink, x.tunnel(serverY, c.eni, there)).passed()
		for range 3 {
			x.wait(c.alive)
			x.fromGuest(c.eni, back).passed() // its egress allows nothing by itself
		}
		x.wait(c.alive + 2*time.Second)
		x.fromGuest(c.eni, back).dropped(SecurityGroupOut)
		require.Empty(t, x.flows(c.eni))
	}
}

// UDP: 30 s after a request and its answer, 180 s once there were more; ICMP
// 60 s, other protocols 600 s.
func TestTimeoutsOfOtherProtocols(t *testing.T) {
	x := newRig(t)
	x.put("SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissions: [{IpProtocol: "-1", IpRanges: [{CidrIp: 203.0.113.0/24}]}], IpPermissionsEgress: []}`)
	x.timeouts(30*time.Second, 180*time.Second)
	c := *x.config
	c.NetworkInterfaces = slices.Clone(c.NetworkInterfaces)
	c.NetworkInterfaces[0].ConnectionTrackingConfiguration = &ec2.ConnectionTrackingConfiguration{UdpTimeout: new(45), UdpStreamTimeout: new(120)}
	x.apply(&c)
	x.timeouts(45*time.Second, 120*time.Second)
}

// timeouts holds that connections that nothing but their record lets go on end when they should: UDP after its
// one timeout, or its other one where more than one exchange was seen, and others as they do at each ENI.
func (x *rig) timeouts(udp, stream time.Duration) {
	x.Helper()
	ask, answer := wiretest.UDP(client+":9", "35.72.2.8:5000"), wiretest.UDP("10.0.1.5:5000", client+":9")
	gre, greBack := wiretest.IP(client, "35.72.2.8", 47), wiretest.IP("10.0.1.5", client, 47)
	echo, reply := wiretest.Echo(client, "35.72.2.8", 5), wiretest.EchoReply("10.0.1.5", client, 5)
	for _, c := range []struct {
		there, back wiretest.Packet
		rounds      int
		timeout     time.Duration
	}{{ask, answer, 1, udp}, {ask, answer, 2, stream}, {gre, greBack, 1, 600 * time.Second}, {echo, reply, 1, 60 * time.Second}} {
		for _, d := range []time.Duration{-time.Second, time.Second} {
			for range c.rounds {
				x.fromInternet("eni-a1", c.there).passed()
				x.fromGuest("eni-a1", c.back).passed()
			}
			x.wait(c.timeout + d)
			if e := x.fromGuest("eni-a1", c.back); d < 0 {
				e.passed()
				x.wait(time.Hour)
			} else {
				e.dropped(SecurityGroupOut)
			}
		}
	}
}
