package vpc

import (
	"iter"
	"sync/atomic"

	"nitrocard/nic/wire"
)

// An entry of a network ACL and a route note that they decided about a packet, for people who look for
// what nobody needs. The note is all of a policy that ever changes: one word, which is written once. A
// configuration that leaves an entry or a route as it was leaves it its note.

// Hit notes that a packet took the route. That there is no route is not noted.
func (r *Route) Hit() {
	if r != nowhere {
		note(&r.hit)
	}
}

// note sets a word that other threads may set, too, and writes no cache line that has it.
func note(hit *uint32) {
	if atomic.LoadUint32(hit) == 0 {
		atomic.StoreUint32(hit, 1)
	}
}

// HitACL is Admits, and AdmitsAll of a later fragment, for a packet that is on its way: the entry that
// decides notes the hit.
func (e *OwnENI) HitACL(q Query, later bool) (allowed bool, entry uint16) {
	allowed, decided := e.acl.asked(q, later)
	if decided.hit != nil {
		note(decided.hit)
	}
	return allowed, decided.number
}

// keep gives the table the notes of the one in whose place it is: the same routes stay.
func (t *routeTable) keep(old *routeTable) {
	if old == nil {
		return
	}
	for dest, r := range old.lines.All() {
		if is, there := t.lines.Get(dest); there && is.same(r) {
			t.lines.Insert(dest, r)
		}
	}
}

// same tells whether two routes of one prefix are the same, but for what they noted.
func (r *Route) same(o *Route) bool {
	return r.Target == o.Target && r.nat == o.nat && r.Dest == o.Dest && r.Via == o.Via
}

// keep gives the ACL the notes of the one in whose place it is.
func (a *networkACL) keep(old *networkACL) {
	for d := range a.lists {
		for f := range a.lists[d] {
			entries := a.lists[d][f].entries
			for i := range entries {
				if entries[i].hit = new(uint32); old != nil {
					entries[i].inherit(old.lists[d][f].entries)
				}
			}
		}
	}
}

// inherit takes the note of the same entry among old ones.
func (e *aclEntry) inherit(old []aclEntry) {
	for i := range old {
		was := old[i]
		if hit := was.hit; was.number == e.number {
			if was.hit = e.hit; was == *e {
				e.hit = hit
			}
		}
	}
}

// Entry is an entry of a network ACL.
type Entry struct {
	ACL    string // its ID
	Dir    wire.Direction
	Number uint16
}

// UnusedEntries are the entries of the network ACLs of a card's subnets that decided about no packet since
// they came. The first entry of a list that lets everything pass is left out, for nobody asks it.
func (p *Policy) UnusedEntries() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		seen := map[*networkACL]bool{}
		for e := range p.All() {
			if e.acl == nil || seen[e.acl] {
				continue
			}
			seen[e.acl] = true
			if !e.acl.unused(yield) {
				return
			}
		}
	}
}

// unused yields the entries without a note.
func (a *networkACL) unused(yield func(Entry) bool) bool {
	for d := range a.lists {
		for f := range a.lists[d] {
			for i, e := range a.lists[d][f].entries {
				asked := i > 0 || !a.lists[d][f].open
				if asked && atomic.LoadUint32(e.hit) == 0 && !yield(Entry{a.id, wire.Direction(d), e.number}) {
					return false
				}
			}
		}
	}
	return true
}

// UnusedRoutes are the routes of a card's subnets, and of the gateways of their VPCs, that no packet took since they
// came, by the IDs of their tables. Local routes are left out, for each table has them.
func (p *Policy) UnusedRoutes() iter.Seq2[string, *Route] {
	return func(yield func(string, *Route) bool) {
		seen := map[*routeTable]bool{}
		for e := range p.All() {
			for _, t := range [...]*routeTable{e.routes, e.inward[InternetGateway], e.inward[VPNGateway]} {
				if t == nil || seen[t] {
					continue
				}
				seen[t] = true
				if !t.unused(yield) {
					return
				}
			}
		}
	}
}

// unused yields the routes without a note, but for local ones.
func (t *routeTable) unused(yield func(string, *Route) bool) bool {
	for _, r := range t.lines.All() {
		if r.Target != Local && atomic.LoadUint32(&r.hit) == 0 && !yield(t.id, r) {
			return false
		}
	}
	return true
}
