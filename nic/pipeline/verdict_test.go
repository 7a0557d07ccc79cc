package pipeline

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// Frames that the cases below begin with. Guests are eni-a1 unless a case
// says otherwise.
var (
	macA1, macA2, macA4 = nictest.MACA1, mac("06:00:00:00:0a:02"), mac("06:00:00:00:0a:04")

	syn  = tcp("22", wire.TCPSyn)                                           // allowed
	out  = wiretest.TCP("10.0.1.5:40000", client+":443").Flags(wire.TCPSyn) // allowed
	ping = wiretest.Echo("10.0.1.5", client, 7)
)

// verdictCase is one packet: what it is, where it comes in, and its end.
type verdictCase struct {
	what  string
	port  string
	frame func(x *rig) []byte
	want  Verdict
	setup func(x *rig) // nil: server x as it is
}

// bytes is a frame that needs nothing of the card.
func bytes(frame []byte) func(*rig) []byte { return func(*rig) []byte { return frame } }

// in is a packet that a tunnel end sends to an ENI.
func in(vtep, eni string, p wiretest.Packet) func(*rig) []byte {
	return func(x *rig) []byte { return x.tunnel(vtep, eni, p) }
}

// to is a packet that the guest of eni-a1 sends to its router.
func to(p wiretest.Packet) func(*rig) []byte {
	return func(x *rig) []byte { return p.MACs(macA1, x.eni("eni-a1").RouterMAC).Bytes() }
}

// wrapped is a frame for eni-a1's VPC in a tunnel from the edge.
func wrapped(frame []byte) func(*rig) []byte {
	return func(x *rig) []byte { return x.outer(edge, vniA, frame).Bytes() }
}

