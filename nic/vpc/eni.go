package vpc

import (
	"net/netip"
	"slices"
	"time"

	"nitrocard/nic/wire"
)

// ENI is a network interface as all cards know it: the fields that the mapping, rules and
// routes ask for. A region may have a million ENIs, so an ENI is small, and shares with
// other ENIs what it can.
type ENI struct {
	*identity
	*membership
	further *further // nil: one address and no prefix
	public  uint32   // the primary address's public one; 0: none
	Card    uint16   // index in Region.VTEPs of the ENI's card
	lost    bool     // the primary address is another ENI's, too, and so belongs to neither
}

// membership is the part of an ENI that all ENIs of one subnet with the same groups and
// settings share, so that it is in the cache when a rule asks for the groups of a remote
// ENI.
type membership struct {
	Subnet          *Subnet
	Groups          []*Group
	Timeouts        *Timeouts
	SourceDestCheck bool
}

// further is the part of an ENI that few ENIs have.
type further struct {
	addrs    []Address      // all, primary first, those of IPv6 last
	prefixes []netip.Prefix // delegated, of both families
}

// primary is the primary private address; zero: the ENI has IPv6 only.
func (e *ENI) primary() wire.Addr {
	if e.lost {
		return wire.Addr{}
	}
	return addrFrom(e.addr)
}

// Public is the public address of the primary private address; zero: none.
func (e *ENI) Public() wire.Addr { return addrFrom(e.public) }

// HasPublic tells whether a public address stands for any private one of the ENI.
func (e *ENI) HasPublic() bool {
	return e.public != 0 || e.further != nil && slices.ContainsFunc(e.further.addrs, func(a Address) bool { return !a.Public.IsZero() })
}

// Address is a private address and the public address that stands for it; zero: none. An
// IPv6 address has none, because it is public itself or private for good.
type Address struct{ Private, Public wire.Addr }

// Timeouts are the idle times of an ENI's connections that EC2 lets be set.
type Timeouts struct {
	TCPEstablished time.Duration // 60 s to 5 days, default 5 days
	UDP            time.Duration // one direction or a single exchange; 30 to 60 s, default 30 s
	UDPStream      time.Duration // more than one exchange; 60 to 180 s, default 180 s
}

// Addrs are the ENI's addresses, primary first, those of IPv6 last.
func (e *ENI) Addrs() []Address {
	switch {
	case e.further != nil:
		return e.further.addrs
	case e.primary().IsZero():
		return nil
	}
	return []Address{{e.primary(), e.Public()}}
}

// firstOf is the ENI's first address of a family; zero: it has none.
func (e *ENI) firstOf(f family) wire.Addr {
	for _, a := range e.Addrs() {
		if familyOf(a.Private) == f {
			return a.Private
		}
	}
	return wire.Addr{}
}

// Prefixes are the prefixes that are delegated to the ENI.
func (e *ENI) Prefixes() []netip.Prefix {
	if e.further == nil {
		return nil
	}
	return e.further.prefixes
}

// setAddresses gives a new ENI its addresses and delegated prefixes. The first of addrs is
// the primary address, unless another ENI has it, too.
func (e *ENI) setAddresses(addrs []Address, prefixes []netip.Prefix) {
	e.lost = len(addrs) == 0 || addrs[0].Private != addrFrom(e.addr)
	e.public, e.further = 0, nil
	if !e.lost {
		e.public = addrs[0].Public.As4()
	}
	if len(prefixes) > 0 || len(addrs) > 1 || len(addrs) == 1 && e.lost {
		e.further = &further{slices.Clone(addrs), slices.Clone(prefixes)}
	}
}

// Owns tells whether the ENI may send from an address: a private address of its
// own, or one in a delegated prefix.
func (e *ENI) Owns(addr wire.Addr) bool {
	if addr == e.primary() {
		return !addr.IsZero()
	}
	return e.further != nil && e.further.owns(addr)
}

// owns is Owns for all addresses but the primary one.
func (f *further) owns(addr wire.Addr) bool {
	for i := range f.addrs {
		if f.addrs[i].Private == addr {
			return true
		}
	}
	for _, b := range f.prefixes {
		if b.Contains(addr.Netip()) {
			return true
		}
	}
	return false
}

// PublicOf is the public address of the ENI's private one; zero: none.
func (e *ENI) PublicOf(private wire.Addr) wire.Addr {
	if e.further == nil {
		if private == e.primary() {
			return e.Public()
		}
		return wire.Addr{}
	}
	for i := range e.further.addrs {
		if e.further.addrs[i].Private == private {
			return e.further.addrs[i].Public
		}
	}
	return wire.Addr{}
}

// PrivateOf is the private address behind a public one; zero: the ENI has no such public
// address.
func (e *ENI) PrivateOf(public wire.Addr) wire.Addr {
	switch {
	case public.IsZero():
		return wire.Addr{}
	case public == e.Public():
		return e.primary()
	case e.further == nil:
		return wire.Addr{}
	}
	for i := range e.further.addrs {
		if e.further.addrs[i].Public == public {
			return e.further.addrs[i].Private
		}
	}
	return wire.Addr{}
}

// blocks are the ENI's addresses and prefixes in the mapping.
func (e *ENI) blocks() []netip.Prefix {
	var all []netip.Prefix
	for _, a := range e.Addrs() {
		all = append(all, hostOf(a.Private.Netip()))
	}
	return append(all, e.Prefixes()...)
}

// hostOf is the prefix of one address.
func hostOf(addr netip.Addr) netip.Prefix { return netip.PrefixFrom(addr, addr.BitLen()) }
