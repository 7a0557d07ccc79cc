package vpc

import (
	"math/bits"

	"nitrocard/nic/wire"
)

// Query is a connection, or a packet by itself, that the rules of one ENI judge.
type Query struct {
	Remote wire.Addr // the other side's address
	Port   uint16    // destination port; ICMP: type<<8 | code; other protocols: 0
	Proto  uint8
	Dir    wire.Direction
}

// Match is the groups' judgement of a Query. The zero Match denies.
type Match struct {
	Allowed bool
	// Untracked tells that EC2 keeps no state for the connection (user guide, "Security
	// group connection tracking"): TCP or UDP that a rule for 0.0.0.0/0 permits, while
	// the other direction permits 0.0.0.0/0 on all ports; and the same with ::/0 of IPv6.
	Untracked bool
	Rule      RuleID // the first rule that allows the connection; 0: none does
}

// Match asks all groups of the ENI, whose rules are one union. A NAT gateway's ENI is in no
// group, and nothing filters it (VPC user guide, NAT gateways).
func (e *OwnENI) Match(q Query) Match {
	switch {
	case e.NAT != nil:
		return Match{Allowed: true, Untracked: true}
	case e.matcher == nil:
		return Match{}
	}
	q.Dir &= 1
	s, f := e.matcher.sets[q.Dir], familyOf(q.Remote)
	kind, x := classOf(f, q.Proto), uint32(q.Port)
	if kind == classOther {
		x = uint32(q.Proto)
	}
	row := s.ports[kind].find(x)
	if row == s.empty {
		return Match{} // no rule names the port, as for most packets of scanners
	}
	ports := s.row(row)
	at := none
	if row := s.remote(q.Remote); row != s.empty {
		at = first(ports, s.row(row))
	}
	if len(s.groups) > 0 && first(ports, s.row(s.named)) < at { // only then can a rule that names a group come first
		if n := e.Neighbor(q.Remote); !e.byMiddlebox(n, q) {
			at = min(at, s.firstByGroup(ports, n))
		}
		for i := range e.peersNear(q.Remote) { // two may have the address, and a rule means all ENIs of the group
			if p := &e.peers[i]; p.Regional {
				at = min(at, s.firstByGroup(ports, p.Holder(q.Remote)))
			}
		}
	}
	if at == none {
		return Match{}
	}
	open := kind <= classUDP && e.matcher.sets[q.Dir^1].open[f][kind] && first(ports, s.row(s.anywhere[f])) != none
	return Match{Allowed: true, Untracked: open, Rule: s.rules[at]}
}

// remote is the row of the rules for a remote address.
func (s *ruleSet) remote(a wire.Addr) uint32 {
	if a.Is4() {
		return s.addrs.find(a.As4())
	}
	if row, named := s.addrs6.Lookup(a.Netip()); named {
		return row
	}
	return s.empty
}

// firstByGroup is the first rule that names a group of the remote ENI, none if there is
// none. At least one rule of the set must name a group.
func (s *ruleSet) firstByGroup(ports []uint64, remote *ENI) int {
	at := none
	if remote == nil {
		return at
	}
	for _, g := range remote.Groups {
		if i := search(s.groups, g.number); s.groups[i] == g.number {
			at = min(at, first(ports, s.row(s.byGroup[i])))
		}
	}
	return at
}

// none is the bit of no rule, above all others.
const none = 1 << 30

// first is the lowest bit that both rows have.
func first(a, b []uint64) int {
	b = b[:len(a)]
	for i, w := range a {
		if w &= b[i]; w != 0 {
			return i<<6 | bits.TrailingZeros64(w)
		}
	}
	return none
}
