package oracle

import "net/netip"

// nat64 is the prefix of IPv4's addresses in IPv6: "NAT64 for v6, on every one: 64:ff9b::/96
// stripped, the source is its own v4; SG and NACL see 64:ff9b::/96."
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// In6 is an address of IPv4 in IPv6: its bytes follow the prefix (RFC 6052 section 2.2).
func In6(a netip.Addr) netip.Addr {
	six, four := nat64.Addr().As16(), a.As4()
	copy(six[12:], four[:])
	return netip.AddrFrom16(six)
}

// In4 is the address of IPv4 that is in one of IPv6, the zero Addr if none is. An address of IPv4 is its own.
func In4(a netip.Addr) netip.Addr {
	switch {
	case a.Is4():
		return a
	case !nat64.Contains(a):
		return netip.Addr{}
	}
	six := a.As16()
	return netip.AddrFrom4([4]byte(six[12:]))
}

// message is the type and code of an ICMP message.
type message struct{ kind, code uint8 }

// messages4 are messages of IPv6 in IPv4 (RFC 7915 section 5.2, figure 6). All others are dropped.
var messages4 = map[message]message{
	{Echo6, 0}:         {Echo, 0},
	{EchoReply6, 0}:    {EchoReply, 0},
	{Unreachable6, 0}:  {Unreachable, 1}, // no route to destination: host unreachable
	{Unreachable6, 1}:  {Unreachable, 10},
	{Unreachable6, 2}:  {Unreachable, 1},
	{Unreachable6, 3}:  {Unreachable, 1},
	{Unreachable6, 4}:  {Unreachable, 3}, // port unreachable
	{TooBig6, 0}:       {Unreachable, 4},
	{TimeExceeded6, 0}: {TimeExceeded, 0},
	{TimeExceeded6, 1}: {TimeExceeded, 1},
	{BadParameter6, 0}: {BadParameter, 0},
	{BadParameter6, 1}: {Unreachable, 2}, // next header: protocol unreachable
}

// messages6 are messages of IPv4 in IPv6 (RFC 7915 section 4.2). All others are dropped.
var messages6 = map[message]message{
	{Echo, 0}:         {Echo6, 0},
	{EchoReply, 0}:    {EchoReply6, 0},
	{Unreachable, 0}:  {Unreachable6, 0},
	{Unreachable, 1}:  {Unreachable6, 0},
	{Unreachable, 2}:  {BadParameter6, 1}, // protocol unreachable: next header
	{Unreachable, 3}:  {Unreachable6, 4},  // port unreachable
	{Unreachable, 4}:  {TooBig6, 0},
	{Unreachable, 5}:  {Unreachable6, 0},
	{Unreachable, 6}:  {Unreachable6, 0},
	{Unreachable, 7}:  {Unreachable6, 0},
	{Unreachable, 8}:  {Unreachable6, 0},
	{Unreachable, 9}:  {Unreachable6, 1},
	{Unreachable, 10}: {Unreachable6, 1},
	{Unreachable, 11}: {Unreachable6, 0},
	{Unreachable, 12}: {Unreachable6, 0},
	{Unreachable, 13}: {Unreachable6, 1}, // prohibited by an administrator
	{Unreachable, 15}: {Unreachable6, 1},
	{TimeExceeded, 0}: {TimeExceeded6, 0},
	{TimeExceeded, 1}: {TimeExceeded6, 1},
	{BadParameter, 0}: {BadParameter6, 0},
	{BadParameter, 2}: {BadParameter6, 0},
}

// as4 is a packet in IPv4, but for the inside host's address, which the translation knows. A packet of
// IPv4 stays as it is. Not ok is what RFC 7915 drops.
func (p Packet) as4() (q Packet, ok bool) {
	if p.Dst.Is4() {
		return p, true
	}
	return p.translated(ICMPv6, ICMP, messages4, In4)
}

// as6 is a packet of IPv4 in IPv6, but for the inside host's address.
func (p Packet) as6() (q Packet, ok bool) { return p.translated(ICMP, ICMPv6, messages6, In6) }

// translated is a packet in the other family.
func (p Packet) translated(icmp, becomes uint8, messages map[message]message, address func(netip.Addr) netip.Addr) (Packet, bool) {
	p.Src, p.Dst = address(p.Src), address(p.Dst)
	forms := p.bare()
	p.resize(becomes)
	if p.Proto != icmp || !forms {
		return p, forms
	}
	if icmp == ICMPv6 && p.Type == TooBig6 {
		p.Code = 0 // "MUST be … ignored by the receiver" (RFC 4443 section 3.2)
	}
	m, ok := messages[message{p.Type, p.Code}]
	p.Proto, p.Type, p.Code = becomes, m.kind, m.code
	if ok && p.Quoted != nil {
		var quoted Packet
		quoted, ok = p.Quoted.translated(icmp, becomes, messages, address)
		p.Quoted = &quoted
	}
	if p.tellsMTU() {
		p.tellMTU()
	}
	return p, ok
}
