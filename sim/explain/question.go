package explain

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// Ask is a question as people ask it.
type Ask struct {
	From, To   string // as find takes them
	Protocol   uint8
	Port       uint16 // the destination's
	SourcePort uint16 // 0: an ephemeral one
	IPv6       bool   // of an end that has both families; IPv4 if not
}

// Ephemeral is the first of the ports that clients send from, by IANA's use (RFC 6335 section 6).
const Ephemeral = 49152

// Any host on the internet, of the ranges for documentation (RFC 5737, RFC 3849).
var (
	anyHost  = netip.MustParseAddr("203.0.113.9")
	anyHost6 = netip.MustParseAddr("2001:db8:9::9")
)

// Question is what is asked, with the IDs and addresses that are meant.
func (n *Network) Question(a Ask) (q Question, err error) {
	from, err := n.find(a.From)
	if err != nil {
		return q, fmt.Errorf("--from: %w", err)
	}
	to, err := n.find(a.To)
	if err != nil {
		return q, fmt.Errorf("--to: %w", err)
	}
	if to.ENI == "" {
		to.ENI = n.behindNAT64(from.ENI, to.Address)
	}
	switch {
	case from.ENI == "" && to.ENI == "":
		return q, errors.New("both ends are on the internet: name an ENI at one of them")
	case from.ENI == to.ENI:
		return q, fmt.Errorf("both ends are %s: an instance reaches itself without its network card", from.ENI)
	}
	q = Question{From: from.ENI, To: to.ENI, Anyone: from == Place{} || to == Place{}}
	q.Packet = Packet{Protocol: a.Protocol}
	six := a.IPv6 || is6(from) || is6(to) || n.lacks4(from) || n.lacks4(to)
	q.Packet.Src, q.Packet.Dst = n.source(from, six), n.destination(to, from.ENI == "", six)
	if err := q.Packet.complete(a); err != nil {
		return q, err
	}
	return q, nil
}

// is6 tells whether a place was named by an IPv6 address.
func is6(p Place) bool { return p.Address.Is6() }

// lacks4 tells whether an ENI has IPv6 alone.
func (n *Network) lacks4(p Place) bool {
	return p.ENI != "" && !n.firstOf(p.ENI, false).IsValid()
}

// firstOf is an ENI's first private address of a family.
func (n *Network) firstOf(eni string, six bool) netip.Addr {
	for _, a := range n.base.ENI(eni).Addrs() {
		if a.Private.Is4() != six {
			return a.Private.Netip()
		}
	}
	return netip.Addr{}
}

// source is the address that the sender sends from: a guest knows its private addresses alone.
func (n *Network) source(p Place, six bool) netip.Addr {
	switch {
	case p.ENI == "":
		return hostAt(p, six)
	case !p.Address.IsValid():
		return n.firstOf(p.ENI, six)
	}
	if private := n.base.ENI(p.ENI).PrivateOf(wire.AddrFrom(p.Address)); !private.IsZero() {
		return private.Netip()
	}
	return p.Address
}

// hostAt is the address of a place on the internet.
func hostAt(p Place, six bool) netip.Addr {
	switch {
	case p.Address.IsValid():
		return p.Address
	case six:
		return anyHost6
	}
	return anyHost
}

// destination is the address that the sender sends to: the internet knows public addresses alone.
func (n *Network) destination(p Place, fromInternet, six bool) netip.Addr {
	switch {
	case p.ENI == "":
		return hostAt(p, six)
	case p.Address.IsValid():
		return p.Address
	case fromInternet && !six:
		if public := publicOf(n.base.ENI(p.ENI)); public.IsValid() {
			return public
		}
	}
	return n.firstOf(p.ENI, six)
}

// publicOf is an ENI's first public address, the invalid one if it has none.
func publicOf(e *vpc.ENI) netip.Addr {
	for _, a := range e.Addrs() {
		if !a.Public.IsZero() {
			return a.Public.Netip()
		}
	}
	return netip.Addr{}
}

// complete gives the packet what its protocol needs.
func (p *Packet) complete(a Ask) error {
	switch {
	case !p.Src.IsValid() || !p.Dst.IsValid() || p.Src.Is4() != p.Dst.Is4():
		return errors.New("the two ends have no address of the same family: name addresses, or ask with --ipv6 or without")
	case p.Protocol == wire.ProtoICMP && p.Src.Is6():
		p.Protocol = wire.ProtoICMPv6
	case p.Protocol == wire.ProtoICMPv6 && p.Src.Is4():
		p.Protocol = wire.ProtoICMP
	}
	switch {
	case p.hasPorts() && a.Port == 0:
		return fmt.Errorf("--port is missing, which %s has", wire.ProtocolName(p.Protocol))
	case p.hasPorts():
		p.SrcPort, p.DstPort = cmp.Or(a.SourcePort, Ephemeral), a.Port
	case a.Port != 0 || a.SourcePort != 0:
		return fmt.Errorf("%s has no ports: leave out --port and --source-port", wire.ProtocolName(p.Protocol))
	}
	switch p.Protocol {
	case wire.ProtoTCP:
		p.Flags, p.Seq = wire.TCPSyn, 1
	case wire.ProtoICMP:
		p.Type, p.ID = wire.ICMPEcho, 1
	case wire.ProtoICMPv6:
		p.Type, p.ID = wire.ICMPv6Echo, 1
	}
	return nil
}
