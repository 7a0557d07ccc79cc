package nat

import (
	"sync/atomic"

	"nitrocard/nic/flow"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
)

// Chunk is how many connections a Look copies at most.
const Chunk = chunk

// Look copies the connections of a chunk of the table, which begins at from, to seen. next is where
// the next one begins, if there is more that connections have had. A worker copies them, so seen
// should have room for a Chunk.
func (g *Gateway) Look(seen []pipeline.Translation, from uint32) (_ []pipeline.Translation, next uint32, more bool) {
	g.call(func() { seen, next, more = g.look(seen, from) })
	return seen, next, more
}

// look is Look for a worker.
func (g *Gateway) look(seen []pipeline.Translation, from uint32) (_ []pipeline.Translation, next uint32, more bool) {
	g.Lock()
	defer g.Unlock()
	used, now := uint32(g.ways.Used()), flow.TickOf(g.clock())
	next = min(from+chunk, used)
	for at := from; at < next; at++ {
		if t, is := g.translation(at, now); is {
			seen = append(seen, t)
		}
	}
	return seen, next, next < used
}

// translation is the connection whose way from inside is at an index, if one is. The lock is held.
func (g *Gateway) translation(at uint32, now uint64) (t pipeline.Translation, is bool) {
	k, w := g.ways.Key(at), g.ways.At(at)
	own, peer, ok := w.To()
	state := atomic.LoadUint32(&w.State)
	if !ok || state&inside == 0 || k.Kind&fragment != 0 {
		return t, false
	}
	host, _, ok := g.ways.At(peer).To()
	return pipeline.Translation{
		Proto: uint8(k.Kind >> 24), Host: host, Own: own, Remote: socket{Addr: wire.AddrFrom4(k.Dst), Port: k.DstPort},
		State: stateOf(uint8(k.Kind>>24), state), Seen: uint32(g.heardAt(w, now)),
	}, ok
}

// stateOf is a connection's state as package flow has it, as far as a gateway tells states apart:
// of UDP it does not.
func stateOf(proto uint8, state uint32) flow.State {
	switch {
	case proto == wire.ProtoICMP:
		return flow.ICMP
	case state&tcp == 0:
		return flow.None
	case state&reset != 0, over(state):
		return flow.TimeWait
	case state&finInside != 0:
		return flow.FinWait
	case state&finOutside != 0:
		return flow.CloseWait
	case state&established != 0:
		return flow.Established
	case state&accepted != 0:
		return flow.SynReceived
	}
	return flow.SynSent
}
