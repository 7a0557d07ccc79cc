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
	case p.Proto == ICMP:
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
	if binary.BigEndian.Uint16(frame[12:]) != 0x0800 {
		return Packet{}, fmt.Errorf("a frame of type %#x", frame[12:14])
	}
	return readIPv4(frame[14:]), nil
}

// readIPv4 is an IPv4 packet; bytes that are not there count as zero.
func readIPv4(b []byte) (p Packet) {
	b = append(append([]byte{}, b...), make([]byte, 64)...)
	header := int(b[0]&15) * 4
	p.Proto = b[9]
	p.Src, _ = netip.AddrFromSlice(b[12:16])
	p.Dst, _ = netip.AddrFromSlice(b[16:20])
	t := b[header:]
	switch p.Proto {
	case TCP:
		p.SrcPort, p.DstPort = binary.BigEndian.Uint16(t), binary.BigEndian.Uint16(t[2:])
		p.Seq, p.Ack, p.Flags = binary.BigEndian.Uint32(t[4:]), binary.BigEndian.Uint32(t[8:]), t[13]
	case UDP:
		p.SrcPort, p.DstPort = binary.BigEndian.Uint16(t), binary.BigEndian.Uint16(t[2:])
	case ICMP:
		p.Type, p.Code = t[0], t[1]
		if _, _, query := p.query(); query {
			p.ID = binary.BigEndian.Uint16(t[4:])
		} else if t[8]>>4 == 4 {
			quoted := readIPv4(t[8:])
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
