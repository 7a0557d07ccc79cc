package wiretest

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"nitrocard/nic/wire"
)

type ip struct {
	src, dst   netip.Addr
	proto, ttl uint8
	tos        uint8
	id, frag   uint16 // frag: flags and offset as on the wire in IPv4
	options    []byte // IPv4's
	extensions []extension
}

type transport struct {
	srcPort, dstPort   uint16
	seq, ack           uint32
	window             uint16 // TCP's
	flags              uint8
	icmpType, icmpCode uint8
	icmpRest           uint32 // second word of ICMP's header
	options            []byte
	noSum              bool
	coverage           uint8 // of UDP-Lite's or DCCP's checksum, as in the header
	payload            []byte
}

var be = binary.BigEndian

// Bytes is the frame.
func (p Packet) Bytes() []byte {
	if !p.ip.src.IsValid() {
		return p.frame(p.l3)
	}
	return p.frame(p.ip.packet(p.segment()))
}

// Fragments is the packet in frames that carry at most size bytes of its
// payload each, the transport header included. size is a multiple of 8.
func (p Packet) Fragments(size int) [][]byte {
	if size <= 0 || size%8 != 0 {
		panic(fmt.Sprintf("a fragment of %d bytes: a multiple of 8 is needed", size))
	}
	payload := p.segment()
	var frames [][]byte
	for at := 0; at < len(payload); at += size {
		piece := p.ip
		piece.frag |= uint16(at / 8)
		end := min(at+size, len(payload))
		if end < len(payload) {
			piece.frag |= 0x2000
		}
		frames = append(frames, p.frame(piece.packet(payload[at:end])))
	}
	return frames
}

// frame puts Ethernet header and tags in front of b, and padding after b.
func (p Packet) frame(b []byte) []byte {
	f := append(p.dst[:], p.src[:]...)
	for _, tag := range p.tags {
		f = be.AppendUint32(f, tag)
	}
	f = append(be.AppendUint16(f, p.etherType), b...)
	if short := p.size - len(f); short > 0 {
		f = append(f, make([]byte, short)...)
	}
	return f
}

// packet puts the IP header in front of payload.
func (h ip) packet(payload []byte) []byte {
	if h.src.Is6() {
		return h.packet6(payload)
	}
	headerLen := wire.IPv4Len + len(h.options)
	total := headerLen + len(payload)
	if headerLen > 60 || headerLen%4 != 0 || total > 0xffff {
		panic(fmt.Sprintf("no IPv4 packet has %d bytes of options and %d in all", len(h.options), total))
	}
	b := []byte{0x40 | byte(headerLen/4), h.tos}
	b = be.AppendUint16(b, uint16(total))
	b = be.AppendUint16(b, h.id)
	b = be.AppendUint16(b, h.frag)
	b = append(b, h.ttl, h.proto, 0, 0)
	b = append(append(b, h.src.AsSlice()...), h.dst.AsSlice()...)
	b = append(b, h.options...)
	be.PutUint16(b[10:], ^Sum(b))
	return append(b, payload...)
}

// segment is the transport header and its payload.
func (p Packet) segment() []byte {
	switch p.ip.proto {
	case wire.ProtoTCP:
		return p.tcp()
	case wire.ProtoUDP:
		return p.udp()
	case wire.ProtoUDPLite:
		return p.udpLite()
	case wire.ProtoDCCP:
		return p.dccp()
	case wire.ProtoICMP, wire.ProtoICMPv6:
		return p.icmp()
	}
	return p.l4.payload
}

func (p Packet) tcp() []byte {
	h := p.l4
	b := be.AppendUint16(nil, h.srcPort)
	b = be.AppendUint16(b, h.dstPort)
	b = be.AppendUint32(b, h.seq)
	b = be.AppendUint32(b, h.ack)
	b = append(b, byte((wire.TCPLen+len(h.options))/4)<<4, h.flags)
	b = be.AppendUint16(b, h.window)
	b = append(b, 0, 0, 0, 0) // checksum and urgent pointer
	b = append(append(b, h.options...), h.payload...)
	be.PutUint16(b[16:], ^Sum(p.ip.pseudo(len(b)), b))
	return b
}

func (p Packet) udp() []byte {
	b := be.AppendUint16(nil, p.l4.srcPort)
	b = be.AppendUint16(b, p.l4.dstPort)
	b = be.AppendUint16(b, uint16(wire.UDPLen+len(p.l4.payload)))
	b = append(append(b, 0, 0), p.l4.payload...)
	if p.l4.noSum {
		return b
	}
	be.PutUint16(b[6:], p.ip.notZero(len(b), b))
	return b
}

// notZero is the checksum over b, in a segment of n bytes, for a protocol that
// writes a sum of 0 as 0xffff.
func (h ip) notZero(n int, b []byte) uint16 {
	if sum := ^Sum(h.pseudo(n), b); sum != 0 {
		return sum
	}
	return 0xffff
}

func (p Packet) udpLite() []byte {
	b := be.AppendUint16(nil, p.l4.srcPort)
	b = be.AppendUint16(b, p.l4.dstPort)
	b = append(append(b, 0, p.l4.coverage, 0, 0), p.l4.payload...)
	be.PutUint16(b[6:], p.ip.notZero(len(b), b[:covered(int(p.l4.coverage), len(b))]))
	return b
}

// dccpLen is the header of a DCCP packet with data and a sequence number of 24
// bits.
const dccpLen = 12

func (p Packet) dccp() []byte {
	b := be.AppendUint16(nil, p.l4.srcPort)
	b = be.AppendUint16(b, p.l4.dstPort)
	b = append(b, dccpLen/4, p.l4.coverage, 0, 0, 2<<1, 0, 0, 1)
	b = append(b, p.l4.payload...)
	be.PutUint16(b[6:], ^Sum(p.ip.pseudo(len(b)), b[:dccpCovered(b)]))
	return b
}

func (p Packet) icmp() []byte {
	b := []byte{p.l4.icmpType, p.l4.icmpCode, 0, 0}
	b = append(be.AppendUint32(b, p.l4.icmpRest), p.l4.payload...)
	if p.ip.proto == wire.ProtoICMPv6 {
		be.PutUint16(b[2:], ^Sum(p.ip.pseudo(len(b)), b))
	} else {
		be.PutUint16(b[2:], ^Sum(b))
	}
	return b
}

// pseudo is the pseudo-header of a segment of n bytes. That of IPv6 has more zeros (RFC
// 8200 section 8.1), which add nothing.
func (h ip) pseudo(n int) []byte {
	b := append(h.src.AsSlice(), h.dst.AsSlice()...)
	b = append(b, 0, h.proto)
	return be.AppendUint16(b, uint16(n))
}

func arp(op uint16, from, to wire.Neighbor) []byte {
	b := be.AppendUint16([]byte{0, 1, 8, 0, 6, 4}, op)
	b = append(b, from.MAC[:]...)
	b = be.AppendUint32(b, from.Addr.As4())
	b = append(b, to.MAC[:]...)
	return be.AppendUint32(b, to.Addr.As4())
}
