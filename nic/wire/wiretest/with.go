package wiretest

import (
	"slices"

	"nitrocard/nic/wire"
)

// MACs sets the stations that the frame goes between.
func (p Packet) MACs(src, dst wire.MAC) Packet {
	p.src, p.dst = src, dst
	return p
}

// VLAN puts a customer tag in front of the tags that are there.
func (p Packet) VLAN(id uint16) Packet { return p.tag(wire.EtherTypeVLAN, id) }

// QinQ puts a service tag in front of the tags that are there.
func (p Packet) QinQ(id uint16) Packet { return p.tag(wire.EtherTypeQinQ, id) }

func (p Packet) tag(etherType uint32, id uint16) Packet {
	p.tags = slices.Concat([]uint32{etherType<<16 | uint32(id)}, p.tags)
	return p
}

// Payload sets the bytes after the transport header. A protocol that wiretest does
// not know has its payload right after the IPv4 header.
func (p Packet) Payload(s string) Packet {
	p.l4.payload = []byte(s)
	return p
}

// Size fills the payload until the frame has n bytes.
func (p Packet) Size(n int) Packet {
	short := max(n-len(p.Bytes()), 0)
	p.l4.payload = slices.Concat(p.l4.payload, make([]byte, short))
	for i := range short {
		p.l4.payload[len(p.l4.payload)-1-i] = byte(i)
	}
	return p
}

// Pad puts zeros after the packet until the frame has n bytes. A network card pads
// to 60.
func (p Packet) Pad(n int) Packet {
	p.size = n
	return p
}

// Flags sets TCP's flags, such as wire.TCPSyn, in the place of ACK.
func (p Packet) Flags(flags uint8) Packet {
	p.l4.flags = flags
	return p
}

// Seq sets TCP's sequence and acknowledgment number, which are 1 and 1 otherwise.
func (p Packet) Seq(seq, ack uint32) Packet {
	p.l4.seq, p.l4.ack = seq, ack
	return p
}

// Window sets TCP's window, which is 65535 otherwise.
func (p Packet) Window(n uint16) Packet {
	p.l4.window = n
	return p
}

// TCPOptions sets the options in TCP's header. Their length is a multiple of 4.
func (p Packet) TCPOptions(b ...byte) Packet {
	p.l4.options = b
	return p
}

// MTU sets the path's MTU in an ICMP error that reports it.
func (p Packet) MTU(n uint16) Packet {
	p.l4.icmpRest = uint32(n)
	return p
}

// Rest sets the second word of an ICMP message's header.
func (p Packet) Rest(word uint32) Packet {
	p.l4.icmpRest = word
	return p
}

// Code sets the code of an ICMP message.
func (p Packet) Code(n uint8) Packet {
	p.l4.icmpCode = n
	return p
}

// Quote cuts an ICMP error's quote to n bytes, IP header included.
func (p Packet) Quote(n int) Packet {
	p.l4.payload = p.l4.payload[:n:n]
	return p
}

// NoChecksum leaves UDP's checksum 0.
func (p Packet) NoChecksum() Packet {
	p.l4.noSum = true
	return p
}

// Coverage sets the header field that tells how much the checksum covers: in
// UDP-Lite a number of bytes from the header's first one, in DCCP one more than the
// number of words of data. 0 is all.
func (p Packet) Coverage(n uint8) Packet {
	p.l4.coverage = n
	return p
}

// Checksum fills in UDP's checksum, which VXLAN leaves 0.
func (p Packet) Checksum() Packet {
	p.l4.noSum = false
	return p
}

// SrcPort sets the source port of UDP or TCP.
func (p Packet) SrcPort(port uint16) Packet {
	p.l4.srcPort = port
	return p
}

// TTL sets the time to live, which is 64 otherwise.
func (p Packet) TTL(n uint8) Packet {
	p.ip.ttl = n
	return p
}

// TOS sets the DSCP, and the congestion mark in the lowest two bits.
func (p Packet) TOS(b uint8) Packet {
	p.ip.tos = b
	return p
}

// ID sets the identification, which is 1 otherwise.
func (p Packet) ID(id uint16) Packet {
	p.ip.id = id
	return p
}

// DF sets IPv4's don't-fragment flag.
func (p Packet) DF() Packet {
	p.ip.frag |= 0x4000
	return p
}

// Options sets the options in IPv4's header. Their length is a multiple of 4.
func (p Packet) Options(b ...byte) Packet {
	p.ip.options = b
	return p
}