var verdictCases = []verdictCase{
	{"a packet for a guest", Uplink, in(edge, "eni-a1", syn), Sent, nil},
	{"a packet for the internet", "eni-a1", to(out), Sent, nil},
	{"ARP for the router", "eni-a1", bytes(wiretest.ARPRequest(macA1, "10.0.1.5", "10.0.1.1").Bytes()), Consumed, nil},
	{"a packet of a flood", Uplink, in(edge, "eni-a1", syn), UplinkBacklog, func(x *rig) {
		b, eni := &x.w.backlog, x.eni("eni-a1").Number
		b.bound(eni, x.now, longestGap)
		b.shares[eni].due = 1<<63 - 1
	}},
	{"a packet from nowhere", Uplink, in(edge, "eni-a1", wiretest.TCP("127.0.0.1:40000", "35.72.2.8:22").Flags(wire.TCPSyn)), Martian, nil},
	{"a packet from a group", Uplink, in(edge, "eni-a1", wiretest.TCP("224.0.0.5:40000", "35.72.2.8:22").Flags(wire.TCPSyn)), Martian, nil},
	{"a packet to nowhere", "eni-a1", to(wiretest.UDP("10.0.1.5:9", "240.0.0.1:9")), Martian, nil},
	{"a guest that announces its address", "eni-a1", bytes(wiretest.ARPRequest(macA1, "10.0.1.5", "10.0.1.5").Bytes()), Consumed, nil},
	{"a guest that asks for its address", "eni-a1", to(wiretest.UDP("0.0.0.0:68", "255.255.255.255:67")), LocalServiceAbsent, nil},
	{"ARP for the card", Uplink, bytes(wiretest.ARPRequest(edgeUnderlay, edge, serverX).Bytes()), Consumed, nil},

	// From the underlay.
	{"a tunnel to another server", Uplink, func(x *rig) []byte {
		return wiretest.VXLAN(edge, serverY, vniA, syn.Bytes()).MACs(edgeUnderlay, stations[serverX]).Bytes()
	}, NotForThisCard, nil},
	{"a tunnel flooded to another station", Uplink, func(x *rig) []byte {
		return wiretest.VXLAN(edge, serverX, vniA, syn.Bytes()).MACs(edgeUnderlay, stations[serverY]).Bytes()
	}, NotForThisCard, nil},
	{"ARP for another server", Uplink, bytes(wiretest.ARPRequest(edgeUnderlay, "172.16.0.9", serverY).Bytes()), NotForThisCard, nil},
	{"a ping to the card", Uplink, bytes(wiretest.Echo(edge, serverX, 1).Bytes()), NotVXLAN, nil},
	{"IPv6 on the underlay", Uplink, bytes(wiretest.Echo("fe80::1", "ff02::1", 1).Bytes()), NotVXLAN, nil},
	{"ARP in a VLAN of the underlay", Uplink, bytes(wiretest.ARPRequest(edgeUnderlay, edge, serverX).VLAN(3).Bytes()), UnderlayVLAN, nil},
	{"a tunnel in a VLAN of the underlay", Uplink, func(x *rig) []byte { return x.outer(edge, vniA, syn.MACs(edgeRouter, macA1).Bytes()).VLAN(3).Bytes() }, UnderlayVLAN, nil},
	{"a tunnel in a VLAN behind a priority", Uplink, func(x *rig) []byte {
		return x.outer(edge, vniA, syn.MACs(edgeRouter, macA1).Bytes()).VLAN(3).QinQ(0).Bytes()
	}, UnderlayVLAN, nil},
	{"a congested way, for ends that know no marks", Uplink, func(x *rig) []byte { return x.marked(syn, wire.CE) }, CongestionDrop, nil},
	{"a congested way, for ends that know marks", Uplink, func(x *rig) []byte { return x.marked(syn.TOS(uint8(wire.ECT0)), wire.CE) }, Sent, nil},
	{"a tunnel from a stranger", Uplink, in("172.16.0.99", "eni-a1", syn), UnknownVTEP, nil},
	{"a tunnel from a stranger to nobody", Uplink, func(x *rig) []byte { return x.outer("172.16.0.99", 77, syn.Bytes()).Bytes() }, UnknownVTEP, nil},
	{"a tunnel from nowhere", Uplink, in("0.0.0.0", "eni-a1", syn), UnknownVTEP, nil},
	{"a VNI that no VPC has", Uplink, func(x *rig) []byte { return x.outer(edge, 77, syn.Bytes()).Bytes() }, UnknownVNI, nil},
	{"a MAC that no ENI has", Uplink, wrapped(syn.Bytes()), UnknownMAC, nil},
	{"a MAC of an ENI on another server", Uplink, in(edge, "eni-a3", syn), UnknownMAC, nil},
	{"a server that speaks for the internet", Uplink, in(serverY, "eni-a1", syn), SourceMismatch, nil},
	{"the edge speaks for an ENI of another server", Uplink, in(edge, "eni-a1", wiretest.TCP("10.0.1.7:1", "10.0.1.5:80")), SourceMismatch, nil},
	{"a server speaks for an ENI of this one", Uplink, in(serverY, "eni-a1", wiretest.TCP("10.0.1.6:1", "10.0.1.5:80")), SourceMismatch, nil},

	// Over IPv6.
	{"IPv6 for a guest", Uplink, in(edge, "eni-a1", wiretest.TCP("["+client6+"]:40000", "["+a1v6+"]:22").Flags(wire.TCPSyn)), Sent, nil},
	{"IPv6 for the internet", "eni-a1", to(wiretest.UDP("["+a1v6+"]:40000", "["+client6+"]:53")), Sent, nil},
	{"IPv6 for a neighbor", "eni-a1", to(wiretest.TCP("["+a1v6+"]:40000", "["+a2v6+"]:80").Flags(wire.TCPSyn)), Sent, nil},
	{"IPv6 behind extension headers", "eni-a1", to(wiretest.UDP("["+a1v6+"]:40000", "["+client6+"]:53").Extension(0, 8).Extension(60, 16)), Sent, nil},
	{"IPv6 from a foreign address", "eni-a1", to(wiretest.UDP("["+a2v6+"]:40000", "["+client6+"]:53")), SpoofedAddress, nil},
	{"IPv6 to nobody", "eni-a1", to(wiretest.UDP("["+a1v6+"]:40000", "[2001:db8:a:1::77]:53")), NoNeighbor, nil},
	{"IPv6 from nowhere", Uplink, in(edge, "eni-a1", wiretest.UDP("[::1]:40000", "["+a1v6+"]:53")), Martian, nil},
	{"IPv6 that no rule allows", Uplink, in(edge, "eni-a1", wiretest.TCP("["+other6+"]:40000", "["+a1v6+"]:22").Flags(wire.TCPSyn)), SecurityGroupIn, nil},
	{"IPv6 that the edge speaks of as an ENI", Uplink, in(edge, "eni-a1", wiretest.UDP("["+a2v6+"]:40000", "["+a1v6+"]:53")), SourceMismatch, nil},
	{"IPv6 to a local service", "eni-a1", to(wiretest.UDP("["+a1v6+"]:40000", "[fd00:ec2::253]:53")), LocalServiceAbsent, nil},
	{"IPv6 to a link-local address", "eni-a1", to(wiretest.UDP("["+a1v6+"]:40000", "[fe80::99]:53")), NoRoute, nil},
	{"IPv6 to multicast", "eni-a1", to(wiretest.UDP("["+a1v6+"]:40000", "[ff02::fb]:5353")), GroupAddress, nil},
	{"IPv6 with a mapped address", "eni-a1", to(wiretest.UDP("[::ffff:10.0.1.5]:40000", "["+client6+"]:53")), Malformed(wire.FaultIPv6Mapped), nil},

	{"a neighbor solicitation for the router", "eni-a1", bytes(solicit(a1v6, "2001:db8:a:1::1").Bytes()), Consumed, nil},
	{"a neighbor solicitation for nobody", "eni-a1", bytes(solicit(a1v6, "2001:db8:a:1::99").Bytes()), NDUnanswered, nil},
	{"a neighbor solicitation with hop limit 254", "eni-a1", bytes(solicit(a1v6, "2001:db8:a:1::1").TTL(254).Bytes()), NDInvalid, nil},
	{"a neighbor solicitation from the underlay", Uplink, in(edge, "eni-a1", solicit(client6, a1v6)), NDInvalid, nil},
	{"a neighbor solicitation from a foreign address", "eni-a1", bytes(solicit(a2v6, "2001:db8:a:1::1").Bytes()), SpoofedAddress, nil},
	{"a router advertisement from a guest", "eni-a1", to(wiretest.ICMP("fe80::5", "ff02::1", wire.NDRouterAdvertisement, 0).TTL(255)), NDInvalid, nil},
	{"what a guest says of its groups", "eni-a1", to(wiretest.ICMP("fe80::5", "ff02::16", 143, 0)), GroupAddress, nil},
	{"a guest that asks for its IPv6 address", "eni-a1", to(wiretest.UDP("[fe80::5]:546", "[ff02::1:2]:547")), LocalServiceAbsent, nil},
	{"what nobody asked for, through an egress-only gateway", Uplink, in(edge, "eni-a1", wiretest.TCP("["+client6+"]:40000", "["+a1v6+"]:22").Flags(wire.TCPSyn)), EgressOnlyDenied, egressOnlyA1},

	// What a VPC does not carry.
	{"LLDP from a guest", "eni-a1", bytes(wiretest.Ethernet(0x88cc, make([]byte, 50)).MACs(macA1, macA2).Bytes()), EtherTypeDenied, nil},
	{"ARP from the underlay", Uplink, wrapped(wiretest.ARPRequest(edgeRouter, client, "10.0.1.5").MACs(edgeRouter, macA1).Bytes()), EtherTypeDenied, nil},
	{"a tag from a guest", "eni-a1", to(out.VLAN(3)), VLANDenied, nil},
	{"ARP in a VLAN from a guest", "eni-a1", to(wiretest.ARPRequest(macA1, "10.0.1.5", "10.0.1.1").VLAN(3)), VLANDenied, nil},
	{"a tag from the underlay", Uplink, in(edge, "eni-a1", syn.VLAN(3)), VLANDenied, nil},
	{"multicast from a guest", "eni-a1", bytes(wiretest.UDP("10.0.1.5:1", "224.0.0.251:5353").MACs(macA1, mac("01:00:5e:00:00:fb")).Bytes()), GroupAddress, nil},
	{"multicast sent to the router", "eni-a1", to(wiretest.UDP("10.0.1.5:1", "239.1.2.3:5353")), GroupAddress, nil},
	{"broadcast sent to the router", "eni-a1", to(wiretest.UDP("10.0.1.5:68", "255.255.255.255:69")), GroupAddress, nil},
	{"broadcast from the underlay", Uplink, wrapped(syn.MACs(edgeRouter, wire.Broadcast).Bytes()), GroupAddress, nil},

	// What a guest may send.
	{"ARP for nobody", "eni-a1", bytes(wiretest.ARPRequest(macA1, "10.0.1.5", "10.0.1.99").Bytes()), ARPUnanswered, nil},
	{"ARP for a neighbor in another subnet", "eni-a1", bytes(wiretest.ARPRequest(macA1, "10.0.1.5", "10.0.2.8").Bytes()), ARPUnanswered, nil},
	{"ARP for its own address", "eni-a1", bytes(wiretest.ARPRequest(macA1, "0.0.0.0", "10.0.1.5").Bytes()), ARPUnanswered, nil},
	{"an ARP reply nobody asked for", "eni-a1", bytes(wiretest.ARPReply(wire.Neighbor{MAC: macA1, Addr: wiretest.Addr("10.0.1.1")}, wire.Neighbor{MAC: macA2, Addr: wiretest.Addr("10.0.1.6")}).Bytes()), ARPInvalid, nil},
	{"a foreign MAC", "eni-a1", bytes(out.MACs(macA2, macA4).Bytes()), SpoofedMAC, nil},
	{"ARP with a foreign MAC", "eni-a1", bytes(wiretest.Put(wiretest.ARPRequest(macA1, "10.0.1.5", "10.0.1.1").Bytes(), 22, macA2[:]...)), SpoofedMAC, nil},
	{"a foreign address", "eni-a1", to(wiretest.TCP("10.0.1.6:40000", client+":443")), SpoofedAddress, nil},
	{"its own public address", "eni-a1", to(wiretest.TCP("35.72.2.8:40000", client+":443")), SpoofedAddress, nil},
	{"ARP with a foreign address", "eni-a1", bytes(wiretest.ARPRequest(macA1, "10.0.1.6", "10.0.1.1").Bytes()), SpoofedAddress, nil},
	{"the internet to a private address", Uplink, in(edge, "eni-a1", wiretest.TCP(client+":1", "10.0.1.5:80")), PrivateDestination, nil},
	{"the internet gateway to a private address", "eni-b1", func(x *rig) []byte {
		return wiretest.UDP("10.0.1.5:1", "192.168.0.1:53").MACs(mac("06:00:00:00:0b:01"), x.eni("eni-b1").RouterMAC).Bytes()
	}, PrivateInternet, nil},
	{"the internet gateway from a private address", Uplink, in(edge, "eni-a1", wiretest.TCP("100.64.0.1:1", "35.72.2.8:80")), PrivateInternet, nil},
	{"mail to the internet", "eni-a1", to(wiretest.TCP("10.0.1.5:1", client+":25").Flags(wire.TCPSyn)), Port25Blocked, nil},
	{"the internet to a VPC without a gateway", Uplink, in(edge, "eni-a1", wiretest.TCP("["+client6+"]:40000", "["+a1v6+"]:22").Flags(wire.TCPSyn)), NoInternetGateway, detached},
	{"the internet, which is blocked", Uplink, in(edge, "eni-a1", syn), BlockPublicAccess, blocking("block-ingress")},
	{"to the internet, which is blocked", "eni-a1", to(out), BlockPublicAccess, blocking("block-bidirectional")},
	{"to an ENI that denies the internet", Uplink, in(edge, "eni-a1", syn), InternetDenied, denying},
	{"past the middlebox of the gateway's table", "eni-a1", to(out), MiddleboxPassedBy, func(x *rig) { x.inspected("x") }},
	{"an address that the ENI has not", Uplink, in(edge, "eni-a1", wiretest.TCP(client+":1", "10.0.1.6:80")), NotForThisENI, nil},
	{"the MAC of another subnet's neighbor", "eni-a1", bytes(wiretest.TCP("10.0.1.5:1", "10.0.2.8:5432").MACs(macA1, macA4).Bytes()), NotTheRouter, nil},
	{"the wrong neighbor's MAC", "eni-a1", bytes(wiretest.TCP("10.0.1.5:1", "10.0.1.7:80").MACs(macA1, macA2).Bytes()), NotTheRouter, nil},

	// What the rules and the limits allow.
	{"a port without a rule", Uplink, in(edge, "eni-a1", wiretest.TCP(client+":1", "35.72.2.8:23")), SecurityGroupIn, nil},
	{"a source without a rule", Uplink, in(edge, "eni-a1", wiretest.TCP(other+":1", "35.72.2.8:22")), SecurityGroupIn, nil},
	{"a destination without a rule", "eni-a4", func(x *rig) []byte {
		return wiretest.TCP("10.0.2.8:1", "10.0.1.5:80").MACs(macA4, x.eni("eni-a4").RouterMAC).Bytes()
	}, SecurityGroupOut, nil},
	{"a port that the network ACL denies", Uplink, in(edge, "eni-a1", syn), NetworkACLIn, guarded(denies("22", false))},
	{"a port that the network ACL denies outbound", "eni-a1", to(out), NetworkACLOut, guarded(denies("443", true))},
	{"more bytes than the instance may receive", Uplink, in(edge, "eni-a1", syn), BandwidthInExceeded, func(x *rig) {
		x.crowd(vpc.Allowance{PeakBandwidthInGbps: mbit})
	}},
	{"more of a flow than may leave", "eni-a1", to(out), BandwidthOutExceeded, func(x *rig) {
		x.fillClass(out)
	}},
	{"more packets than the instance may receive", Uplink, in(edge, "eni-a1", syn), PacketsExceeded, func(x *rig) {
		x.crowd(vpc.Allowance{PacketsPerSecond: 100})
	}},
	{"one connection more than the instance may have", "eni-a1", to(out), ConntrackAllowanceExceeded, func(x *rig) {
		x.allow("i-a1", 1)
		x.fromGuest("eni-a1", ping).passed()
	}},
	{"one connection more than the card has room for", "eni-b1", func(x *rig) []byte {
		return wiretest.UDP("10.0.1.5:1", client+":53").MACs(mac("06:00:00:00:0b:01"), x.eni("eni-b1").RouterMAC).Bytes()
	}, ConntrackFull, fillTable},
	{"a fragment that brings what came before", Uplink, func(x *rig) []byte {
		pieces := wiretest.UDP(client+":9", "35.72.2.8:5000").ID(9).Size(200).Fragments(64)
		for _, i := range []int{0, 1} {
			x.send(Uplink, x.tunnelBytes(edge, "eni-a1", pieces[i])).passed()
		}
		return x.tunnelBytes(edge, "eni-a1", pieces[1])
	}, FragmentOverlap, func(x *rig) {}},
	{"a later fragment alone", Uplink, func(x *rig) []byte {
		return x.tunnelBytes(edge, "eni-a1", wiretest.UDP(client+":1", "35.72.2.8:53").Size(200).Fragments(64)[1])
	}, FragmentUnknown, nil},

	// Where it goes.
	{"no route", "eni-a4", func(x *rig) []byte {
		return wiretest.TCP("10.0.2.8:1", client+":443").MACs(macA4, x.eni("eni-a4").RouterMAC).Bytes()
	}, NoRoute, nil},
	{"a route to a target that is gone", "eni-a1", to(wiretest.UDP("10.0.1.5:1", "192.0.2.1:53")), Blackhole, nil},
	{"a route to a transit gateway", "eni-a1", to(wiretest.UDP("10.0.1.5:1", "198.51.100.1:53")), TargetOutside, nil},
	{"UDP to a gateway endpoint", "eni-a1", to(wiretest.UDP("10.0.1.5:1", "52.218.0.1:53")), EndpointProtocol, func(x *rig) {
		x.put("ManagedPrefixLists", `{PrefixListId: pl-1, Entries: [{Cidr: 52.218.0.0/17}]}`)
		x.routesOut("{DestinationPrefixListId: pl-1, GatewayId: vpce-1}")
		x.exits("vpce-1: {Vtep: 172.16.0.9, Vni: 7001}")
	}},
	{"a route to a peering connection", "eni-a1", to(wiretest.UDP("10.0.1.5:1", "198.51.100.1:53")), RouteNotEnforced, func(x *rig) { x.routes("rtb-a1", "198.51.100.0/24: VpcPeeringConnectionId: pcx-1") }},
	{"a route to a NAT gateway without an ENI", "eni-a4", func(x *rig) []byte {
		return wiretest.TCP("10.0.2.8:1", client+":443").MACs(macA4, x.eni("eni-a4").RouterMAC).Bytes()
	}, NATAbsent, func(x *rig) { x.routesToNAT("subnet-a2", "{}") }},
	{"a route that leads a NAT gateway back to itself", "eni-nat", func(x *rig) []byte {
		return wiretest.TCP("10.0.1.8:1", client+":443").MACs(macNAT, x.eni("eni-nat").RouterMAC).Bytes()
	}, NATLoop, func(x *rig) { x.hasNAT(); x.routesToNAT("subnet-a1", "{NetworkInterfaceId: eni-nat}") }},
	{"metadata", "eni-a1", to(wiretest.TCP("10.0.1.5:1", "169.254.169.254:80")), LocalServiceAbsent, nil},
	{"Windows activation", "eni-a1", to(wiretest.TCP("10.0.1.5:1", "169.254.169.250:1688")), LocalServiceAbsent, (*rig).serve},
	{"Windows activation at its other address", "eni-a1", to(wiretest.TCP("10.0.1.5:1", "169.254.169.251:1688")), LocalServiceAbsent, (*rig).serve},
	{"Windows activation over IPv6", "eni-a1", to(wiretest.TCP("["+a1v6+"]:1", "[fd00:ec2::250]:1688")), LocalServiceAbsent, (*rig).serve},
	{"an address of the VPC that nobody has", "eni-a1", to(wiretest.TCP("10.0.1.5:1", "10.0.9.9:80")), NoNeighbor, nil},
	{"a neighbor nobody is, on the link", "eni-a1", bytes(wiretest.TCP("10.0.1.5:1", "10.0.1.99:80").MACs(macA1, macA2).Bytes()), NoNeighbor, nil},
	{"a peer's peer", "eni-a1", to(wiretest.TCP("10.0.1.5:1", "10.16.1.5:80")), OutsidePeer, (*rig).peer},
	{"the internet without a public address", "eni-a2", func(x *rig) []byte {
		return wiretest.TCP("10.0.1.6:1", client+":443").MACs(macA2, x.eni("eni-a2").RouterMAC).Bytes()
	}, NoPublicAddress, nil},

	// Services of the card.
	{"a ping to the router", "eni-a1", to(wiretest.Echo("10.0.1.5", "10.0.1.1", 7)), Consumed, nil},
	{"a guest that asks for its address, and services", "eni-a1", to(wiretest.UDP("0.0.0.0:68", "255.255.255.255:67")), Consumed, (*rig).serve},
	{"a guest that asks for its IPv6 address, and services", "eni-a1", to(wiretest.UDP("[fe80::5]:546", "[ff02::1:2]:547")), Consumed, (*rig).serve},
	{"a name, asked for in the VPC", "eni-a1", to(wiretest.UDP("10.0.1.5:40000", "10.0.0.2:53")), Consumed, (*rig).serve},
	{"a port without a service", "eni-a1", to(wiretest.UDP("10.0.1.5:40000", "169.254.169.253:54")), LocalServiceAbsent, (*rig).serve},
	{"Windows activation", "eni-a1", to(wiretest.TCP("10.0.1.5:40000", "169.254.169.250:1688").Flags(wire.TCPSyn)), LocalServiceAbsent, (*rig).serve},
	{"Windows activation, at its other address", "eni-a1", to(wiretest.TCP("10.0.1.5:40000", "169.254.169.251:1688").Flags(wire.TCPSyn)), LocalServiceAbsent, (*rig).serve},
	{"Windows activation by IPv6", "eni-a1", to(wiretest.TCP("["+a1v6+"]:40000", "[fd00:ec2::250]:1688").Flags(wire.TCPSyn)), LocalServiceAbsent, (*rig).serve},
	{"a question while the services are behind", "eni-a1", to(wiretest.UDP("10.0.1.5:40000", "169.254.169.253:53")), LocalServiceBusy, func(x *rig) {
		x.serve()
		x.askServices(puntSlots)
	}},
	{"the 1,025th question in a second", "eni-a1", to(wiretest.UDP("10.0.1.5:40000", "169.254.169.253:53")), LinkLocalAllowanceExceeded, func(x *rig) {
		x.askServices(linkLocalPackets)
	}},

	// How it leaves.
	{"too long for the internet, and not to be fragmented", "eni-a1", to(out.Size(1515).DF()), PacketTooBig, nil},
	{"too long for the internet, and to be fragmented", "eni-a1", to(out.Size(1515)), Sent, nil},
	{"an error too long for the internet, and not to be fragmented", "eni-a1", to(wiretest.ICMPError(wire.ICMPUnreachable, 3, "10.0.1.5", wiretest.UDP(client+":9", "10.0.1.5:9").Size(1500).Bytes()).DF()), PacketTooBigUntold, nil},
	{"an edge that did not answer ARP", "eni-a1", to(out), UnderlayUnresolved, func(x *rig) {
		c := *x.config
		c.Placement.Edge.Vtep = netip.MustParseAddr("172.16.0.2")
		x.apply(&c)
	}},
	{"a frame longer than the guest's MTU", Uplink, in(edge, "eni-a1", syn.Size(200)), TooLong, func(x *rig) { x.attach("eni-a1", mem.New(mem.Options{MTU: 100})) }},
	{"a frame too long for the underlay with its tunnel", "eni-a1", to(out.Size(114)), TooLong, func(x *rig) { x.attach(Uplink, mem.New(mem.Options{MTU: 149})) }},
	{"a guest without a port", Uplink, in(edge, "eni-a1", syn), NoPort, func(x *rig) { x.attach("eni-a1", nil) }},
	{"no uplink", "eni-a1", to(out), NoPort, func(x *rig) { x.attach(Uplink, nil) }},
	{"a guest whose link is down", Uplink, in(edge, "eni-a1", syn), PortDown, func(x *rig) {
		p := mem.New(mem.Options{})
		p.SetLink(pmd.ErrDown)
		x.attach("eni-a1", p)
	}},
	{"a guest that takes nothing", Uplink, in(edge, "eni-a1", syn), TxFull, func(x *rig) { x.attach("eni-a1", &odd{Port: mem.New(mem.Options{}), full: true}) }},
	{"a driver without headroom", "eni-a1", to(out), NoHeadroom, func(x *rig) { x.attach("eni-a1", &odd{Port: x.ports["eni-a1"], bare: true}) }},
	{"a frame of 64 KiB", "eni-a1", bytes(make([]byte, 1000)), Malformed(wire.FaultFrameOversize), func(x *rig) {
		x.attach("eni-a1", &odd{Port: x.ports["eni-a1"], bare: true, grow: 1 << 16})
	}},
}

