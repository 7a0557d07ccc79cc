package flow

import "nitrocard/nic/wire"

// Pack makes k the key of a packet that h describes and that goes in direction d,
// towards ENI eni or from it. Every packet gets its key here, as do the packets
// that ICMP errors quote; gather alone makes keys of plain frames without a
// description. ends are the packet's addresses as Table.Fold has them: the ENI's differs
// from the one that h has where that is the public one.
func (k *Key) Pack(eni uint32, d wire.Direction, ends Folded, h *wire.Headers) {
	localPort, remotePort := h.DstPort, h.SrcPort
	if d == wire.Out {
		localPort, remotePort = h.SrcPort, h.DstPort
	}
	if h.IsICMP() {
		remotePort = asker(h, d)
	}
	k.Set(eni, h.Proto, Ends{Local: ends.Local, Remote: ends.Remote, LocalPort: localPort, RemotePort: remotePort})
	if h.EtherType == wire.EtherTypeIPv6 {
		k.Who |= WhoIPv6
	}
	if h.Frag == wire.LaterFragment {
		*k = k.Fragment(h.ID)
	}
}

// asker stands in an ICMP query's key for the port that the protocol lacks: what
// is asked, and the direction of the question. So a connection that the remote
// side asked for lets the guest answer, and neither ask with the same identifier
// nor answer what was not asked. It is 0 for other messages, which belong to no
// query, whatever their identifier.
func asker(h *wire.Headers, d wire.Direction) uint16 {
	query := h.Query()
	switch query {
	case 0:
		return 0
	case h.Type:
		return uint16(query)<<8 | 1 + uint16(d)
	}
	return uint16(query)<<8 | 1 + uint16(d^1)
}

// Ends are the two ends of a connection, as numbers in host byte order. Local
// is the ENI's end whoever sends, so both directions of a connection have the
// same Ends. Of IPv6 addresses there is a fingerprint (see Pair).
//
// An ICMP query has its identifier as LocalPort; RemotePort tells what is asked
// and in which direction. Protocols without ports have 0 for both.
type Ends struct {
	Local, Remote         uint32
	LocalPort, RemotePort uint16
}

// Key names a connection of one ENI. Equal addresses of two VPCs make two
// keys, because the ENI is part of the key.
//
//	 0       4        8           10           12                       16
//	+-------+--------+-----------+------------+------------------------+
//	| Local | Remote | LocalPort | RemotePort | Who                    |
//	+-------+--------+-----------+------------+------------------------+
//
//	                         Who, a word: 31    24   23   22   21        0
//	                                     +--------+-----+-----+----------+
//	                                     |protocol|  F  |  6  |ENI number|
//	                                     +--------+-----+-----+----------+
//
// F is set in the key that the fragments of one datagram share, 6 in that of an IPv6
// packet. The fields are exported for the assembly of package nic, which writes keys by
// their offsets.
type Key struct {
	Ends
	Who uint32
}

// The parts of Key.Who.
const (
	whoProto    = 24        // lowest bit of the protocol number
	whoFragment = 1 << 23   // F
	WhoIPv6     = 1 << 22   // 6; exported for gather
	WhoENI      = 1<<22 - 1 // the ENI number; exported for assembly
)

// Set makes k the key of the connection of an ENI, whose number is below 1<<22.
//
// Set stores field by field. A key built as a value is put together on the stack and
// read back as one vector, and the processor stalls until the narrow stores are done.
// Ends costs nothing: the compiler keeps a struct of four fields in registers.
func (k *Key) Set(eni uint32, proto uint8, e Ends) {
	k.Local = e.Local
	k.Remote = e.Remote
	k.LocalPort = e.LocalPort
	k.RemotePort = e.RemotePort
	k.Who = uint32(proto)<<whoProto | eni
}

// protoFragment is the number of IPv6's fragment header (RFC 8200 section 4.5).
const protoFragment = 44

// Fragment is the key under which the fragments of one datagram find each
// other. Only the first fragment has ports (RFC 791 section 2.3), so the key
// has the datagram's identification in their place: 16 bits of IPv4, 32 of IPv6.
//
// The fragments of IPv6 have no protocol in common. Each names the header where the fragments
// begin, which may be an extension header, and a receiver believes the first one's alone (RFC
// 8200 section 4.5). So the key has the fragment header's number. Were it the one that a fragment
// names, two first fragments of different protocols would pass as two datagrams, of which the
// receiver makes one.
func (k Key) Fragment(id uint32) Key {
	k.LocalPort, k.RemotePort = uint16(id), uint16(id>>16)
	k.Who |= whoFragment
	if k.IsIPv6() {
		k.Who = k.Who&(1<<whoProto-1) | protoFragment<<whoProto
	}
	return k
}

// ENI is the number of the interface that the connection belongs to.
func (k Key) ENI() uint32 { return k.Who & WhoENI }

// Proto is the number of the connection's protocol.
func (k Key) Proto() uint8 { return uint8(k.Who >> whoProto) }

// IsIPv6 tells whether the key is an IPv6 packet's.
func (k Key) IsIPv6() bool { return k.Who&WhoIPv6 != 0 }

// IsFragment tells whether Fragment made the key.
func (k Key) IsFragment() bool { return k.Who&whoFragment != 0 }
