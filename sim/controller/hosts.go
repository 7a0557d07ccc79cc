package controller

import (
	"fmt"
	"maps"
	"time"

	"nitrocard/nic/follow"
)

// host is what a controller knows of a card or an edge beside its placement.
type host struct {
	feed      *Feed // of the host's connection; nil: none
	gone      bool  // Placement does not name the host, which has a connection still
	report    follow.Report
	reported  time.Time
	lessAt    uint64      // revision from which on it needs less than before; 0: it does not
	records   []waiting   // of ENIs that came, which the card is yet to be told
	questions []*question // that the card is yet to be asked
}

// keepHosts makes the hosts those of Placement, and keeps others until their connections end. The
// lock is held.
func (c *Controller) keepHosts() {
	for _, h := range c.hosts {
		h.gone = true
	}
	for _, card := range c.region.Cards() {
		c.keepHost(card.Name)
	}
	for _, edge := range c.region.Edges() {
		c.keepHost(edge.Name)
	}
	maps.DeleteFunc(c.hosts, func(_ string, h *host) bool { return h.gone && h.feed == nil })
}

// keepHost makes a host one of Placement.
func (c *Controller) keepHost(name string) {
	if c.hosts[name] == nil {
		c.hosts[name] = &host{}
	}
	c.hosts[name].gone = false
}

// host is the host of that name. The lock is held.
func (c *Controller) host(name string) (*host, error) {
	if h := c.hosts[name]; h != nil && !h.gone {
		return h, nil
	}
	return nil, fmt.Errorf("Placement names no card and no edge %q", name)
}

// knowsLess takes in that a host has a revision. What a host needs no more it is told between two revisions,
// and that may be lost with a connection. So each connection begins with a snapshot until the host has a later
// revision, which it was told after that. The lock is held.
func (h *host) knowsLess(revision uint64) {
	if revision > h.lessAt {
		h.lessAt = 0
	}
}

// Report takes a card's report.
func (c *Controller) Report(card string, r follow.Report) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, err := c.host(card)
	if err == nil {
		h.report, h.reported = r, c.o.Now()
		h.knowsLess(r.Revision)
	}
	return err
}

// Hosts are all cards and then all edges, in the order of Placement.
func (c *Controller) Hosts() []follow.HostView {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := []follow.HostView{}
	for _, card := range c.region.Cards() {
		v := follow.HostView{Name: card.Name, Role: follow.RoleCard, Vtep: card.Vtep.String(), Rack: card.Rack, Zone: card.AvailabilityZone}
		for _, n := range c.scopes.own[card.Name] {
			v.ENIs += n
		}
		all = append(all, v)
	}
	for _, edge := range c.region.Edges() {
		all = append(all, follow.HostView{Name: edge.Name, Role: follow.RoleEdge, Vtep: c.region.EdgeVTEP().String(), Rack: edge.Rack, Zone: edge.AvailabilityZone, ENIs: c.scopes.atEdge})
	}
	for i := range all {
		v, h := &all[i], c.hosts[all[i].Name]
		v.Connected, v.Revision, v.Root, v.Error, v.Reported = h.feed != nil, h.report.Revision, h.report.Root, h.report.Error, h.reported
		c.behind(v)
	}
	return all
}

// behind counts the changes that a card has not reported yet and that concern it.
func (c *Controller) behind(v *follow.HostView) {
	scope := c.scopes.of(v.Name)
	for _, ch := range c.recent {
		if ch.revision <= v.Revision || !concerned(ch, v.Name, scope) {
			continue
		}
		if v.Behind++; v.Behind == 1 {
			v.Lag = c.o.Now().Sub(ch.at).Seconds()
		}
	}
}

// concerned tells whether a change is one for a card.
func concerned(ch *change, card string, scope map[string]bool) bool {
	if ch.shifted[card] {
		return true
	}
	for i := range ch.edits {
		if ch.edits[i].concerns(scope) {
			return true
		}
	}
	return false
}