// odd is a port with a defect.
type odd struct {
	*mem.Port
	full bool // takes no frame
	bare bool // leaves no headroom
	grow int  // and makes frames that long
}

func (o *odd) Rx(b *pmd.Burst) {
	o.Port.Rx(b)
	for i := range b.N {
		if o.bare {
			frame := append([]byte(nil), b.Frames[i].Bytes()...)
			frame = append(frame, make([]byte, max(0, o.grow-len(frame)))...)
			b.Frames[i].Lend(frame, 0, len(frame))
		}
	}
}

func (o *odd) Tx(frames []*pmd.Frame) int {
	if o.full {
		return 0
	}
	return o.Port.Tx(frames)
}

// allow grants an instance so many connections.
func (r *rig) allow(instance string, n uint32) {
	r.Helper()
	c := *r.config
	c.Placement.Allowances = allowances{instance: {Connections: n}}
	r.apply(&c)
}

// fillTable leaves no room for b1, though it has its fair share left: a1 had a
// larger share before, and connections are not taken away.
func fillTable(x *rig) {
	for _, id := range []string{"eni-a1", "eni-a2", "eni-a4"} {
		limit := room - 3
		x.allow(x.eni(id).Instance, uint32(limit))
		x.fill(id, limit)
	}
}

// fill opens connections of an ENI to another, until one is not opened.
func (r *rig) fill(eni string, n int) {
	e, w := r.eni(eni), r.w
	for i := range n {
		p := &packet{guest: &w.guests[e.Number], dir: wire.Out, found: found{initiator: wire.Out}}
		p.Proto = wire.ProtoUDP
		p.key.Local, p.key.Remote, p.key.Who = e.Primary.As4(), uint32(i), wire.ProtoUDP<<24|e.Number
		if w.open(p, &p.key, 0) != next { // nobody else is here to lock out
			return
		}
	}
}

