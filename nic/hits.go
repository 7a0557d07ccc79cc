package nic

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// Hit is how much a rule, an entry or a route let pass, by the records of connections that live.
// What ended is in no Hit.
type Hit struct {
	Kind        string  `json:"kind"`      // SecurityGroups, NetworkAcls or RouteTables
	ID          string  `json:"id"`        // of the object
	Direction   string  `json:"direction"` // inbound or outbound, of packets; of a rule, of its connections' first ones
	What        string  `json:"what"`      // the rule, the entry's number or the route
	Connections uint64  `json:"connections"`
	Packets     uint64  `json:"packets"`
	Bytes       uint64  `json:"bytes"`
	Idle        float64 `json:"idle_seconds"` // since the last packet of a connection that it let pass
}

// hitKey is whose hits they are.
type hitKey struct{ kind, id, direction, what string }

// hits adds up connections.
type hits struct {
	region   *vpc.Region
	policies map[string]*vpc.Policy // by card
	all      map[hitKey]*Hit
}

// Hits are the rules, entries and routes of a region that connections use, the most used of each
// object first. Each record tells the rule that allowed its connection. Entries and routes are
// asked for anew, as packets ask them, so that the packet path counts nothing for them; of ICMP,
// whose records tell no type, no entry is known.
func Hits(region *vpc.Region, flows []FlowView) []Hit {
	h := &hits{region, map[string]*vpc.Policy{}, map[hitKey]*Hit{}}
	for i := range flows {
		h.flow(&flows[i])
	}
	all := []Hit{}
	for _, hit := range h.all {
		all = append(all, *hit)
	}
	slices.SortFunc(all, func(a, b Hit) int {
		return cmp.Or(-cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Direction, b.Direction), cmp.Compare(b.Packets, a.Packets), cmp.Compare(a.What, b.What))
	})
	return all
}

// flow adds a connection to what let it pass.
func (h *hits) flow(f *FlowView) {
	if r := f.Rule; r != nil {
		direction := wire.DirectionOf(f.Initiator == "local").Bound()
		h.add(f, hitKey{"SecurityGroups", r.Group, direction, r.Text}, f.PacketsIn+f.PacketsOut, f.BytesIn+f.BytesOut)
	}
	e := h.eni(f.ENI)
	local, remote, ok := endsOf(f)
	if e == nil || !ok {
		return
	}
	addr := wire.AddrFrom(remote.Addr())
	if f.PacketsOut > 0 && !e.OnLink(addr) {
		r := e.Route(addr)
		h.add(f, hitKey{"RouteTables", e.Routes(), "outbound", r.String()}, f.PacketsOut, f.BytesOut)
	}
	proto, known := protocolOf(f.Protocol)
	if e.ACL() == "" || e.OnLink(addr) || !known || proto == wire.ProtoICMP || proto == wire.ProtoICMPv6 {
		return
	}
	h.entry(f, e, vpc.Query{Remote: addr, Port: local.Port(), Proto: proto, Dir: wire.In}, f.PacketsIn, f.BytesIn)
	h.entry(f, e, vpc.Query{Remote: addr, Port: remote.Port(), Proto: proto, Dir: wire.Out}, f.PacketsOut, f.BytesOut)
}

// entry adds a connection's packets of one direction to the ACL's entry that let them pass.
func (h *hits) entry(f *FlowView, e *vpc.OwnENI, q vpc.Query, packets, bytes uint64) {
	if packets == 0 {
		return
	}
	if allowed, number := e.Admits(q); allowed {
		h.add(f, hitKey{"NetworkAcls", e.ACL(), q.Dir.Bound(), "entry " + strconv.Itoa(int(number))}, packets, bytes)
	}
}

// add adds a connection.
func (h *hits) add(f *FlowView, k hitKey, packets, bytes uint64) {
	hit := h.all[k]
	if hit == nil {
		hit = &Hit{Kind: k.kind, ID: k.id, Direction: k.direction, What: k.what, Idle: f.Idle}
		h.all[k] = hit
	}
	hit.Connections++
	hit.Packets += packets
	hit.Bytes += bytes
	hit.Idle = min(hit.Idle, f.Idle)
}

// eni is an ENI as its card has it, nil if the region has none of the ID.
func (h *hits) eni(id string) *vpc.OwnENI {
	e := h.region.ENI(id)
	if e == nil {
		return nil
	}
	card := h.region.CardOf(e)
	p := h.policies[card]
	if p == nil {
		var err error
		if p, err = h.region.Policy(card, nil); err != nil {
			return nil
		}
		h.policies[card] = p
	}
	return p.ENI(id)
}

// endsOf are a connection's two ends, with port 0 where the protocol has none.
func endsOf(f *FlowView) (local, remote netip.AddrPort, ok bool) {
	local, ok = endOf(f.Local)
	if ok {
		remote, ok = endOf(f.Remote)
	}
	return local, remote, ok
}

// endOf is what endpoint wrote.
func endOf(text string) (netip.AddrPort, bool) {
	if a, err := netip.ParseAddrPort(text); err == nil {
		return a, true
	}
	a, err := netip.ParseAddr(text)
	return netip.AddrPortFrom(a, 0), err == nil
}

// protocolOf is the number of the protocol that has a name (wire.ProtocolName).
func protocolOf(name string) (proto uint8, known bool) {
	for n := range 256 {
		if wire.ProtocolName(uint8(n)) == name {
			return uint8(n), true
		}
	}
	return 0, false
}
