package vpc

import (
	"encoding/binary"
	"unsafe"

	"nitrocard/nic/wire"
)

// Path is how to reach an ENI, or the edge in a VPC: the headers to put before a
// frame, prebuilt, and the MACs inside. One cache line.
type Path struct {
	// Outer has no MACs, IPv4 total length, UDP source port and UDP length; the
	// card fills them. IPv4: DF, ID 0, TTL 64, and the checksum of exactly these
	// bytes. UDP checksum 0 (RFC 7348 section 5). VXLAN with the VNI.
	Outer [wire.OuterLen]byte
	Dst   wire.MAC // inside: the ENI's, or the edge's
	Src   wire.MAC // inside, when routed: the router of the ENI's subnet
	VTEP  uint16   // index in Policy.VTEPs
}

// A path is one cache line.
var _ [64]byte = [unsafe.Sizeof(Path{})]byte{}

// tunnel is where a path's outer headers lead.
type tunnel struct{ from, to, vni uint32 }

func (t tunnel) outer() (b [wire.OuterLen]byte) {
	wire.Ethernet(b[:]).SetEtherType(wire.EtherTypeIPv4)
	ip := wire.IPv4(b[wire.EthernetLen:][:wire.IPv4Len])
	ip[0] = 0x45 // version 4, no options
	ip[6] = 0x40 // DF
	ip[8], ip[9] = 64, wire.ProtoUDP
	ip.SetSrc(t.from)
	ip.SetDst(t.to)
	ip.SetChecksum(wire.Sum(ip, 0))
	udp := b[wire.EthernetLen+wire.IPv4Len:]
	binary.BigEndian.PutUint16(udp[2:], wire.PortVXLAN)
	wire.VXLAN(udp[wire.UDPLen:]).Set(t.vni)
	return b
}
