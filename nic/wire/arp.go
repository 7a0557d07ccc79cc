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

// Op is the operation: ARPOpRequest, ARPOpReply or a rarer one.
func (b ARP) Op() uint16 { return binary.BigEndian.Uint16(b[6:8]) }

// SenderMAC is the sender's Ethernet address.
func (b ARP) SenderMAC() MAC { return MAC(b[8:14]) }

// Sender is the sender's IPv4 address, 0 in a probe (RFC 5227).
func (b ARP) Sender() Addr { return AddrFrom4(binary.BigEndian.Uint32(b[14:18])) }

// Target is the IPv4 address that a request asks about.
func (b ARP) Target() Addr { return AddrFrom4(binary.BigEndian.Uint32(b[24:28])) }

// Neighbor is an IP address on Ethernet, as ARP and neighbor discovery tell it.
type Neighbor struct {
	MAC  MAC
	Addr Addr
}

// arpStart is the first six bytes of every ARP packet about IPv4 over Ethernet.
const arpStart = 0x0001_0800_06_04

// checkARP judges the packet b, which follows the EtherType.
func checkARP(b []byte) Fault {
	if len(b) < arpLen {
		return FaultARPTruncated
	}
	if binary.BigEndian.Uint64(b)>>16 != arpStart {
		return FaultARPFormat
	}
	return NoFault
}

// put writes a packet from one station to another.
func (b ARP) put(op uint16, from, to Neighbor) {
	binary.BigEndian.PutUint64(b, arpStart<<16|uint64(op))
	*(*MAC)(b[8:14]) = from.MAC
	binary.BigEndian.PutUint32(b[14:18], from.Addr.As4())
	*(*MAC)(b[18:24]) = to.MAC
	binary.BigEndian.PutUint32(b[24:28], to.Addr.As4())
}

// ARPReply turns a request into its reply, in place: the station mac has the
// address that the request asks about. Parse must have accepted the request.
// VLAN tags stay, so the reply reaches the asker's VLAN.
func ARPReply(frame []byte, mac MAC) {
	at := EthernetLen
	for isTag(binary.BigEndian.Uint16(frame[at-2:])) {
		at += VLANLen
	}
	arp := ARP(frame[at:])
	asker := Neighbor{MAC: arp.SenderMAC(), Addr: arp.Sender()}
	arp.put(ARPOpReply, Neighbor{MAC: mac, Addr: arp.Target()}, asker)
	Ethernet(frame).SetDst(Ethernet(frame).Src())
	Ethernet(frame).SetSrc(mac)
}

// ARPRequest writes a broadcast into dst that asks, on behalf of from, who has
// addr. The frame that ARPRequest returns is the first 42 bytes of dst; a
// shorter dst panics.
func ARPRequest(dst []byte, from Neighbor, addr Addr) []byte {
	frame := Ethernet(dst[:EthernetLen+arpLen])
	frame.SetDst(Broadcast)
	frame.SetSrc(from.MAC)
	frame.SetEtherType(EtherTypeARP)
	ARP(frame[EthernetLen:]).put(ARPOpRequest, from, Neighbor{Addr: addr})
	return frame
}