func TestVerdicts(t *testing.T) {
	for _, c := range verdictCases {
		t.Run(c.what, func(t *testing.T) {
			x := newRig(t)
			if c.setup != nil {
				c.setup(x)
			}
			e := x.send(c.port, c.frame(x))
			require.Equal(t, c.want.String(), e.Verdict.String())
			if c.want != Consumed && c.want != PacketTooBig { // which may be answered or not
				require.Equal(t, c.want == Sent, e.frame != nil)
			}
		})
	}
}

// A rule is told of a packet only if the groups were asked for it, or for its
// connection before: what another stage ends first has none, though a connection
// has its key.
func TestARuleIsToldWhereOneWasAsked(t *testing.T) {
	x := newRig(t)
	x.fromInternet("eni-a1", syn).passed()
	x.fromInternet("eni-a1", tcp("80", wire.TCPSyn)).passed()
	x.fromGuest("eni-a1", out).passed()
	for _, c := range []verdictCase{
		{"known, and from the wrong server", Uplink, in(serverY, "eni-a1", syn), SourceMismatch, nil},
		{"known, and from a stranger", Uplink, in("172.16.0.99", "eni-a1", syn), UnknownVTEP, nil},
		{"known, and congested", Uplink, func(x *rig) []byte { return x.marked(syn, wire.CE) }, CongestionDrop, nil},
		{"known, and with another MAC", "eni-a1", bytes(out.MACs(macA2, macA4).Bytes()), SpoofedMAC, nil},
		{"known, and of a VLAN", "eni-a1", to(out.VLAN(3)), VLANDenied, nil},
		{"begins another, which no rule allows", Uplink, in(edge, "eni-a1", tcp("80", wire.TCPSyn).Seq(9, 9)), SecurityGroupIn, func(x *rig) { x.admits() }},
	} {
		if c.setup != nil {
			c.setup(x)
		}
		e := x.send(c.port, c.frame(x))
		e.dropped(c.want)
		require.Nil(t, e.Rule, c.what)
	}
	for _, c := range []verdictCase{
		{"known", "eni-a1", to(out), Sent, nil},
		{"known, and no SYN", "eni-a1", to(out.Flags(wire.TCPAck)), Sent, nil},
		{"allowed, and on a way to nowhere", "eni-a1", to(wiretest.UDP("10.0.1.5:1", "192.0.2.1:53")), Blackhole, nil},
		{"about what is known", "eni-a1", to(wiretest.ICMPError(wire.ICMPUnreachable, 3, "10.0.1.5", wiretest.TCP(client+":443", "10.0.1.5:40000").Bytes())), Sent, nil},
	} {
		for range 2 {
			e := x.send(c.port, c.frame(x))
			require.Equal(t, c.want.String(), e.Verdict.String(), c.what)
			require.NotNil(t, e.Rule, c.what)
		}
	}
}

