package vpc

import "nitrocard/nic/wire"

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
	allowed, decided := e.acl.admits(q, q.port())
	return allowed, decided.number
}

// AdmitsAll is Admits for a packet whose ports nobody knows, a later fragment. The ACL
// must let each port pass. q.Port means nothing.
func (e *OwnENI) AdmitsAll(q Query) (allowed bool, entry uint16) {
	allowed, decided := e.acl.admits(q, q.anyPort())
	return allowed, decided.number
}

// port is the packet's port.
func (q *Query) port() span { return span{uint32(q.Port), uint32(q.Port)} }

// anyPort is all ports that the packet may be for.
func (q *Query) anyPort() span { return classOf(familyOf(q.Remote), q.Proto).whole() }

// The entries that decide where none was configured, and where no other one matched.
var (
	noEntry = &aclEntry{}
	finals  = [families]*aclEntry{{number: FinalDeny}, {number: FinalDenyIPv6}}
)

// admits asks the entries in order until one decides about all ports of a range. An entry
// that allows a part of the range decides nothing, and one that denies a part denies. The
// walk is linear, because an ACL has maxEntries at most.
func (a *networkACL) admits(q Query, ports span) (allowed bool, decided *aclEntry) {
	if a == nil {
		return true, noEntry
	}
	f := familyOf(q.Remote)
	kind := classOf(f, q.Proto)
	if kind == classOther {
		ports = span{uint32(q.Proto), uint32(q.Proto)}
	}
	entries := a.lists[q.Dir&1][f].entries
	for i := range entries {
		e := &entries[i]
		in, is := e.in(kind)
		switch {
		case !is || q.Remote.Less(e.lo) || e.hi.Less(q.Remote) || in.hi < ports.lo || in.lo > ports.hi:
		case !e.allow:
			return false, e
		case in.lo <= ports.lo && ports.hi <= in.hi:
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
