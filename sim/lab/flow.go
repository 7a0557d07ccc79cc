//go:build linux

package lab

import (
	"fmt"
	"net/netip"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/sim/oracle"
)

// flow is somebody who may want to speak to somebody, by its first packet.
type flow struct {
	from   string // an ENI; "": the internet
	packet oracle.Packet
}

// traffic is what flows of either family are of: a protocol and the port that it goes to.
type traffic struct {
	proto uint8
	port  uint16
}

// usual are tried between any two, whatever the rules say.
var usual = []traffic{{oracle.TCP, 80}, {oracle.TCP, 22}, {oracle.UDP, 53}, {oracle.ICMP, 0}}

// packet is the first of a flow.
func (t traffic) packet(src, dst netip.Addr) oracle.Packet {
	p := oracle.Packet{Proto: t.proto, Src: src, Dst: dst}
	switch t.proto {
	case oracle.TCP:
		p.SrcPort, p.DstPort, p.Flags, p.Seq = firstSourcePort, t.port, oracle.SYN, 1
	case oracle.UDP:
		p.SrcPort, p.DstPort = firstSourcePort, t.port
	case oracle.ICMP:
		p.Type, p.ID = oracle.Echo, 1
		if src.Is6() {
			p.Proto, p.Type = oracle.ICMPv6, oracle.Echo6
		}
	}
	return p
}

// trafficOf is a piece of what a rule allows.
func trafficOf(rule ec2.IpPermission) []traffic {
	port := rule.FromPort
	switch rule.IpProtocol {
	case "tcp", "6":
		if port != nil && *port > 0 {
			return []traffic{{oracle.TCP, uint16(*port)}}
		}
	case "udp", "17":
		if port != nil && *port > 0 {
			return []traffic{{oracle.UDP, uint16(*port)}}
		}
	}
	return nil // pings, and what allows everything, the usual traffic tries
}

// String is traffic in a few words.
func (t traffic) String() string {
	switch t.proto {
	case oracle.TCP:
		return fmt.Sprintf("tcp %d", t.port)
	case oracle.UDP:
		return fmt.Sprintf("udp %d", t.port)
	}
	return "ping"
}

// family is what the flow's packets are of.
type family string

const (
	ipv4 family = "IPv4"
	ipv6 family = "IPv6"
	both family = "NAT64" // IPv6 until a NAT gateway, IPv4 beyond
)

// family is the flow's.
func (f flow) family() family {
	switch {
	case f.packet.Src.Is4():
		return ipv4
	case f.far() == f.packet.Dst:
		return ipv6
	}
	return both
}

// far is where the flow goes: an address of IPv4 where NAT64 is to translate.
func (f flow) far() netip.Addr {
	if four := oracle.In4(f.packet.Dst); four.IsValid() {
		return four
	}
	return f.packet.Dst
}

// traffic is what the flow is of.
func (f flow) traffic() traffic {
	if f.packet.IsICMP() {
		return traffic{proto: oracle.ICMP}
	}
	return traffic{f.packet.Proto, f.packet.DstPort}
}
