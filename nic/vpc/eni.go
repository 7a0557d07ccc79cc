package vpc

import (
	"slices"
	"time"
)

// ENI is a network interface as all cards know it: what the mapping tells of it,
// and what rules and routes ask. A region may have a million of them, so that an
// ENI is small, and shares with others what it can.
type ENI struct {
	*identity
	*membership
	further *further // nil: one address and no prefix
	Public  uint32   // the primary's public address; 0: none
	Card    uint16   // where it is: index in Region.VTEPs
	lost    bool     // the primary address is another ENI's, too, and so nobody's
}

// membership is what the ENIs of one subnet with the same groups and settings have
// in common. They share it, so that it is in the cache when a rule asks for the
// groups of a remote ENI.
type membership struct {
	Subnet          *Subnet
	Groups          []*Group
	Timeouts        *Timeouts
	SourceDestCheck bool
}

// further is what few ENIs have.
type further struct {
	addrs    []Address // all, primary first
	prefixes []Block   // delegated
}

// primary is the primary private address; 0: the ENI has IPv6 only.
func (e *ENI) primary() uint32 {
	if e.lost {
		return 0
	}
	return e.addr
}

// Address is a private address and its public one; 0: none.
type Address struct{ Private, Public uint32 }

// Block is an IPv4 prefix: the addresses whose bits under Mask are Addr's.
type Block struct{ Addr, Mask uint32 }

// Contains tells whether an address lies in the block.
func (b Block) Contains(addr uint32) bool { return addr&b.Mask == b.Addr }

// Timeouts are the idle times of an ENI's connections that EC2 lets be set.
type Timeouts struct {
	TCPEstablished time.Duration // 60 s to 5 days, default 5 days
	UDP            time.Duration // one direction or a single exchange; 30 to 60 s, default 30 s
	UDPStream      time.Duration // more than one exchange; 60 to 180 s, default 180 s
}

// Addrs are the ENI's addresses, primary first.
func (e *ENI) Addrs() []Address {
	switch {
	case e.further != nil:
		return e.further.addrs
	case e.primary() == 0:
		return nil
	}
	return []Address{{e.addr, e.Public}}
}

// prefixes are those that are delegated to the ENI.
func (e *ENI) prefixes() []Block {
	if e.further == nil {
		return nil
	}
	return e.further.prefixes
}

// setAddresses gives a new ENI what it has. The first of addrs is the primary one,
// unless that was lost.
func (e *ENI) setAddresses(addrs []Address, prefixes []Block) {
	e.lost = len(addrs) == 0 || addrs[0].Private != e.addr
	e.Public, e.further = 0, nil
	if !e.lost {
		e.Public = addrs[0].Public
	}
	if len(prefixes) > 0 || len(addrs) > 1 || len(addrs) == 1 && e.lost {
		e.further = &further{slices.Clone(addrs), slices.Clone(prefixes)}
	}
}

// Owns tells whether the ENI may send from an address: a private address of its
// own, or one in a delegated prefix.
func (e *ENI) Owns(addr uint32) bool {
	if addr == e.primary() {
		return addr != 0
	}
	return e.further != nil && e.further.owns(addr)
}

// owns is Owns for all addresses but the primary one.
func (f *further) owns(addr uint32) bool {
	for i := range f.addrs {
		if f.addrs[i].Private == addr {
			return true
		}
	}
	for _, b := range f.prefixes {
		if b.Contains(addr) {
			return true
		}
	}
	return false
}

// PublicOf is the public address of a private one; 0: none.
func (e *ENI) PublicOf(private uint32) uint32 {
	if e.further == nil {
		if private == e.primary() {
			return e.Public
		}
		return 0
	}
	for i := range e.further.addrs {
		if e.further.addrs[i].Private == private {
			return e.further.addrs[i].Public
		}
	}
	return 0
}

// PrivateOf is the private address behind a public one; 0: none of this ENI.
func (e *ENI) PrivateOf(public uint32) uint32 {
	switch {
	case public == 0:
		return 0
	case public == e.Public:
		return e.primary()
	case e.further == nil:
		return 0
	}
	for i := range e.further.addrs {
		if e.further.addrs[i].Public == public {
			return e.further.addrs[i].Private
		}
	}
	return 0
}

// spans are the addresses that the mapping has of it.
func (e *ENI) spans() []span {
	var all []span
	for _, a := range e.Addrs() {
		all = append(all, span{a.Private, a.Private})
	}
	for _, b := range e.prefixes() {
		all = append(all, span{b.Addr, b.Addr | ^b.Mask})
	}
	return all
}
