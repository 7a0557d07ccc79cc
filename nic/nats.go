package nic

import (
	"cmp"
	"iter"
	"maps"
	"net/netip"
	"slices"

	"github.com/cespare/xxhash/v2"

	"nitrocard/nic/flow"
	"nitrocard/nic/nat"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// NATView is a NAT gateway of the card, with CloudWatch's metrics of it under their names.
type NATView struct {
	ID        string       `json:"id"`
	ENI       string       `json:"eni"`
	VPC       string       `json:"vpc"`
	Subnet    string       `json:"subnet"`
	Private   bool         `json:"private"`
	Addresses []netip.Addr `json:"addresses"` // private, that it sends from, primary first
	Public    []netip.Addr `json:"public"`    // in the order of Addresses; the invalid one where there is none
	nat.Metrics
}

// NATs are the card's NAT gateways, by ID.
func (c *Card) NATs() []NATView { return slices.Collect(c.EachNAT("")) }

// EachNAT yields the NAT gateways behind an ID, in order of ID; "" is before all.
func (c *Card) EachNAT(after string) iter.Seq[NATView] {
	return func(yield func(NATView) bool) {
		for _, id := range c.natsAfter(after) {
			if v, there := c.NAT(id); there && !yield(v) {
				return
			}
		}
	}
}

// natsAfter are the IDs of the card's NAT gateways behind an ID, in order.
func (c *Card) natsAfter(after string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, found := slices.BinarySearch(c.natIDs, after)
	if found {
		i++
	}
	return c.natIDs[i:]
}

// NAT is the card's NAT gateway of an ID.
func (c *Card) NAT(id string) (view NATView, there bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g, e := c.nats[id], c.natENI(id)
	if g == nil || e == nil {
		return view, false
	}
	view = NATView{ID: id, ENI: e.ID, VPC: e.VPC.ID, Subnet: e.Subnet.ID, Private: e.NAT.Private}
	for _, a := range e.NAT.Pool(e.ENI) {
		view.Addresses = append(view.Addresses, a.Netip())
		view.Public = append(view.Public, e.PublicOf(a).Netip())
	}
	g.Age()
	c.gate.Do(func() {
		for _, q := range c.bays.Of(e.ID).Queues {
			q.Settle(flow.TickOf(c.crew.Now()))
		}
		view.Metrics = g.Metrics()
	})
	return view, true
}

// natENI is the card's ENI of a NAT gateway, nil if the card has none.
func (c *Card) natENI(id string) *vpc.OwnENI {
	policy := c.Policy()
	if _, e := policy.Region.NAT(id); e != nil {
		return policy.Own(e)
	}
	return nil
}

// makeNATs makes the gateways of a policy that the card does not have, and adds them to made.
// Each has room for its part of as many connections as the card may track: an nth, of n gateways.
// Those that are there already keep the room that they have, so that their connections go on.
func (c *Card) makeNATs(policy *vpc.Policy, made map[string]*nat.Gateway) error {
	var gateways []*vpc.OwnENI
	for e := range policy.All() {
		if e.NAT != nil {
			gateways = append(gateways, e)
		}
	}
	for _, e := range gateways {
		if c.nats[e.NAT.ID] != nil || made[e.NAT.ID] != nil {
			continue
		}
		g, err := nat.New(nat.Options{
			ID: e.NAT.ID, Connections: max(c.options.MaxConnections/len(gateways), 1), Workers: c.options.Workers, Grace: c.crew.Flows.Grace(),
			Seed: c.options.Seed ^ xxhash.Sum64String(e.NAT.ID), Clock: c.crew.Now, Place: placeOf(policy, e), Call: c.gate.Call,
		})
		if err != nil {
			return err
		}
		made[e.NAT.ID] = g
	}
	return nil
}

// plugNATs puts each gateway of a policy behind its ENI, and returns the gateways that are no
// more. A gateway that stays keeps its connections.
func (c *Card) plugNATs(policy *vpc.Policy, made map[string]*nat.Gateway) (gone []*nat.Gateway) {
	stay := map[string]*nat.Gateway{}
	for e := range policy.All() {
		queues := c.bays.Of(e.ID).Queues
		if e.NAT == nil {
			c.unplugNAT(queues)
			continue
		}
		g := c.nats[e.NAT.ID]
		if g == nil {
			g = made[e.NAT.ID]
			delete(made, e.NAT.ID)
		}
		stay[g.ID] = g
		g.Become(placeOf(policy, e))
		c.plugNAT(queues, g)
	}
	for id, g := range c.nats {
		if stay[id] == nil {
			gone = append(gone, g)
		}
	}
	c.nats, c.natIDs = stay, slices.Sorted(maps.Keys(stay))
	return gone
}

// plugNAT puts a gateway behind an ENI's queues, if it is not there already.
func (c *Card) plugNAT(queues []*pipeline.Queue, g *nat.Gateway) {
	if queues[0].Appliance() == g.Appliance(0) {
		return
	}
	c.gate.Do(func() {
		for i, q := range queues {
			q.AttachAppliance(g.Appliance(i), pmd.MaxFrame-wire.VLANLen)
		}
	})
}

// unplugNAT takes a gateway, if there is one, from an ENI's queues.
func (c *Card) unplugNAT(queues []*pipeline.Queue) {
	if queues[0].Appliance() == nil {
		return
	}
	c.gate.Do(func() {
		for _, q := range queues {
			q.Detach()
		}
	})
}

// closeNATs gives the memory of gateways back that no worker has any more.
func closeNATs(gone []*nat.Gateway) {
	for _, g := range gone {
		g.Close()
	}
}

// placeOf is what a NAT gateway needs to know of its ENI.
func placeOf(policy *vpc.Policy, e *vpc.OwnENI) nat.Place {
	return nat.Place{
		MAC: e.MAC, Router: e.RouterMAC, Pool: e.NAT.Pool(e.ENI), Leaving: e.NAT.Leaving(e.ENI), Inside: e.VPCBlocks(),
		Beyond: func(src wire.Addr) bool { return e.LeadsToTransit(src, policy.Region) },
	}
}

// cacheOf is how many verdicts on untracked flows an ENI may have in the connection table. A
// NAT gateway's ENI tracks nothing and needs many, so it has the share of connections that it
// does not use.
func (s *shares) cacheOf(e *vpc.OwnENI) uint32 {
	if e.NAT != nil {
		return cmp.Or(s.of(e.Owner), s.cache)
	}
	return s.cache
}