// malformedFrames are what a guest sends for each fault of a packet.
var malformedFrames = map[wire.Fault][]byte{
	wire.FaultEthernetTruncated: make([]byte, 13),
	wire.FaultVLANTruncated:     wiretest.Cut(out.VLAN(7).Bytes(), 17),
	wire.FaultVLANDepth:         out.VLAN(1).VLAN(2).QinQ(3).Bytes(),
	wire.FaultARPTruncated:      wiretest.Cut(arpRequest, -1),
	wire.FaultARPFormat:         wiretest.Put(arpRequest, 14, 0, 6),
	wire.FaultIPv4Truncated:     wiretest.Cut(out.Bytes(), 33),
	wire.FaultIPv4Version:       wiretest.Mend(wiretest.Put(out.Bytes(), 14, 0x65)),
	wire.FaultIPv4HeaderLength:  wiretest.Mend(wiretest.Put(out.Bytes(), 14, 0x44)),
	wire.FaultIPv4LengthShort:   wiretest.Mend(wiretest.Put(out.Bytes(), 16, 0, 19)),
	wire.FaultIPv4LengthBeyond:  wiretest.Cut(out.Bytes(), -1),
	wire.FaultIPv4Checksum:      wiretest.Put(out.Bytes(), 24, 0xba, 0xad),
	wire.FaultIPv6Truncated:     wiretest.Cut(out6.Bytes(), 53),
	wire.FaultIPv6Version:       wiretest.Put(out6.Bytes(), 14, 0x40),
	wire.FaultIPv6LengthBeyond:  wiretest.Cut(out6.Bytes(), -1),
	wire.FaultIPv6Mapped:        wiretest.TCP("[::ffff:10.0.1.5]:1", "["+client6+"]:2").Bytes(),
	wire.FaultIPv6Extension:     wiretest.Put(out6.Extension(60, 8).Bytes(), 55, 255),
	wire.FaultIPv6Extensions:    out6.Extension(60, 8).Extension(60, 8).Extension(60, 8).Extension(60, 8).Extension(60, 8).Extension(60, 8).Extension(60, 8).Extension(60, 8).Extension(60, 8).Bytes(),
	wire.FaultFragmentOverrun:   wiretest.Mend(wiretest.Put(datagram.Bytes(), 20, 0x1f, 0xff)),
	wire.FaultFragmentTiny:      wiretest.Mend(wiretest.Put(wiretest.Put(wiretest.Cut(out.Bytes(), 50), 16, 0, 36), 20, 0x20, 0)),
	wire.FaultFragmentLength:    wiretest.Mend(wiretest.Put(datagram.Bytes(), 20, 0x20, 0)),
	wire.FaultUDPTruncated:      wiretest.Mend(wiretest.Put(wiretest.Cut(datagram.Bytes(), 41), 16, 0, 27)),
	wire.FaultUDPLengthShort:    wiretest.Put(datagram.Bytes(), 38, 0, 7),
	wire.FaultUDPLengthBeyond:   wiretest.Put(datagram.Bytes(), 38, 9, 9),
	wire.FaultTCPTruncated:      wiretest.Mend(wiretest.Put(wiretest.Cut(out.Bytes(), 53), 16, 0, 39)),
	wire.FaultTCPOffsetShort:    wiretest.Put(out.Bytes(), 46, 0x40),
	wire.FaultTCPOffsetBeyond:   wiretest.Put(out.Bytes(), 46, 0x60),
	wire.FaultICMPTruncated:     wiretest.Mend(wiretest.Put(wiretest.Cut(ping.Bytes(), 41), 16, 0, 27)),
}

