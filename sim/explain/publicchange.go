package explain

import (
	"fmt"
	"net/netip"
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// meant is the private address that a packet of the internet is for, whichever address it has.
func (n *Network) meant(p *Path) netip.Addr {
	e := n.base.ENI(p.To)
	if e == nil {
		return netip.Addr{}
	}
	if private := e.PrivateOf(wire.AddrFrom(p.Packet.Dst)); !private.IsZero() {
		return private.Netip()
	}
	return p.Packet.Dst
}

// publicFor is the public address of an ENI's private one, the invalid one if it has none.
func publicFor(e *vpc.ENI, private netip.Addr) netip.Addr {
	for _, a := range e.Addrs() {
		if a.Private.Netip() == private && !a.Public.IsZero() {
			return a.Public.Netip()
		}
	}
	return netip.Addr{}
}

// publish gives an ENI's private address a public one, so that the internet reaches it. If the
// address has one, the internet is to send there.
func (f *fall) publish(eni string, private netip.Addr) []Change {
	e := f.base.ENI(eni)
	if e == nil || f.answer {
		return nil
	}
	if !private.Is4() || !e.Owns(wire.AddrFrom(private)) {
		return nil
	}
	if has := publicFor(e, private); has.IsValid() {
		return []Change{{Text: fmt.Sprintf("send to %s, the public address of %s", has, private), dst: has}}
	}
	public := f.freePublic()
	text := fmt.Sprintf("associate a public IPv4 address with %s of %s", private, eni)
	changes := f.editObject(eni, text, func(e *ec2.NetworkInterface) {
		e.PrivateIpAddresses = slices.Clone(e.PrivateIpAddresses)
		if len(e.PrivateIpAddresses) == 0 {
			e.PrivateIpAddresses = []ec2.NetworkInterfacePrivateIpAddress{{Primary: true, PrivateIpAddress: private}}
		}
		for i := range e.PrivateIpAddresses {
			if a := &e.PrivateIpAddresses[i]; a.PrivateIpAddress == private {
				a.Association = &ec2.NetworkInterfaceAssociation{PublicIp: public}
			}
		}
	})
	if f.path.From == "" {
		for i := range changes {
			changes[i].dst = public
		}
	}
	return changes
}

// freePublic is a public address that no ENI has: one of the provider's, if Placement tells them, or
// else one of a range for documentation (RFC 5737).
func (f *fall) freePublic() netip.Addr {
	taken := func(a netip.Addr) bool { return len(f.holdersOf(wire.AddrFrom(a))) > 0 }
	const probes = 256
	for _, p := range f.cfg.Placement.PublicPrefixes {
		a := p.Addr().Next()
		for i := 0; i < probes && p.Addr().Is4() && p.Contains(a); i++ {
			if !taken(a) {
				return a
			}
			a = a.Next()
		}
	}
	return netip.MustParseAddr("192.0.2.1")
}
