package controller

import (
	"fmt"
	"time"

	"nitrocard/nic/follow"
)

// host is what a controller knows of a card beside its placement.
type host struct {
	feed     *Feed // of the card's connection; nil: none
	report   follow.Report
	reported time.Time
}

// keepHosts keeps the hosts those of Placement. The lock is held.
func (c *Controller) keepHosts() {
	there := map[string]bool{}
	for _, card := range c.region.Cards() {
		there[card.Name] = true
		if c.hosts[card.Name] == nil {
			c.hosts[card.Name] = &host{}
		}
	}
	for name, h := range c.hosts {
		if !there[name] && h.feed == nil {
			delete(c.hosts, name)
		}
	}
}

// host is the host of that name. The lock is held.
func (c *Controller) host(name string) (*host, error) {
	for _, card := range c.region.Cards() {
		if card.Name == name {
			return c.hosts[name], nil
		}
	}
	return nil, fmt.Errorf("Placement names no card %q", name)
}

// Report takes a card's report.
func (c *Controller) Report(card string, r follow.Report) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, err := c.host(card)
	if err == nil {
		h.report, h.reported = r, c.o.Now()
	}
	return err
}

// Hosts are all cards, in the order of Placement.
func (c *Controller) Hosts() []follow.HostView {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := []follow.HostView{}
	for _, card := range c.region.Cards() {
		h := c.hosts[card.Name]
		v := follow.HostView{Name: card.Name, Vtep: card.Vtep.String(), Rack: card.Rack, Zone: card.AvailabilityZone, Connected: h.feed != nil, Revision: h.report.Revision, Error: h.report.Error, Reported: h.reported}
		for _, n := range c.scopes.own[card.Name] {
			v.ENIs += n
		}
		c.behind(&v)
		all = append(all, v)
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
