package vpc

import "nitrocard/nic/wire"

// networkACL is a compiled network ACL. Its subnets share it. nil is the ACL of a subnet
// for which none was configured, and lets everything pass, as EC2's default ACL does.
type networkACL struct {
	id      string
	entries [2][]aclEntry // by direction, in the order in which they are asked
	open    [2]bool       // by direction: the first entry allows everything

	at       spot
	assigned []string // keys of Region.guarded
}

// aclEntry is an entry for IPv4. A card carries no IPv6 that an entry could decide about.
type aclEntry struct {
	service
	remote span
	allow  bool
	number uint16 // EC2's
}

// FinalDeny is the number of the entry that ends each ACL and denies the IPv4 packets that
// no other entry matched (VPC User Guide, network ACL rules). The one for IPv6 has the
// next number.
const FinalDeny = 32767

// ACL is the ID of the network ACL of the ENI's subnet; "": none was configured.
func (e *OwnENI) ACL() string {
	if e.acl == nil {
		return ""
	}
	return e.acl.id
}

// Guarded tells whether the subnet's network ACL may deny a packet of direction d.
func (e *OwnENI) Guarded(d wire.Direction) bool { return e.acl != nil && !e.acl.open[d&1] }

// OnLink tells whether an ENI of the same subnet has a private address. Between two ENIs
// of a subnet no network ACL is asked (VPC User Guide, network ACLs).
func (e *OwnENI) OnLink(addr wire.Addr) bool { return e.Beside(e.Neighbor(addr)) }

// Beside tells whether n is an ENI of the same subnet; nil is none.
func (e *OwnENI) Beside(n *ENI) bool { return n != nil && n.Subnet == e.Subnet }

// Admits asks the subnet's network ACL about one packet that crosses the subnet's edge.
// q.Dir and q.Port are the packet's own, not those of a connection's first packet. entry
// is the number of the entry that decided; 0: none was configured.
func (e *OwnENI) Admits(q Query) (allowed bool, entry uint16) {
	return e.acl.admits(q, span{uint32(q.Port), uint32(q.Port)})
}

// AdmitsAll is Admits for a packet whose ports nobody knows, a later fragment. The ACL
// must let each port pass. q.Port means nothing.
func (e *OwnENI) AdmitsAll(q Query) (allowed bool, entry uint16) {
	return e.acl.admits(q, classOf(q.Proto).whole())
}

// admits asks the entries in order until one decides about all ports of a range. An entry
// that allows a part of the range decides nothing, and one that denies a part denies. The
// walk is linear, because an ACL has maxEntries at most.
func (a *networkACL) admits(q Query, ports span) (allowed bool, entry uint16) {
	if a == nil {
		return true, 0
	}
	addr, kind := q.Remote.As4(), classOf(q.Proto)
	if kind == classOther {
		ports = span{uint32(q.Proto), uint32(q.Proto)}
	}
	for i := range a.entries[q.Dir&1] {
		e := &a.entries[q.Dir&1][i]
		in, is := e.in(kind)
		switch {
		case !is || addr < e.remote.lo || addr > e.remote.hi || in.hi < ports.lo || in.lo > ports.hi:
		case !e.allow:
			return false, e.number
		case in.lo <= ports.lo && ports.hi <= in.hi:
			return true, e.number
		}
	}
	return false, FinalDeny
}

// aclOf is the network ACL of a subnet, or else the default one of its VPC.
func (r *Region) aclOf(s *Subnet) *networkACL {
	if a, own := r.guarded.Get(s.ID); own {
		return a
	}
	a, _ := r.guarded.Get(mainOf(s.VPC.ID))
	return a
}
