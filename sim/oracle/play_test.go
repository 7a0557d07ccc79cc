package oracle

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// play is a world on a fabric, step by step.
type play struct {
	w       *World
	f       *fabric
	watched bool // the cards tell why they drop
	packets int
	doubts  int // outcomes that AWS's pages leave open
	told    []string
	keep    bool // what was told
}

// newPlay begins with a configuration.
func newPlay(t testing.TB, c *vpc.Config, watched bool) (*play, error) {
	w := &World{Config: c}
	f, err := newFabric(t, w, watched)
	return &play{w: w, f: f, watched: watched}, err
}

// do takes one step. The error is that the oracle and the cards disagree.
func (p *play) do(s step) (got result, err error) {
	switch {
	case s.Wait > 0:
		p.w.Now += s.Wait
		p.f.wait()
	case s.Packet != nil:
		return p.send(s)
	default:
		err = p.change(s.Edits)
	}
	p.tell("%v", s)
	return got, err
}

// settles is for how long nothing happens after a change: cards have packets of an ENI that is new wait for the
// records of its connections, and look at each connection's timeout once in 17 s.
const settles = 20 * time.Second

// change puts edits in force, here and there.
func (p *play) change(edits []vpc.Edit) error {
	p.w.Changing()
	for i := range edits {
		p.w.Config = edited(p.w.Config, &edits[i])
	}
	err := p.f.change(edits...)
	p.w.Now += settles
	p.f.wait()
	for _, eni := range p.f.moved {
		p.w.Moved(eni)
	}
	return err
}

// send sends a packet, here and there.
func (p *play) send(s step) (got result, err error) {
	if s.ENI != "" && !p.possible(s) {
		return got, nil
	}
	p.packets++
	p.w.Now += time.Millisecond
	if s.ENI == "" {
		p.f.fromInternet(p.framesOf(s))
	} else {
		p.f.fromGuest(s.ENI, *s.Packet, s.Direct, p.framesOf(s))
	}
	defer p.settle(s)
	if got, err = p.f.took(); err != nil {
		return got, err
	}
	p.w.Seen = &got.packet
	var right []Outcome
	switch {
	case s.Packet.Fragmented && len(s.Packet.Passing(s.Pieces)) == 0:
		right = []Outcome{{Dropped: Fragments}}
	case s.ENI == "":
		right = p.w.FromInternet(*s.Packet)
	default:
		right = p.w.FromGuest(s.ENI, *s.Packet, s.Direct)
	}
	if len(right) > 1 {
		p.doubts++
		if !p.watched && got.frames == 0 {
			got.reason, got.at = p.f.lastDrop() // which of them it was
		}
	}
	p.tell("%v\n      EC2: %v\n      card: %v", s, alternatives(right), got)
	i := slices.IndexFunc(right, func(o Outcome) bool { return p.is(s, got, o) })
	if i < 0 {
		if got.frames == 0 && got.reason == "" {
			got.reason, got.at = p.f.lastDrop()
		}
		return got, &disagreement{s, right, got}
	}
	p.w.Happened(right[i])
	return got, nil
}

// framesOf makes the frames of a packet.
func (p *play) framesOf(s step) func(src, dst wire.MAC) [][]byte {
	return func(src, dst wire.MAC) [][]byte {
		if s.Packet.Fragmented {
			return fragments(*s.Packet, src, dst, uint16(p.packets), s.Pieces)
		}
		return [][]byte{frame(*s.Packet, src, dst)}
	}
}

// settle ends the wait of fragments whose first one was dropped.
func (p *play) settle(s step) {
	if s.Packet.Fragmented || s.Packet.mayBeCut() {
		p.w.Now += 1200 * time.Millisecond
		p.f.wait()
		p.f.carry()
		p.f.ended = p.f.ended[:0]
	}
}

// disagreement is a step at which the cards did not do what is right.
type disagreement struct {
	step  step
	right []Outcome
	got   result
}

// Error is the disagreement in words.
func (d *disagreement) Error() string {
	return fmt.Sprintf("%v:\n  in EC2, %v;\n  here, %v", d.step, alternatives(d.right), d.got)
}

// kind is what a shorter story must have in common with the whole one.
func (d *disagreement) kind() string {
	parts := ""
	for _, o := range d.right {
		parts += string(o.Dropped) + ";"
	}
	return fmt.Sprint(parts, d.got.frames, d.got.reason)
}

// possible tells whether the sender is there, and the neighbor that it sends to. In a
// shortened story they may not be.
func (p *play) possible(s step) bool {
	e := p.w.ENI(s.ENI)
	if e == nil || !s.Direct {
		return e != nil
	}
	to := p.w.Owner(p.w.VPC(e), s.Packet.Dst)
	return to != nil && to.SubnetId == e.SubnetId
}

// is tells whether what the cards did is an outcome.
func (p *play) is(s step, got result, o Outcome) bool {
	dropped := !p.watched && got.reason == "" || slices.Contains(o.Dropped.Verdicts(), got.reason) && (o.At == "" || o.At == got.at)
	switch {
	case o.Told != nil:
		return dropped && got.frames == 1 && got.eni == o.ENI && isTold(got.packet, *o.Told)
	case o.Dropped != "":
		return (dropped || o.Dropped == Fragments) && got.frames == 0
	case s.Packet.Fragmented && !slices.Equal(got.pieces, s.Packet.Passing(s.Pieces)):
		return false
	}
	return got.frames == 1 && got.eni == o.ENI && same(got.packet, o.Packet) && (o.Longest == 0 || got.longest <= o.Longest)
}

// tell keeps a line of the story.
func (p *play) tell(format string, args ...any) {
	if p.keep {
		p.told = append(p.told, fmt.Sprintf("%4d  ", len(p.told)+1)+fmt.Sprintf(format, args...))
	}
}

// alternatives are outcomes in words.
func alternatives(all []Outcome) string {
	var words []string
	for _, o := range all {
		words = append(words, o.String())
	}
	return strings.Join(words, ", or ")
}
