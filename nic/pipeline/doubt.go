package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// Doubt has the groups asked anew about the connection at an index, if it still is k, by its next packet.
// EC2 does so with untracked connections alone, and keeps tracked ones. So the record becomes an untracked
// flow's, as an earlier policy judged it: it stays, and cuts the flow in both directions for as long as the
// rules in force deny its first packet. If it ended instead, the guest's next packet might open it again.
// An ICMP connection ends: its packets are asked about one by one then.
//
// Doubt tells whether it did. policy was in force when the caller found the connection.
func (c *Crew) Doubt(at uint32, k *Known, policy *vpc.Policy) (did bool) {
	if g := c.Setup().guest(k.Key.ENI()); g != nil {
		c.Locked(func() { did = c.doubt(at, k, g, policy) })
	}
	return did
}

// doubt is Doubt for a connection of g's. The connection table's lock is held.
func (c *Crew) doubt(at uint32, k *Known, g *guest, policy *vpc.Policy) bool {
	switch {
	case !c.Flows.Holds(at, &k.Key) || !c.Flows.Has(at, &k.Pair):
		return false
	case k.Key.Proto() == wire.ProtoICMP || k.Key.Proto() == wire.ProtoICMPv6:
		c.Flows.End(at)
	default:
		c.Flows.Doubt(at, &flow.Opening{Owner: g.owner, Limit: g.cacheLimit, Found: flow.Found{Epoch: policy.Epoch - 1}})
	}
	return true
}
