package oracle

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

const payload = "oracle"

// frame is a packet as bytes, right to the last checksum.
func frame(p Packet, src, dst wire.MAC) []byte { return build(p).MACs(src, dst).Bytes() }

func build(p Packet) wiretest.Packet {
	from, to := p.Src.String(), p.Dst.String()
	ports := func(a netip.Addr, port uint16) string { return netip.AddrPortFrom(a, port).String() }
	switch {
	case p.Proto == TCP:
		return wiretest.TCP(ports(p.Src, p.SrcPort), ports(p.Dst, p.DstPort)).Flags(p.Flags).Seq(p.Seq, p.Ack)
	case p.Proto == UDP:
		return wiretest.UDP(ports(p.Src, p.SrcPort), ports(p.Dst, p.DstPort)).Payload(payload)
	case p.Quoted != nil:
		return errorFrom(p)
	case p.IsICMP():
		if _, _, query := p.query(); query {
			return wiretest.Query(from, to, p.Type, p.ID).Code(p.Code)
		}
		return wiretest.ICMP(from, to, p.Type, p.Code).Payload(payload)
	}
	return wiretest.IP(from, to, p.Proto).Payload(payload)
}

// errorFrom is an ICMP error, whose receiver is not always the sender of what it quotes.
func errorFrom(p Packet) wiretest.Packet {
	return wiretest.ICMPError(p.Type, p.Code, p.Src.String(), build(*p.Quoted).Bytes())
}

// read is a frame's packet.
func read(frame []byte) (Packet, error) {
	if err := wiretest.Check(frame); err != nil {
		return Packet{}, err
	}
	if kind := binary.BigEndian.Uint16(frame[12:]); kind != 0x0800 && kind != 0x86dd {
		return Packet{}, fmt.Errorf("a frame of type %#x", kind)
	}
	return readIP(frame[14:]), nil
}

// dstOf is the destination of a frame's IP packet.
func dstOf(frame []byte) netip.Addr {
	if frame[12] == 0x86 {
		return netip.AddrFrom16([16]byte(frame[14+24:]))
	}
	return netip.AddrFrom4([4]byte(frame[14+16:]))
}

// ipLen is the length of a frame's IP header, if it has no options.
func ipLen(frame []byte) int {
	if frame[12] == 0x86 {
		return wire.IPv6Len
	}
	return wire.IPv4Len
}

// readIP is an IP packet without extension headers; bytes that are not there count as zero.
func readIP(b []byte) (p Packet) {
	b = append(append([]byte{}, b...), make([]byte, 64)...)
	header := int(b[0]&15) * 4
	switch {
	case b[0]>>4 == 6:
		header, p.Proto = 40, b[6]
		p.Src, p.Dst = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
	default:
		p.Proto = b[9]
		p.Src, p.Dst = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
	}
	t := b[header:]
	switch p.Proto {
	case TCP:
		p.SrcPort, p.DstPort = binary.BigEndian.Uint16(t), binary.BigEndian.Uint16(t[2:])
		p.Seq, p.Ack, p.Flags = binary.BigEndian.Uint32(t[4:]), binary.BigEndian.Uint32(t[8:]), t[13]
	case UDP:
		p.SrcPort, p.DstPort = binary.BigEndian.Uint16(t), binary.BigEndian.Uint16(t[2:])
	case ICMP, ICMPv6:
		p.Type, p.Code = t[0], t[1]
		if _, _, query := p.query(); query {
			p.ID = binary.BigEndian.Uint16(t[4:])
		} else if t[8]>>4 == b[0]>>4 {
			quoted := readIP(t[8:])
			p.Quoted = &quoted
		}
	}
	return p
}

// same tells whether two packets are equal as far as Packet goes.
func same(a, b Packet) bool {
	qa, qb := a.Quoted, b.Quoted
	a.Quoted, b.Quoted = nil, nil
	if a != b || (qa == nil) != (qb == nil) {
		return false
	}
	return qa == nil || same(*qa, *qb)
}