var (
	arpRequest = wiretest.ARPRequest(macA1, "10.0.1.5", "10.0.1.1").Bytes()
	out6       = wiretest.TCP("["+a1v6+"]:40000", "["+client6+"]:443")
	datagram   = wiretest.UDP("10.0.1.5:1", client+":53").Payload("0123456789")
)

// malformedTunnels are faults of a tunnel to the card.
func malformedTunnels(x *rig) map[wire.Fault][]byte {
	p := x.outer(edge, vniA, syn.Bytes())
	return map[wire.Fault][]byte{
		wire.FaultOuterFragment:  p.Fragments(64)[0],
		wire.FaultOuterChecksum:  wiretest.Put(p.Bytes(), 40, 0xba, 0xad),
		wire.FaultVXLANTruncated: wiretest.Put(p.Bytes(), 38, 0, 15),
		wire.FaultVXLANFlags:     wiretest.Put(p.Bytes(), 42, 0),
	}
}

// A malformed frame ends with its fault, wherever it comes from.
func TestMalformedFramesEndWithTheirFault(t *testing.T) {
	x := newRig(t)
	for fault, frame := range malformedFrames {
		x.send("eni-a1", frame).dropped(Malformed(fault))
		x.send(Uplink, x.outer(edge, vniA, frame).Bytes()).dropped(Malformed(fault))
		x.send(Uplink, frame).dropped(Malformed(fault))
	}
	for fault, frame := range malformedTunnels(x) {
		x.send(Uplink, frame).dropped(Malformed(fault))
	}
}

