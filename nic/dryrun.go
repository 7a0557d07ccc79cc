package nic

import (
	"context"
	"errors"
	"time"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// DryRun is what a change would do if it were put in force.
type DryRun struct {
	vpc.Diff
	Notices []vpc.Notice `json:"notices"`
	*Effect
}

// Effect is what a change would do to the connections that live.
type Effect struct {
	Epoch       uint32   `json:"epoch,omitzero"`    // of the policy in force, against which the change was put
	Revision    uint64   `json:"revision,omitzero"` // of a controller's region, instead of a card's epoch
	At          string   `json:"at"`                // when the first connection was looked at, RFC 3339
	Seconds     float64  `json:"seconds"`           // until the last one was; a connection that began or ended meanwhile is counted or not
	Connections uint64   `json:"connections"`       // looked at; a connection between two ENIs of the card is one of each
	Outcomes    Outcomes `json:"outcomes"`
	Fates       []Fate   `json:"fates"` // what decided, most connections of each outcome first

	Access     []Access `json:"access"`      // what is newly allowed and newly denied, whatever lives, at most ENIs first
	MoreAccess int      `json:"more_access"` // how many there are beyond those of Access; -1: too much changed for all to be compared

	Unused      []Decider `json:"unused"`              // rules, entries and routes in force that decided about nothing (Card.unused); of a controller, on no card that has them (Gathering.EffectIn)
	UnusedCount int       `json:"unused_count"`        // how many there are; of a controller, of those that each card names
	UnusedCut   bool      `json:"unused_cut,omitzero"` // of a controller: a card has more than it names (mostUnused), so there may be more than UnusedCount

	Cards []CardResult `json:"cards,omitempty"` // that a controller asked, those without an answer first; the change does not concern its other cards
}

// Outcomes are how many connections the change does what to.
type Outcomes struct {
	Kept      uint64 `json:"kept"`       // goes on, and the groups are not asked
	AskedAnew uint64 `json:"asked_anew"` // goes on: untracked, and the new rules allow it
	Outlives  uint64 `json:"outlives"`   // goes on because it is tracked: the new rules would not let it begin
	Rerouted  uint64 `json:"rerouted"`   // passes, and goes another way: a firewall on that way may not know the connection
	Cut       uint64 `json:"cut"`        // passes both ways before the change, and falls one way or both after
	Expires   uint64 `json:"expires"`    // ends within the span of a timer wheel (flow.Table): it has been idle for longer than its ENI's new timeouts let it be
	Admitted  uint64 `json:"admitted"`   // falls one way or both before the change, and passes both ways after
	Barred    uint64 `json:"barred"`     // falls one way or both, before and after the change
	Moves     uint64 `json:"moves"`      // goes along with its ENI to another card, which judges it
	Ended     uint64 `json:"ended"`      // has ended (flow.TimeWait, flow.Closed): its record goes soon, and nobody misses it
}

// errEdgeDryRun is the error of a dry run at an edge.
var errEdgeDryRun = errors.New("an edge keeps no connections: ask the cards what a change does to theirs")

// mostLooks is how often a dry run looks at the connections, if others change the configuration.
const mostLooks = 2

// ErrChangedMeanwhile is the error of a dry run during which others changed the configuration, again and
// again, so that nothing can be told of the configuration in force.
var ErrChangedMeanwhile = errors.New("others changed the configuration while the connections were looked at: nothing is told of them; ask again")

// DryRun tells what Apply would change, and what would become of the connections that live. Nothing
// changes. The judges are the packet path's (pipeline.DryRun). The walk ends early with the context.
// If others change the configuration meanwhile, DryRun looks again, once, and then ErrChangedMeanwhile is
// its error.
func (c *Card) DryRun(ctx context.Context, cfg *vpc.Config) (DryRun, error) {
	for range mostLooks {
		policy, before, err := c.compile(func(r *vpc.Region) (*vpc.Region, error) { return r.Become(cfg) })
		if err != nil {
			return DryRun{}, err
		}
		switch effect, err := c.effect(ctx, before, policy); {
		case err == nil:
			return DryRun{policy.Region.Diff(), append([]vpc.Notice{}, policy.Notices()...), effect}, nil
		case err != ErrChangedMeanwhile:
			return DryRun{}, err
		}
	}
	return DryRun{}, ErrChangedMeanwhile
}

// compile makes the policy that a change would put in force, and tells in whose place.
func (c *Card) compile(step func(*vpc.Region) (*vpc.Region, error)) (policy *vpc.Policy, before *pipeline.Setup, err error) {
	if c.options.Edge != nil {
		return nil, nil, errEdgeDryRun
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	opened := c.bays.Opening()
	defer opened.Close()
	n, err := c.next(&change{step: step}, opened)
	if err != nil {
		return nil, nil, err
	}
	return n.policy, c.crew.Setup(), nil
}

// effect asks both policies about each connection. Its error is ErrChangedMeanwhile if the setup before is
// no longer in force in the end.
func (c *Card) effect(ctx context.Context, before *pipeline.Setup, policy *vpc.Policy) (*Effect, error) {
	l := &ledger{now: c.crew.DryRun(before, before.Policy), then: c.crew.DryRun(before, policy), rules: newRulesInForce(before.Policy), tick: c.tick(), causes: map[cause]*tally{}}
	began := time.Now()
	if err := c.eachSeen(ctx, l.add); err != nil {
		return nil, err
	}
	if err := c.eachTranslation(ctx, before.Policy, l.translate); err != nil {
		return nil, err
	}
	if c.Policy() != before.Policy {
		return nil, ErrChangedMeanwhile
	}
	access, more := accessAfter(before.Policy, policy)
	unused, count := c.unused(before.Policy)
	return &Effect{
		Epoch: before.Policy.Epoch, At: began.UTC().Format(time.RFC3339Nano), Seconds: time.Since(began).Seconds(),
		Connections: l.connections, Outcomes: l.outcomes, Fates: l.fates(), Access: access, MoreAccess: more, Unused: unused, UnusedCount: count,
	}, nil
}

// ledger adds up what becomes of connections, by what both policies make of their next packets.
type ledger struct {
	now, then   *pipeline.DryRun
	rules       *rulesInForce // before the change
	tick        uint32
	connections uint64
	outcomes    Outcomes
	causes      map[cause]*tally

	gateway *vpc.OwnENI // of which pool is the pool
	pool    []wire.Addr
}

// add adds a connection.
func (l *ledger) add(s *seenFlow) {
	if e := l.now.ENI(&s.Known); e == nil || e.NAT != nil {
		return // its ENI went, and the record goes soon; or translate adds the connection
	}
	l.connections++
	var now, then [2]pipeline.Judgement
	for d := range now {
		now[d], then[d] = l.now.Next(&s.Known, wire.Direction(d)), l.then.Next(&s.Known, wire.Direction(d))
	}
	l.count(s, l.causeOf(s, &now, &then))
}

// count counts a connection of a cause.
func (l *ledger) count(s *seenFlow, c cause) {
	*c.outcome.of(&l.outcomes)++
	if c.outcome != kept && c.outcome != ended {
		l.tally(c).add(s, l.tick)
	}
}
