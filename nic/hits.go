package nic

import (
	"cmp"
	"context"
	"slices"

	"nitrocard/nic/flow"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// Hit is how much a rule, an entry or a route let pass, by the records of connections that live.
// What ended is in no Hit.
type Hit struct {
	Kind        string  `json:"kind"`              // SecurityGroups, NetworkAcls or RouteTables
	ID          string  `json:"id"`                // of the object
	Direction   string  `json:"direction"`         // inbound or outbound, of packets; of a rule, of its connections' first ones
	What        string  `json:"what"`              // the rule, the entry's number or the route
	Removed     bool    `json:"removed,omitempty"` // the policy in force does not have the rule, or the connections' ENIs are not in its group
	Connections uint64  `json:"connections"`
	Packets     uint64  `json:"packets"`
	Bytes       uint64  `json:"bytes"`
	Idle        float64 `json:"idle_seconds"` // since the last packet of a connection that it let pass
}

// hitKey is whose hits they are.
type hitKey struct {
	dir     wire.Direction
	rule    vpc.Rule
	removed bool   // the rule
	id      string // of the network ACL or route table
	entry   uint16
	route   *vpc.Route
}

// mostHits bounds how many rules, entries and routes are told apart. Of the others there is one Hit.
const mostHits = 1 << 16

// hits adds up connections.
type hits struct {
	*pipeline.DryRun
	rules *rulesInForce
	tick  uint32
	all   map[hitKey]*Hit
}

// Hits are the rules, entries and routes that connections use, the most used of each object first. Each
// record tells the rule that allowed its connection. Entries and routes are asked for anew, as packets ask
// them, so that the packet path counts nothing for them. The walk ends early with the context.
func (c *Card) Hits(ctx context.Context) ([]Hit, error) {
	setup := c.crew.Setup()
	h := &hits{c.crew.DryRun(setup, setup.Policy), newRulesInForce(setup.Policy), c.tick(), map[hitKey]*Hit{}}
	if err := c.eachSeen(ctx, h.flow); err != nil {
		return nil, err
	}
	all := make([]Hit, 0, len(h.all))
	for _, hit := range h.all {
		all = append(all, *hit)
	}
	slices.SortFunc(all, func(a, b Hit) int {
		return cmp.Or(-cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Direction, b.Direction), cmp.Compare(b.Packets, a.Packets), cmp.Compare(a.What, b.What))
	})
	return all, nil
}

// flow adds a connection to what let it pass.
func (h *hits) flow(s *seenFlow) {
	if s.rule != (vpc.Rule{}) {
		e := h.ENI(&s.Known)
		h.add(s, hitKey{dir: s.Conn.Status().Initiator(), rule: s.rule, removed: e == nil || !h.rules.has(e, &s.rule)}, wire.In, wire.Out)
	}
	for d, packets := range s.Conn.Packets {
		if packets > 0 {
			h.packets(s, wire.Direction(d))
		}
	}
}

// packets adds a connection's packets of one direction to the entry and the route that let them pass.
func (h *hits) packets(s *seenFlow, d wire.Direction) {
	e, m := h.ENI(&s.Known), h.Next(&s.Known, d)
	if e == nil || m.Verdict != pipeline.Sent {
		return
	}
	if m.Entry != 0 {
		h.add(s, hitKey{dir: d, id: e.ACL(), entry: m.Entry}, d)
	}
	if m.Route != nil {
		h.add(s, hitKey{dir: d, id: m.Table, route: m.Route}, d)
	}
}

// add adds a connection's packets of some directions.
func (h *hits) add(s *seenFlow, k hitKey, directions ...wire.Direction) {
	hit := h.of(k)
	idle := flow.Since(h.tick, s.Conn.Seen).Seconds()
	if hit.Connections == 0 {
		hit.Idle = idle
	}
	hit.Connections++
	hit.Idle = min(hit.Idle, idle)
	for _, d := range directions {
		hit.Packets += s.Conn.Packets[d]
		hit.Bytes += s.Conn.Bytes[d]
	}
}

// of is the Hit of a key.
func (h *hits) of(k hitKey) *Hit {
	hit := h.all[k]
	if hit == nil && len(h.all) >= mostHits {
		k = hitKey{}
		hit = h.all[k]
	}
	if hit == nil {
		hit = k.hit()
		h.all[k] = hit
	}
	return hit
}

// hit is a Hit of nothing yet.
func (k *hitKey) hit() *Hit {
	h := &Hit{Direction: k.dir.Bound(), Removed: k.removed}
	if h.Kind, h.ID, h.What = deciderOf(k.rule, k.id, k.entry, k.route); h.Kind == "" {
		h.Direction, h.What = "", "others"
	}
	return h
}
