package vpc

import (
	"encoding/binary"
	"unsafe"

	"nitrocard/nic/wire"
)

// OuterLen is the length of the headers around a guest's frame: Ethernet 14,
// IPv4 20, UDP 8, VXLAN 8.
const OuterLen = 50

// vxlanPort is IANA's port for VXLAN (RFC 7348 section 5).
const vxlanPort = 4789

// Path is how to reach an ENI, or the edge in a VPC: the headers to put before a
// frame, prebuilt, and the MACs inside. One cache line.
type Path struct {
	// Outer has no MACs, IPv4 total length, UDP source port and UDP length; the
	// card fills them. IPv4: DF, ID 0, TTL 64, and the checksum of exactly these
	// bytes. UDP checksum 0 (RFC 7348 section 5). VXLAN with the VNI.
	Outer [OuterLen]byte
	Dst   wire.MAC // inside: the ENI's, or the edge's
	Src   wire.MAC // inside, when routed: the router of the ENI's subnet
	VTEP  uint16   // index in Policy.VTEPs
}

// A path is one cache line.
var _ [64]byte = [unsafe.Sizeof(Path{})]byte{}

// tunnel is where a path's outer headers lead.
type tunnel struct{ from, to, vni uint32 }

func (t tunnel) outer() (b [OuterLen]byte) {
	be := binary.BigEndian
	be.PutUint16(b[12:], 0x0800)
	ip := b[14:34]
	ip[0] = 0x45
	be.PutUint16(ip[6:], 0x4000)
	ip[8], ip[9] = 64, 17
	be.PutUint32(ip[12:], t.from)
	be.PutUint32(ip[16:], t.to)
	be.PutUint16(ip[10:], headerChecksum(ip))
	be.PutUint16(b[36:], vxlanPort)
	b[42] = 0x08 // I: the VNI is valid
	be.PutUint32(b[46:], t.vni<<8)
	return b
}

// headerChecksum is the checksum of an IPv4 header whose checksum field is 0
// (RFC 1071).
func headerChecksum(ip []byte) uint16 {
	sum := uint32(0)
	for i := 0; i < len(ip); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
