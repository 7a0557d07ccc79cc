package vpc

import "nitrocard/nic/wire"

// OwnENI is an ENI of this card, with all that the packet path asks of it.
type OwnENI struct {
	*ENI
	Number    uint32    // below 1<<22; no other ENI of the card ever has it
	Primary   wire.Addr // primary private address; zero: the ENI has IPv6 only
	Owner     uint64    // fingerprint of the instance, or of the ENI if it is attached to none
	Allowance uint32    // how many tracked connections the instance may have; 0: the card's fair share
	Limits    Limits    // of the instance; zero: none
	VPC       *VPC
	VNI       uint32
	RouterMAC wire.MAC    // of its subnet's router
	NAT       *NATGateway // the NAT gateway that the ENI belongs to; nil: none
	Port      string      // the port that its guest is plugged into, such as "tap:a1"

	*ownMembership
}

// Routes is the ID of the ENI's route table; "": the table is the VPC's main one, which the
// configuration lacks.
func (e *OwnENI) Routes() string { return e.routes.id }

// Published is the public address that stands for a private one at the internet gateway of
// the ENI's VPC, and the ENI that has both. The public address is zero if there is none.
func (e *OwnENI) Published(private wire.Addr) (public wire.Addr, of *ENI) {
	of = e.ENI
	if !of.Owns(private) {
		of = e.Neighbor(private)
	}
	if of == nil {
		return wire.Addr{}, nil
	}
	if private.IsGlobal6() {
		return private, of
	}
	return of.PublicOf(private), of
}

// Passes tells whether an address passes the ENI's source/destination check: as the
// source of what the guest sends, and as the destination of what the guest gets. The
// check may be off, as for a NAT instance (EC2 User Guide, elastic network interfaces). Most
// packets have the primary address, for which nothing beyond the OwnENI is read.
func (e *OwnENI) Passes(addr wire.Addr) bool {
	return addr == e.Primary && !addr.IsZero() || e.passes(addr)
}

// passes is Passes for any address; noinline, so that Passes is small enough to be inlined.
//
//go:noinline
func (e *OwnENI) passes(addr wire.Addr) bool { return !e.SourceDestCheck || e.Owns(addr) }
