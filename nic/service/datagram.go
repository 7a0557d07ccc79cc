package service

import (
	"encoding/binary"

	"nitrocard/nic/wire"
)

// datagram is a UDP datagram to a guest. Both addresses are of one family.
type datagram struct {
	mac              wire.MAC // of the receiver
	src, dst         wire.Addr
	srcPort, dstPort uint16
	payload          []byte
}

// hops is the TTL and the hop limit of answers. AWS documents none; the choice is the value
// that RFC 1700 recommends.
const hops = 64

// append appends the datagram as a frame from a router:
//
//	|Ethernet 14|IPv4 20 or IPv6 40|UDP 8|payload
func (d *datagram) append(b []byte, router wire.MAC) []byte {
	n := udpLen + len(d.payload)
	b = append(b, d.mac[:]...)
	b = append(b, router[:]...)
	if d.src.Is4() {
		b = appendIPv4(b, d.src, d.dst, n)
	} else {
		b = appendIPv6(b, d.src, d.dst, n)
	}
	l4 := len(b)
	b = binary.BigEndian.AppendUint16(b, d.srcPort)
	b = binary.BigEndian.AppendUint16(b, d.dstPort)
	b = binary.BigEndian.AppendUint16(b, uint16(n))
	b = append(b, 0, 0)
	b = append(b, d.payload...)
	sum := wire.Sum(b[l4:], wire.PseudoSum(d.src, d.dst, wire.ProtoUDP, n))
	if sum == 0 {
		sum = 0xffff // 0 says that there is none (RFC 768)
	}
	binary.BigEndian.PutUint16(b[l4+6:], sum)
	return b
}

const udpLen = 8

// appendIPv4 appends an EtherType and the header of an IPv4 packet with n bytes.
func appendIPv4(b []byte, src, dst wire.Addr, n int) []byte {
	b = binary.BigEndian.AppendUint16(b, wire.EtherTypeIPv4)
	at := len(b)
	b = append(b, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(wire.IPv4Len+n))
	b = append(b, 0, 0, 0x40, 0, hops, wire.ProtoUDP, 0, 0) // DF, and so no identification (RFC 6864)
	b = binary.BigEndian.AppendUint32(b, src.As4())
	b = binary.BigEndian.AppendUint32(b, dst.As4())
	wire.IPv4(b[at:]).SetChecksum(wire.Sum(b[at:], 0))
	return b
}

// appendIPv6 appends an EtherType and the header of an IPv6 packet with n bytes.
func appendIPv6(b []byte, src, dst wire.Addr, n int) []byte {
	b = binary.BigEndian.AppendUint16(b, wire.EtherTypeIPv6)
	b = append(b, 0x60, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(n))
	b = append(b, wire.ProtoUDP, hops)
	for _, a := range []wire.Addr{src, dst} {
		hi, lo := a.Words()
		b = binary.BigEndian.AppendUint64(b, hi)
		b = binary.BigEndian.AppendUint64(b, lo)
	}
	return b
}
