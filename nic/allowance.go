package nic

import (
	"fmt"

	"nitrocard/nic/vpc"
)

// shares are how many connections each instance of the card may have. An instance has
// what the configuration grants it; the rest of the table is divided in equal parts among
// the instances without a grant. So no instance can fill the table for another. One equal
// part stays free for an instance that comes later, because the card never takes a
// connection away.
type shares struct {
	granted map[uint64]uint32 // tracked connections by owner, of the owners with a grant
	equal   uint32            // tracked connections of each other owner
	cache   uint32            // cached verdicts of each owner
}

// divide divides a table of so many tracked connections. Its error says that the grants
// leave less than one connection for each instance without a grant.
func divide(p *vpc.Policy, connections int) (shares, error) {
	s := shares{granted: map[uint64]uint32{}}
	owners, sum := map[uint64]bool{}, 0
	for e := range p.All() {
		if e.Allowance > 0 && !owners[e.Owner] {
			s.granted[e.Owner] = e.Allowance
			sum += int(e.Allowance)
		}
		owners[e.Owner] = true
	}
	n := len(owners)
	rest := n - len(s.granted)
	if sum+rest > connections {
		return s, fmt.Errorf("Placement: Allowances: together %d connections, beside %d instances without one, and the card tracks %d at most; raise --max-connections or lower them", sum, rest, connections)
	}
	if rest > 0 {
		s.equal = uint32(max((connections-sum)/(rest+1), 1))
	}
	s.cache = uint32(cacheRoom(connections) / max(n, 1))
	return s, nil
}

// cacheRoom is how many verdicts on untracked flows the table has room for, beside so
// many tracked connections.
func cacheRoom(connections int) int { return connections / 4 }

// of is how many tracked connections an owner may have.
func (s *shares) of(owner uint64) uint32 {
	if n, ok := s.granted[owner]; ok {
		return n
	}
	return s.equal
}
