package wiretest

import (
	"slices"

	"nitrocard/nic/wire"
)

// MACs says between which stations the frame goes.
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

// Payload is what follows the transport header, or IPv4's if the protocol is
// none of TCP, UDP and ICMP.
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

// Pad puts zeros after the packet until the frame has n bytes, as a network
// card does up to 60.
func (p Packet) Pad(n int) Packet {
	p.size = n
	return p
}

// Flags are TCP's, wire.TCPSyn and its like, and replace ACK.
func (p Packet) Flags(flags uint8) Packet {
	p.l4.flags = flags
	return p
}

// Seq is TCP's sequence and acknowledgment number, 1 and 1 without it.
func (p Packet) Seq(seq, ack uint32) Packet {
	p.l4.seq, p.l4.ack = seq, ack
	return p
}

// TCPOptions follow TCP's header. Their length is a multiple of 4.
func (p Packet) TCPOptions(b ...byte) Packet {
	p.l4.options = b
	return p
}

// MTU is the path's, in an ICMP error of type 3 and code 4.
func (p Packet) MTU(n uint16) Packet {
	p.l4.icmpRest = uint32(n)
	return p
}

// Code is an ICMP message's.
func (p Packet) Code(n uint8) Packet {
	p.l4.icmpCode = n
	return p
}

// Quote cuts an ICMP error's quote to n bytes, IPv4 header included.
func (p Packet) Quote(n int) Packet {
	p.l4.payload = p.l4.payload[:n:n]
	return p
}

// NoChecksum leaves UDP's checksum 0.
func (p Packet) NoChecksum() Packet {
	p.l4.noSum = true
	return p
}

// Coverage is what UDP-Lite and DCCP write of how much their checksum covers: a
// number of bytes from the header's first one, and one more than the words of
// data. 0 is all.
func (p Packet) Coverage(n uint8) Packet {
	p.l4.coverage = n
	return p
}

// Checksum makes UDP's checksum, which a VXLAN packet has not otherwise.
func (p Packet) Checksum() Packet {
	p.l4.noSum = false
	return p
}

// SrcPort is UDP's or TCP's.
func (p Packet) SrcPort(port uint16) Packet {
	p.l4.srcPort = port
	return p
}

// TTL is IPv4's time to live, 64 without it.
func (p Packet) TTL(n uint8) Packet {
	p.ip.ttl = n
	return p
}

// TOS is IPv4's second byte: DSCP, and the congestion mark in the lowest two bits.
func (p Packet) TOS(b uint8) Packet {
	p.ip.tos = b
	return p
}

// ID is IPv4's identification, 1 without it.
func (p Packet) ID(id uint16) Packet {
	p.ip.id = id
	return p
}

// DF sets IPv4's don't-fragment flag.
func (p Packet) DF() Packet {
	p.ip.frag |= 0x4000
	return p
}

// Options follow IPv4's header. Their length is a multiple of 4.
func (p Packet) Options(b ...byte) Packet {
	p.ip.options = b
	return p
}
