package service_test

import (
	"maps"
	"net"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
)

// discover is a client's first message, with changes.
func discover(t *testing.T, changes ...dhcpv4.Modifier) *dhcpv4.DHCPv4 {
	t.Helper()
	m, err := dhcpv4.NewDiscovery(nictest.MACA1[:], changes...)
	require.NoError(t, err)
	return m
}

// request is a REQUEST with what the client believes.
func request(t *testing.T, changes ...dhcpv4.Modifier) *dhcpv4.DHCPv4 {
	return discover(t, append([]dhcpv4.Modifier{dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest)}, changes...)...)
}

func wants(ip string) dhcpv4.Modifier {
	return dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(net.ParseIP(ip)))
}

func chose(server string) dhcpv4.Modifier {
	return dhcpv4.WithOption(dhcpv4.OptServerIdentifier(net.ParseIP(server)))
}

func has(ip string) dhcpv4.Modifier { return dhcpv4.WithClientIP(net.ParseIP(ip).To4()) }

// boot has the guest ask, and returns the answer, nil if there is none.
func (r *rig) boot(m *dhcpv4.DHCPv4) *dhcpv4.DHCPv4 {
	r.Helper()
	src, dst := "0.0.0.0:68", "255.255.255.255:67"
	if !m.ClientIPAddr.IsUnspecified() {
		src = m.ClientIPAddr.String() + ":68"
		if m.ServerIdentifier() == nil && m.IsBroadcast() == false {
			dst = "10.0.1.1:67"
		}
	}
	frames := r.ask(r.udp(src, dst, m.ToBytes()))
	if len(frames) == 0 {
		return nil
	}
	from, to, payload := r.datagram(frames)
	require.Equal(r, "10.0.1.1:67", from.String())
	require.EqualValues(r, 68, to.Port())
	require.False(r, to.Addr().IsUnspecified())
	a, err := dhcpv4.FromBytes(payload)
	require.NoError(r, err)
	require.Equal(r, m.TransactionID, a.TransactionID)
	return a
}

// EC2's leases hold these options and no others.
func TestALeaseHoldsWhatEC2Sends(t *testing.T) {
	r := newRig(t)
	a := r.boot(discover(t))
	require.Equal(t, dhcpv4.MessageTypeOffer, a.MessageType())
	require.Equal(t, "10.0.1.5", a.YourIPAddr.String())
	require.Equal(t, dhcpv4.Options{
		1: {255, 255, 255, 0}, 3: {10, 0, 1, 1}, 6: {10, 0, 0, 2}, 12: []byte("ip-10-0-1-5"), 15: []byte("ec2.internal"),
		26: {0x23, 0x29}, 28: {10, 0, 1, 255}, 51: {0, 0, 0x0e, 0x10}, 53: {2}, 54: {10, 0, 1, 1},
	}, a.Options)
}

// The name that a lease gives is the instance's: its address or its ID.
func TestALeaseNamesTheResource(t *testing.T) {
	r := newRig(t)
	r.put("Instances", "{InstanceId: i-a1, PrivateDnsNameOptions: {HostnameType: resource-name}}")
	require.Equal(t, "i-a1", r.boot(discover(t)).HostName())
}

