package wire

import "encoding/binary"

// ARP is a packet about IPv4 over Ethernet (RFC 826):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|      Hardware space = 1       |    Protocol space = 0x0800    |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|  HW length=6  | Prot length=4 |           Operation           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                    Sender hardware address                    |
//	+                               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                               |    Sender protocol address    |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|    Sender protocol address    |                               |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               +
//	|                    Target hardware address                    |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                    Target protocol address                    |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type ARP []byte

// Op is ARPOpRequest, ARPOpReply or something rarer.
func (b ARP) Op() uint16 { return binary.BigEndian.Uint16(b[6:8]) }

// SenderMAC is the address that the sender has.
func (b ARP) SenderMAC() MAC { return MAC(b[8:14]) }

// Sender is the IPv4 address that the sender has, 0 in a probe (RFC 5227).
func (b ARP) Sender() uint32 { return binary.BigEndian.Uint32(b[14:18]) }

// TargetMAC is the asker's address in a reply, and means nothing in a request.
func (b ARP) TargetMAC() MAC { return MAC(b[18:24]) }

// Target is the IPv4 address that a request asks for.
func (b ARP) Target() uint32 { return binary.BigEndian.Uint32(b[24:28]) }

// Station is an IPv4 address on Ethernet.
type Station struct {
	MAC  MAC
	Addr uint32
}

// arpStart is how every packet about IPv4 over Ethernet begins.
const arpStart = 0x0001_0800_06_04

// checkARP judges what follows the EtherType.
func checkARP(b []byte) Fault {
	if len(b) < ARPLen {
		return FaultARPTruncated
	}
	if binary.BigEndian.Uint64(b)>>16 != arpStart {
		return FaultARPFormat
	}
	return NoFault
}

// put writes a packet from one station to another.
func (b ARP) put(op uint16, from, to Station) {
	binary.BigEndian.PutUint64(b, arpStart<<16|uint64(op))
	*(*MAC)(b[8:14]) = from.MAC
	binary.BigEndian.PutUint32(b[14:18], from.Addr)
	*(*MAC)(b[18:24]) = to.MAC
	binary.BigEndian.PutUint32(b[24:28], to.Addr)
}

// ARPReply turns a request that Parse accepted into its reply, in place: mac
// has the address that was asked for. VLAN tags stay.
func ARPReply(frame []byte, mac MAC) {
	at := EthernetLen
	for isTag(binary.BigEndian.Uint16(frame[at-2:])) {
		at += VLANLen
	}
	arp := ARP(frame[at:])
	asker := Station{MAC: arp.SenderMAC(), Addr: arp.Sender()}
	arp.put(ARPOpReply, Station{MAC: mac, Addr: arp.Target()}, asker)
	Ethernet(frame).SetDst(Ethernet(frame).Src())
	Ethernet(frame).SetSrc(mac)
}

// ARPRequest writes into dst a broadcast that asks, on behalf of from, who
// has addr. It returns the frame: the first 42 bytes of dst, which must have
// them.
func ARPRequest(dst []byte, from Station, addr uint32) []byte {
	frame := Ethernet(dst[:EthernetLen+ARPLen])
	frame.SetDst(Broadcast)
	frame.SetSrc(from.MAC)
	frame.SetEtherType(EtherTypeARP)
	ARP(frame[EthernetLen:]).put(ARPOpRequest, from, Station{Addr: addr})
	return frame
}
