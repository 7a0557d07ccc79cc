package vpc

import (
	"time"

	"nitrocard/nic/wire"
)

// ENI is a network interface with its whole chain of ownership.
type ENI struct {
	ID       string
	Number   uint32 // below 1<<23; never another ENI's within a lineage
	MAC      wire.MAC
	VNI      uint32
	VPC      *VPC
	Subnet   *Subnet
	Groups   []*Group
	Instance string // "": attached to none
	Owner    uint32 // number of the instance, as stable as Number; an ENI without one owns itself
	// Allowance is how many tracked connections the instance may have; 0: the card's fair share.
	Allowance uint32

	Local bool   // on this card
	Port  string // what its guest is plugged into, such as "tap:a1"

	Primary  uint32    // primary private address; 0: the ENI has IPv6 only
	Public   uint32    // the primary's public address; 0: none
	Addrs    []Address // all, primary first
	Prefixes []Block   // delegated

	SourceDestCheck bool
	Timeouts        Timeouts
	Path            uint32   // index of the path that leads to it
	RouterMAC       wire.MAC // its subnet's router

	matcher *matcher
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

// Owns tells whether the ENI may send from an address: a private address of its
// own, or one in a delegated prefix.
func (e *ENI) Owns(addr uint32) bool {
	if addr == e.Primary {
		return addr != 0
	}
	return e.ownsFurther(addr)
}

func (e *ENI) ownsFurther(addr uint32) bool {
	for i := range e.Addrs {
		if e.Addrs[i].Private == addr {
			return true
		}
	}
	for _, b := range e.Prefixes {
		if b.Contains(addr) {
			return true
		}
	}
	return false
}

// PublicOf is the public address of a private one; 0: none.
func (e *ENI) PublicOf(private uint32) uint32 {
	for i := range e.Addrs {
		if e.Addrs[i].Private == private {
			return e.Addrs[i].Public
		}
	}
	return 0
}

// PrivateOf is the private address behind a public one; 0: none of this ENI.
func (e *ENI) PrivateOf(public uint32) uint32 {
	if public == 0 {
		return 0
	}
	for i := range e.Addrs {
		if e.Addrs[i].Public == public {
			return e.Addrs[i].Private
		}
	}
	return 0
}
