package nic

import (
	"fmt"

	"nitrocard/nic/vpc"
)

// shares divides the connection table among the instances of the card: what
// the configuration grants, and an equal part of the rest to the others, so
// that none can fill it for another. One more part is kept free: connections
// are never taken away, so an instance that comes needs room that the others
// could not fill before.
type shares struct {
	granted map[uint64]uint32 // by owner
	equal   uint32
	cache   uint32
}

// divide is an error where the grants leave nothing for somebody.
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

// cacheRoom is the part of the table beside tracked connections that keeps
// verdicts on untracked flows.
func cacheRoom(connections int) int { return connections / 4 }

func (s *shares) of(owner uint64) uint32 {
	if n, ok := s.granted[owner]; ok {
		return n
	}
	return s.equal
}
