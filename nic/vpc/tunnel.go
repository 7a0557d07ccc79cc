package vpc

import (
	"encoding/binary"

	"nitrocard/nic/wire"
)

// Tunnel is the outer headers of a frame to a VTEP. MACs, IPv4 total length, UDP source
// port, UDP length and VNI are 0; the packet path fills them. IPv4 has DF, ID 0, TTL 64
// and the checksum of exactly these bytes. UDP's checksum is 0 (RFC 7348 section 5).
type Tunnel [wire.OuterLen]byte

// Tunnel6 is Tunnel over IPv6. Traffic class, flow label, payload length and UDP's checksum are
// 0, too; the packet path fills them. The hop limit is 64.
type Tunnel6 [wire.OuterLen6]byte

// NewTunnel6 makes the headers from one IPv6 address of the underlay to another.
func NewTunnel6(from, to wire.Addr) (b Tunnel6) {
	wire.Ethernet(b[:]).SetEtherType(wire.EtherTypeIPv6)
	ip := wire.IPv6(b[wire.EthernetLen:][:wire.IPv6Len])
	ip[0], ip[6], ip[7] = 6<<4, wire.ProtoUDP, 64
	ip.SetSrc(from)
	ip.SetDst(to)
	udp := b[wire.EthernetLen+wire.IPv6Len:]
	binary.BigEndian.PutUint16(udp[2:], wire.PortVXLAN)
	wire.VXLAN(udp[wire.UDPLen:]).Set(0)
	return b
}

// NewTunnel makes the headers from one IPv4 address of the underlay to another.
func NewTunnel(from, to wire.Addr) (b Tunnel) {
	wire.Ethernet(b[:]).SetEtherType(wire.EtherTypeIPv4)
	ip := wire.IPv4(b[wire.EthernetLen:][:wire.IPv4Len])
	ip[0] = 0x45 // version 4, no options
	ip[6] = 0x40 // DF
	ip[8], ip[9] = 64, wire.ProtoUDP
	ip.SetSrc(from.As4())
	ip.SetDst(to.As4())
	ip.SetChecksum(wire.Sum(ip, 0))
	udp := b[wire.EthernetLen+wire.IPv4Len:]
	binary.BigEndian.PutUint16(udp[2:], wire.PortVXLAN)
	wire.VXLAN(udp[wire.UDPLen:]).Set(0)
	return b
}
