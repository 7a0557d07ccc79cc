package pipeline

import (
	"net"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// solicit is eni-a1's neighbor solicitation for an address, with its MAC as an option unless
// it has no address yet.
func solicit(from, target string) wiretest.Packet {
	option := string([]byte{1, 1}) + string(macA1[:])
	if from == "::" {
		option = ""
	}
	a := wiretest.Addr(target).Netip().As16()
	p := wiretest.ICMP(from, "ff02::1:ff00:1", wire.NDNeighborSolicitation, 0).TTL(255)
	return p.Payload(string(a[:])+option).MACs(macA1, mac("33:33:ff:00:00:01"))
}

// advertised is the answer to a solicitation of eni-a1, as gopacket reads it: the addresses
// and MACs of the frame, the message, and the MAC that the message tells.
func advertised(x *rig, e end) (from, to string, msg *layers.ICMPv6NeighborAdvertisement) {
	x.Helper()
	require.Equal(x, []any{Consumed, "eni-a1"}, []any{e.Verdict, e.from}, e.Verdict.String())
	require.NoError(x, wiretest.Check(e.frame))
	p := gopacket.NewPacket(e.frame, layers.LayerTypeEthernet, gopacket.Default)
	ip := p.Layer(layers.LayerTypeIPv6).(*layers.IPv6)
	require.EqualValues(x, 255, ip.HopLimit)
	eth := p.Layer(layers.LayerTypeEthernet).(*layers.Ethernet)
	msg = p.Layer(layers.LayerTypeICMPv6NeighborAdvertisement).(*layers.ICMPv6NeighborAdvertisement)
	require.EqualValues(x, eth.SrcMAC, msg.Options[0].Data)
	return ip.SrcIP.String(), ip.DstIP.String() + " " + eth.DstMAC.String(), msg
}

// "The v6 router has three addresses: subnet::1, a link-local by EUI-64, fe80:ec2::1" (2.6,
// Subnet), and the card answers for them and for the neighbors of the subnet, with the true
// MAC of the target ENI (2.6, Observed).
func TestNeighborDiscovery(t *testing.T) {
	x := newRig(t)
	router := x.eni("eni-a1").RouterMAC
	for target, want := range map[string]wire.MAC{
		"2001:db8:a:1::1": router, "fe80:ec2::1": router, router.LinkLocal().String(): router, a2v6: macA2, a5v6: x.eni("eni-a5").MAC,
	} {
		for _, asker := range []string{a1v6, "fe80::400:ff:fe00:a01"} {
			from, to, msg := advertised(x, x.send("eni-a1", solicit(asker, target).Bytes()))
			require.Equal(t, []any{target, asker + " " + macA1.String()}, []any{from, to})
			require.Equal(t, net.IP(wiretest.Addr(target).Netip().AsSlice()), msg.TargetAddress)
			require.EqualValues(t, want[:], msg.Options[0].Data)
			require.Equal(t, want == router, msg.Router())
			require.True(t, msg.Solicited() && msg.Override())
		}
	}
	for _, nobody := range []string{a4v6, a1v6, "2001:db8:a:1::99", "fe80::99", client6} {
		x.send("eni-a1", solicit("fe80::1", nobody).Bytes()).dropped(NDUnanswered)
	}
}

// A host that looks for duplicates of its own address gets no answer, and one that takes a
// neighbor's address gets one that all hear (RFC 4862 section 5.4.3, RFC 4861 section 7.2.4).
func TestDuplicateAddressDetection(t *testing.T) {
	x := newRig(t)
	e := x.send("eni-a1", solicit("::", a1v6).Bytes())
	require.Equal(t, []any{Consumed, ""}, []any{e.Verdict, e.from})
	_, to, msg := advertised(x, x.send("eni-a1", solicit("::", a2v6).Bytes()))
	require.Equal(t, "ff02::1 33:33:00:00:00:01", to)
	require.False(t, msg.Solicited())
}

// A router solicitation is answered: the router by its link-local address, addresses by
// DHCPv6, the subnet's block on the link, and no addresses of a host's own making.
func TestRouterSolicitation(t *testing.T) {
	x := newRig(t)
	router := x.eni("eni-a1").RouterMAC
	e := x.send("eni-a1", wiretest.ICMP("fe80::5", "ff02::2", wire.NDRouterSolicitation, 0).TTL(255).MACs(macA1, mac("33:33:00:00:00:02")).Bytes())
	require.Equal(t, "eni-a1", e.from)
	require.NoError(t, wiretest.Check(e.frame))
	p := gopacket.NewPacket(e.frame, layers.LayerTypeEthernet, gopacket.Default)
	require.Equal(t, router.LinkLocal().String(), p.Layer(layers.LayerTypeIPv6).(*layers.IPv6).SrcIP.String())
	msg := p.Layer(layers.LayerTypeICMPv6RouterAdvertisement).(*layers.ICMPv6RouterAdvertisement)
	require.True(t, msg.ManagedAddressConfig())
	require.EqualValues(t, 0xffff, msg.RouterLifetime)
	require.Len(t, msg.Options, 2)
	require.EqualValues(t, router[:], msg.Options[0].Data)
	prefix := msg.Options[1].Data
	require.EqualValues(t, []byte{64, 0x80}, prefix[:2], "on the link, and not autonomous")
	require.Equal(t, "2001:db8:a:1::", net.IP(prefix[14:30]).String())
	x.send("eni-b1", wiretest.ICMP("fe80::5", "ff02::2", wire.NDRouterSolicitation, 0).TTL(255).MACs(x.eni("eni-b1").MAC, mac("33:33:00:00:00:02")).Bytes()).dropped(NDUnanswered)
}

// A host that was answered asks for no router again, so the card tells it in time that the router goes on:
// more than once in the router's lifetime, and as it tells who asks. Hosts without IPv6 hear nothing.
func TestTheRouterGoesOn(t *testing.T) {
	x := newRig(t)
	heard := map[string][][]byte{}
	for range 2 * routerLifetime / 60 {
		x.wait(time.Minute)
		for _, eni := range []string{"eni-a1", "eni-a2", "eni-a4", "eni-b1"} {
			heard[eni] = append(heard[eni], x.ports[eni].Sent()...)
		}
	}
	for _, eni := range []string{"eni-a1", "eni-a2", "eni-a4"} {
		require.GreaterOrEqual(t, len(heard[eni]), 6, eni)
		require.Less(t, len(heard[eni]), 9, eni)
	}
	require.Empty(t, heard["eni-b1"])
	asked := x.send("eni-a1", wiretest.ICMP("fe80::5", "ff02::2", wire.NDRouterSolicitation, 0).TTL(255).MACs(macA1, mac("33:33:00:00:00:02")).Bytes()).frame
	for _, told := range heard["eni-a1"] {
		require.NoError(t, wiretest.Check(told))
		require.Equal(t, "33:33:00:00:00:01 ff02::1", wire.Ethernet(told).Dst().String()+" "+header(t, told).Dst.String())
		icmp := wire.EthernetLen + wire.IPv6Len
		require.Equal(t, asked[icmp+4:], told[icmp+4:])
	}
	x.account()
}

// What is not sound is dropped by name (RFC 4861 section 7.1.1, RFC 6980).
func TestUnsoundNeighborDiscovery(t *testing.T) {
	x := newRig(t)
	sound := solicit(a1v6, "2001:db8:a:1::1")
	frame := sound.Bytes()
	payload := string(frame[62:])
	for what, p := range map[string]wiretest.Packet{
		"hop limit 1":                 sound.TTL(1),
		"code 1":                      sound.Code(1),
		"an option of length 0":       sound.Payload(payload[:16] + "\x01\x00______"),
		"an option past the message":  sound.Payload(payload[:16] + "\x01\x02______"),
		"half an option":              sound.Payload(payload[:20]),
		"half a target":               sound.Payload(payload[:15]),
		"a group as the target":       solicit(a1v6, "ff02::1"),
		"an option, and no address":   solicit("::", "2001:db8:a:1::1").Payload(payload),
		"a fragment that looks whole": sound.Extension(44, 8).ID(1),
	} {
		t.Run(what, func(t *testing.T) {
			x.send("eni-a1", p.Bytes()).dropped(NDInvalid)
		})
	}
	x.send("eni-a1", wiretest.Put(frame, 60, 0xba, 0xad)).dropped(NDInvalid)
	x.send("eni-a1", sound.Payload(payload[:16]+"\x01\x01\x02abcde").Bytes()).dropped(SpoofedMAC)
	require.Empty(t, x.flows(""))
}
