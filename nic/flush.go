package nic

import (
	"context"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
)

// Flush cuts the connections that go on because they are tracked, and that the rules in force would not
// let begin, and tells how many. EC2 lets them go on. A connection that Flush cuts and that later rules
// allow again goes on then, as an untracked one does. If the context ends first, some are cut.
func (c *Card) Flush(ctx context.Context) (cut uint64, err error) {
	if c.options.Edge != nil {
		return 0, errEdgeDryRun
	}
	for range 2 {
		n, err := c.flush(ctx)
		if cut += n; err != nil {
			return cut, err
		}
		// A worker that had the record before may note now that its packet passed: once all workers
		// have ended their bursts, another look finds such a record.
		c.gate.Do(func() {})
	}
	return cut, nil
}

// flush is one look at all connections.
func (c *Card) flush(ctx context.Context) (cut uint64, err error) {
	setup := c.crew.Setup()
	f := c.crew.DryRun(setup, setup.Policy)
	err = c.eachSeen(ctx, func(s *seenFlow) {
		if passesUnasked(s, setup.Policy.Epoch) && f.ENI(&s.Known) != nil && !f.Groups(&s.Known).Allowed && c.crew.Doubt(s.at-1, &s.Known, setup.Policy) {
			cut++
		}
	})
	return cut, err
}

// passesUnasked tells whether a connection passes under a policy without a question to the groups.
func passesUnasked(s *seenFlow, epoch uint32) bool {
	status := s.Conn.Status()
	known := s.Conn.Under(epoch) && (status.Walked(wire.In) || status.Walked(wire.Out))
	return known || status.Flags()&flow.FlagUntracked == 0
}
