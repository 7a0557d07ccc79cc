package vpc

import (
	"strconv"

	"nitrocard/nic/wire"
)

// networkACL is a compiled network ACL. Its subnets share it. nil is the ACL of a subnet
// for which none was configured, and lets everything pass, as EC2's default ACL does.
type networkACL struct {
	id    string
	lists [2][families]aclList // by direction

	at       spot
	assigned []string // keys of Region.guarded
}

// aclList is the entries of one direction and family, which are evaluated apart from the
// others (VPC User Guide, network ACL rules).
type aclList struct {
	entries []aclEntry // in the order in which they are asked
	open    bool       // the first entry allows everything
}

// aclEntry is an entry.
type aclEntry struct {
	service
	lo, hi wire.Addr // the remote addresses, both ends inclusive
	all    bool      // the entry is about every packet of its family
	allow  bool
	number uint16  // EC2's
	hit    *uint32 // 1: the entry decided about a packet; nil: it is FinalDeny
}

// FinalDeny is the number of the entry that ends each ACL and denies the IPv4 packets that
// no other entry matched; FinalDenyIPv6 is IPv6's (VPC User Guide, network ACL rules).
const (
	FinalDeny     = 32767
	FinalDenyIPv6 = 32768
)

// EntryName is an entry's number as EC2's console shows it: the entry that ends each ACL is *.
func EntryName(number uint16) string {
	if number >= FinalDeny {
		return "*"
	}
	return strconv.Itoa(int(number))
}

// ACL is the ID of the network ACL of the ENI's subnet; "": none was configured.
func (e *OwnENI) ACL() string {
	if e.acl == nil {
		return ""
	}
	return e.acl.id
}

// Guarded tells whether the subnet's network ACL may deny a packet of direction d whose
// other end has the address remote.
func (e *OwnENI) Guarded(d wire.Direction, remote wire.Addr) bool {
	return e.acl != nil && !e.acl.lists[d&1][familyOf(remote)].open
}

// OnLink tells whether an ENI of the same subnet has a private address. Between two ENIs
// of a subnet no network ACL is asked (VPC User Guide, network ACLs).
func (e *OwnENI) OnLink(addr wire.Addr) bool { return e.Beside(e.Neighbor(addr)) }

// Beside tells whether n is an ENI of the same subnet; nil is none.
func (e *OwnENI) Beside(n *ENI) bool { return n != nil && n.Subnet == e.Subnet }

// Admits asks the subnet's network ACL about one packet that crosses the subnet's edge.
// q.Dir and q.Port are the packet's own, not those of a connection's first packet. entry
// is the number of the entry that decided; 0: none was configured.
func (e *OwnENI) Admits(q Query) (allowed bool, entry uint16) {
	allowed, decided := e.acl.asked(q, false)
	return allowed, decided.number
}

// AdmitsAll is Admits for a later fragment, whose ports nobody knows: the ACL must let each
// port pass. A fragment of IPv6 does not tell the protocol either, only the header that stands
// where the fragments begin (RFC 8200 section 4.5): the ACL must let each protocol pass, too.
// q.Port means nothing, and for IPv6 neither does q.Proto.
func (e *OwnENI) AdmitsAll(q Query) (allowed bool, entry uint16) {
	allowed, decided := e.acl.asked(q, true)
	return allowed, decided.number
}

// asked is what the ACL says of a packet, or of a later fragment.
func (a *networkACL) asked(q Query, later bool) (allowed bool, decided *aclEntry) {
	kind, numbers := q.numbers()
	switch {
	case later && familyOf(q.Remote) == ipv6:
		return a.admitsEvery(q)
	case later && kind != classOther:
		numbers = kind.whole()
	}
	return a.admits(q, kind, numbers)
}

// numbers is the class of the packet's protocol, and the packet's number in the class.
func (q *Query) numbers() (class, span) {
	kind, n := classOf(familyOf(q.Remote), q.Proto), uint32(q.Port)
	if kind == classOther {
		n = uint32(q.Proto)
	}
	return kind, span{n, n}
}

// admitsEvery tells whether the ACL lets every protocol of IPv6 pass.
func (a *networkACL) admitsEvery(q Query) (allowed bool, decided *aclEntry) {
	for _, kind := range [...]class{classTCP, classUDP, classICMPv6, classOther} {
		if allowed, decided = a.admits(q, kind, kind.whole()); !allowed {
			break
		}
	}
	return allowed, decided
}

// The entries that decide where none was configured, and where no other one matched.
var (
	noEntry = &aclEntry{}
	finals  = [families]*aclEntry{{number: FinalDeny}, {number: FinalDenyIPv6}}
)

// admits asks the entries in order until one decides about all numbers of a range of a class. An
// entry that allows a part of the range decides nothing, and one that denies a part denies. The
// walk is linear, because an ACL has maxEntries at most.
func (a *networkACL) admits(q Query, kind class, numbers span) (allowed bool, decided *aclEntry) {
	if a == nil {
		return true, noEntry
	}
	f := familyOf(q.Remote)
	entries := a.lists[q.Dir&1][f].entries
	for i := range entries {
		e := &entries[i]
		in, is := e.in(kind)
		switch {
		case !is || q.Remote.Less(e.lo) || e.hi.Less(q.Remote) || in.hi < numbers.lo || in.lo > numbers.hi:
		case !e.allow:
			return false, e
		case in.lo <= numbers.lo && numbers.hi <= in.hi:
			return true, e
		}
	}
	return false, finals[f]
}

// aclOf is the network ACL of a subnet, or else the default one of its VPC.
func (r *Region) aclOf(s *Subnet) *networkACL {
	if a, own := r.guarded.Get(s.ID); own {
		return a
	}
	a, _ := r.guarded.Get(mainOf(s.VPC.ID))
	return a
}
