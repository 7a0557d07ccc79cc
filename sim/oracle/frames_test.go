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
	b := short(p)
	for _, e := range p.Headers.all() {
		b = withHeader(b, e)
	}
	if p.Options != "" {
		b = b.Options([]byte(p.Options)...)
	}
	if p.DF {
		b = b.DF()
	}
	if p.Len > 0 {
		b = b.Size(wire.EthernetLen + p.Len)
	}
	return b
}

// short is a packet of no length of its own.
func short(p Packet) wiretest.Packet {
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

// mostQuoted is how much an ICMP error quotes, as a packet that any network carries has room for (RFC 1812 section 4.3.2.3).
const mostQuoted = 548

// errorFrom is an ICMP error, whose receiver is not always the sender of what it quotes.
func errorFrom(p Packet) wiretest.Packet {
	quoted := build(*p.Quoted).Bytes()
	e := wiretest.ICMPError(p.Type, p.Code, p.Src.String(), quoted).MTU(uint16(p.MTU))
	return e.Quote(min(len(quoted)-wire.EthernetLen, mostQuoted))
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

// long is from how many bytes on a packet's length matters: less than translation leaves of the least of lengths, which
// may lose mostExtensions headers of 24 bytes and two more, and more than a short packet with as many has.
const long = 900

// readIP is an IP packet; bytes that are not there count as zero.
func readIP(b []byte) (p Packet) {
	b = append(append([]byte{}, b...), make([]byte, 64)...)
	header, n := int(b[0]&15)*4, 0
	switch {
	case b[0]>>4 == 6:
		header, p.Proto, p.Headers = headersIn(b)
		n = wire.IPv6Len + int(binary.BigEndian.Uint16(b[4:]))
		p.Src, p.Dst = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
	default:
		p.Options = string(b[20:max(header, 20)])
		p.Proto, n = b[9], int(binary.BigEndian.Uint16(b[2:]))
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
		if p.tellsMTU() {
			p.MTU = int(binary.BigEndian.Uint16(t[6:]))
		}
	}
	if n >= long && p.Quoted == nil {
		p.Len, p.DF = n, b[0]>>4 == 4 && b[6]&0x40 != 0
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
