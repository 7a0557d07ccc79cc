package vpc

import (
	"encoding/binary"

	"nitrocard/nic/wire"
)

// Tunnel is the outer headers of a frame to a VTEP. MACs, IPv4 total length, UDP source
// port, UDP length and VNI are 0; the packet path fills them. IPv4 has DF, ID 0, TTL 64
// and the checksum of exactly these bytes. UDP's checksum is 0 (RFC 7348 section 5).
type Tunnel [wire.OuterLen]byte

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
