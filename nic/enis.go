package nic

import (
	"cmp"
	"iter"
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// ENIView is one ENI of this card.
type ENIView struct {
	ID             string   `json:"id"`
	Instance       string   `json:"instance,omitempty"`
	VPC            string   `json:"vpc"`
	VNI            uint32   `json:"vni"`
	Subnet         string   `json:"subnet"`
	MAC            wire.MAC `json:"mac"`
	RouterMAC      wire.MAC `json:"router_mac"`
	Addresses      []string `json:"addresses"`        // private, primary first
	Public         []string `json:"public,omitempty"` // in the order of Addresses, "" where there is none
	SecurityGroups []string `json:"security_groups"`
	Port           string   `json:"port,omitempty"` // of its guest, as opened; empty while none is attached

	Connections int `json:"connections"` // tracked, of its instance
	Allowance   int `json:"allowance"`   // conntrack_allowance_available is Allowance - Connections
}

// ENIs are the ENIs of this card, by ID.
func (c *Card) ENIs() []ENIView { return slices.Collect(c.EachENI("")) }

// EachENI yields the ENIs of this card whose ID is after a given one, by ID.
func (c *Card) EachENI(after string) iter.Seq[ENIView] {
	return func(yield func(ENIView) bool) {
		var enis []*vpc.OwnENI
		for e := range c.Policy().All() {
			if e.ID > after {
				enis = append(enis, e)
			}
		}
		slices.SortFunc(enis, func(a, b *vpc.OwnENI) int { return cmp.Compare(a.ID, b.ID) })
		for _, e := range enis {
			if v, there := c.ENI(e.ID); there && !yield(v) {
				return
			}
		}
	}
}

// ENI is the card's ENI of an ID.
func (c *Card) ENI(id string) (view ENIView, there bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.Policy().ENI(id)
	if e == nil {
		return view, false
	}
	return c.eniView(e), true
}

func (c *Card) eniView(e *vpc.OwnENI) ENIView {
	var tracked int
	c.crew.Locked(func() { tracked, _ = c.crew.Flows.Count(e.Owner) })
	v := ENIView{
		ID: e.ID, Instance: e.Instance, VPC: e.VPC.ID, VNI: e.VNI, Subnet: e.Subnet.ID, MAC: e.MAC, RouterMAC: e.RouterMAC,
		SecurityGroups: groupIDs(e.Groups), Connections: tracked, Allowance: int(c.shares.of(e.Owner)),
	}
	for _, a := range e.Addrs() {
		v.Addresses = append(v.Addresses, a.Private.String())
		public := ""
		if !a.Public.IsZero() {
			public = a.Public.String()
		}
		v.Public = append(v.Public, public)
	}
	v.Port = c.bays.Of(e.ID).Info().Name
	return v
}

func groupIDs(groups []*vpc.Group) []string {
	ids := make([]string, len(groups))
	for i, g := range groups {
		ids[i] = g.ID
	}
	return ids
}