// defects are verdicts that no packet meets.
var defects = map[Verdict]bool{Undecided: true, next: true, again: true, early: true, answered: true, Malformed(wire.NoFault): true}

// A verdict that no test packet meets is none; nor is one without a name of
// its own and a sentence.
func TestEveryVerdictIsTestedAndNamed(t *testing.T) {
	seen := map[Verdict]bool{}
	for _, c := range slices.Concat(verdictCases, edgeCases) {
		seen[c.want] = true
	}
	seen[ApplianceLoop] = true // TestAppliancesThatSendToEachOtherEnd: such a packet ends more than once
	for v := NATProtocol; v <= NATPortAllocation; v++ {
		seen[v] = true // of a NAT gateway: package nat
	}
	for fault := range malformedFrames {
		seen[Malformed(fault)] = true
	}
	for fault := range malformedTunnels(newRig(t)) {
		seen[Malformed(fault)] = true
	}
	names := map[string]bool{}
	for i := range Verdicts {
		v := Verdict(i)
		require.Equal(t, !defects[v], seen[v], v.String())
		if v == Malformed(wire.NoFault) {
			continue
		}
		require.NotEmpty(t, v.Sentence())
		require.False(t, names[v.String()], "two verdicts are named %s", v)
		require.Equal(t, strings.ToLower(v.String()), v.String())
		names[v.String()] = true
	}
	require.True(t, Undecided.Dropped(), "a path that forgets to decide is closed")
}

// Reasons are what drops, and nothing else.
func TestReasons(t *testing.T) {
	require.Contains(t, Reasons(), "security_group_in")
	require.Contains(t, Reasons(), Malformed(wire.FaultCount-1).String())
	require.Contains(t, Reasons(), Undecided.String())
	for _, v := range []Verdict{next, again, early, answered, Sent, Consumed, Malformed(wire.NoFault)} {
		require.NotContains(t, Reasons(), v.String())
	}
}
