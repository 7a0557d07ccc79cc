package nic

import (
	"fmt"
	"net/netip"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// FlowView is one connection.
type FlowView struct {
	ENI       string    `json:"eni"`
	Protocol  string    `json:"protocol"`
	Local     string    `json:"local"` // the ENI's side, address:port
	Remote    string    `json:"remote"`
	Initiator string    `json:"initiator"` // "local" or "remote"
	State     string    `json:"state"`
	Tracked   bool      `json:"tracked"`
	Rule      *vpc.Rule `json:"rule,omitempty"` // that allowed its first packet
	Idle      float64   `json:"idle_seconds"`

	PacketsIn  uint64 `json:"packets_in"`
	PacketsOut uint64 `json:"packets_out"`
	BytesIn    uint64 `json:"bytes_in"`
	BytesOut   uint64 `json:"bytes_out"`
}

// FlowFilter chooses connections. The zero filter chooses all.
type FlowFilter struct {
	ENI   string // only this ENI's
	Limit int    // at most so many; 0 is 1,000
}

// walkChunk is how many connections a listing looks at between two bursts.
const walkChunk = 256

// Flows lists connections as they are; those that begin or end meanwhile may
// or may not be shown.
func (c *Card) Flows(f FlowFilter) []FlowView {
	limit := f.Limit
	if limit <= 0 {
		limit = 1000
	}
	views := []FlowView{}
	for from, more := uint32(0), true; more && len(views) < limit; {
		c.worker.do(func() {
			if more = !c.worker.closed; !more {
				return
			}
			from, more = c.worker.flows.Walk(from, walkChunk, func(at uint32, k *flow.Key, conn *flow.Conn) {
				if v, ok := c.worker.flowView(at, k, conn); ok && (f.ENI == "" || f.ENI == v.ENI) && len(views) < limit {
					views = append(views, v)
				}
			})
		})
	}
	return views
}

func (w *worker) flowView(at uint32, k *flow.Key, c *flow.Conn) (FlowView, bool) {
	v := w.view
	if int(k.ENI()) >= len(v.guests) || v.guests[k.ENI()].eni == nil || k.IsFragment() {
		return FlowView{}, false
	}
	view := FlowView{
		ENI: v.guests[k.ENI()].eni.ID, Protocol: wire.ProtocolName(k.Proto()), Initiator: "remote",
		Local: endpoint(k.Local, k.LocalPort, k.Proto()), Remote: endpoint(k.Remote, k.RemotePort, k.Proto()),
		State: c.State.String(), Tracked: c.Flags&flow.FlagUntracked == 0, Rule: w.rules.rule(w.flows.Detail(at).Rule),
		Idle:      flow.Since(w.tick, c.Seen).Seconds(),
		PacketsIn: c.Packets[flow.In], PacketsOut: c.Packets[flow.Out], BytesIn: c.Bytes[flow.In], BytesOut: c.Bytes[flow.Out],
	}
	if c.Flags&flow.FlagInitiator != 0 {
		view.Initiator = "local"
	}
	return view, true
}

// dotted is an IPv4 address as people write it.
func dotted(a uint32) string {
	return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)}).String()
}

// endpoint is address:port for protocols with ports.
func endpoint(addr uint32, port uint16, proto uint8) string {
	if proto == wire.ProtoTCP || proto == wire.ProtoUDP {
		return fmt.Sprintf("%s:%d", dotted(addr), port)
	}
	return dotted(addr)
}