func TestAGuestGetsItsOwnAddressAlone(t *testing.T) {
	const own, other, router = "10.0.1.5", "10.0.1.6", "10.0.1.1"
	none := dhcpv4.MessageTypeNone
	for _, c := range []struct {
		what string
		asks *dhcpv4.DHCPv4
		want dhcpv4.MessageType
	}{
		{"who looks for a server", discover(t), dhcpv4.MessageTypeOffer},
		{"who looks for a server with another address", discover(t, wants(other)), dhcpv4.MessageTypeOffer},
		{"who takes the offer", request(t, wants(own), chose(router)), dhcpv4.MessageTypeAck},
		{"who takes another server's offer", request(t, wants(own), chose("10.0.1.9")), none},
		{"who had the address (INIT-REBOOT)", request(t, wants(own)), dhcpv4.MessageTypeAck},
		{"who had another address", request(t, wants(other)), dhcpv4.MessageTypeNak},
		{"who renews", request(t, has(own)), dhcpv4.MessageTypeAck},
		{"who believes nothing", request(t), dhcpv4.MessageTypeNak},
		{"who renews its second address", request(t, has("10.0.1.15")), dhcpv4.MessageTypeNak},
		{"who has the address and wants the rest", discover(t, dhcpv4.WithMessageType(dhcpv4.MessageTypeInform), has(own)), dhcpv4.MessageTypeAck},
		{"who declines", discover(t, dhcpv4.WithMessageType(dhcpv4.MessageTypeDecline), wants(own), chose(router)), none},
		{"who releases", discover(t, dhcpv4.WithMessageType(dhcpv4.MessageTypeRelease), has(own), chose(router)), none},
		{"another station", discover(t, dhcpv4.WithHwAddr(net.HardwareAddr{6, 0, 0, 0, 10, 2})), none},
		{"a relay", discover(t, dhcpv4.WithGatewayIP(net.IPv4(10, 0, 1, 9))), none},
		{"a server", discover(t, func(m *dhcpv4.DHCPv4) { m.OpCode = dhcpv4.OpcodeBootReply }), none},
	} {
		r := newRig(t)
		a := r.boot(c.asks)
		if c.want == none {
			require.Nil(t, a, c.what)
			continue
		}
		require.NotNil(t, a, c.what)
		require.Equal(t, c.want, a.MessageType(), c.what)
		switch c.want {
		case dhcpv4.MessageTypeNak:
			require.True(t, a.YourIPAddr.IsUnspecified(), c.what)
			require.Len(t, a.Options, 2, c.what)
		case dhcpv4.MessageTypeAck:
			require.Equal(t, c.asks.MessageType() != dhcpv4.MessageTypeInform, a.YourIPAddr.Equal(net.ParseIP(own)), c.what)
		}
	}
}

// A VPC's own set of options replaces the region's, and may add three that EC2 sends for no other
// reason.
func TestTheOptionSetOfAVPC(t *testing.T) {
	standard := dhcpv4.Options{
		1: {255, 255, 255, 0}, 3: {10, 0, 1, 1}, 12: []byte("ip-10-0-1-5"), 26: {0x23, 0x29}, 28: {10, 0, 1, 255}, 51: {0, 0, 0x0e, 0x10}, 53: {2}, 54: {10, 0, 1, 1},
	}
	for _, c := range []struct {
		vpc, set string
		more     dhcpv4.Options
	}{
		{"default", "[]", dhcpv4.Options{6: {169, 254, 169, 253}, 15: []byte("ec2.internal")}},
		{"dopt-1", "[{Key: domain-name-servers, Values: [{Value: AmazonProvidedDNS}, {Value: 10.0.0.9}]}]", dhcpv4.Options{6: {10, 0, 0, 2, 10, 0, 0, 9}, 15: []byte("ec2.internal")}},
		{"dopt-1", "[{Key: domain-name, Values: [{Value: example.com}]}, {Key: domain-name-servers, Values: [{Value: 10.0.0.9}, {Value: 'fd00::9'}]}]",
			dhcpv4.Options{6: {10, 0, 0, 9}, 15: []byte("example.com")}},
		{"dopt-1", "[{Key: ntp-servers, Values: [{Value: 10.0.0.7}]}, {Key: netbios-name-servers, Values: [{Value: 10.0.0.8}]}, {Key: netbios-node-type, Values: [{Value: '2'}]}]",
			dhcpv4.Options{15: []byte("ec2.internal"), 42: {10, 0, 0, 7}, 44: {10, 0, 0, 8}, 46: {2}}},
	} {
		r := newRig(t)
		r.put("DhcpOptions", "{DhcpOptionsId: dopt-1, DhcpConfigurations: "+c.set+"}")
		r.put("Vpcs", "{VpcId: vpc-a, CidrBlock: 10.0.0.0/16, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: '2001:db8:a::/56'}], DhcpOptionsId: "+c.vpc+"}")
		want := maps.Clone(standard)
		maps.Copy(want, c.more)
		require.Equal(t, want, r.boot(discover(t)).Options, c.set)
	}
}
