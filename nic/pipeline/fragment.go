package pipeline

import (
	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
)

// Fragments are judged without putting datagrams together. The first fragment has the whole
// transport header (wire.FaultFragmentTiny) and takes the stages. The later ones carry no
// ports and share the first one's verdict, by a record whose key has the datagram's
// identification in the place of ports. They pass in order and each byte once
// (flow.Table.Follow), so that what the guest puts together begins with the header that was
// judged, however the guest treats fragments that overlap. Fragments that come early wait a
// little (early.go).
//
// To put datagrams together first, as Linux' connection tracking does, would hold every
// datagram until its last fragment, copy all of it, and have to make the fragments again. In order,
// a datagram whose fragments come in order costs one word, and nothing is copied.
//
// AWS documents no rule for fragments; the choice is ours.

// mayLead tells whether a first fragment may begin a datagram: not while another one with the
// same identification waits for a fragment, whose bytes this one could overwrite.
func (w *Worker) mayLead(p *packet) bool {
	k := p.key.Fragment(p.ID)
	at, epoch, _ := w.flows.Find(&k)
	return epoch == 0 || !w.flows.Has(at, &p.pair) || w.flows.MayLead(at, p.dir, w.tick)
}

// trackFragments enters a short-lived connection for the fragments that follow the first.
// Where the table has no room for the connection the later fragments are dropped, and the
// first fragment alone does no harm. The connection table's lock is held.
func (w *Worker) trackFragments(p *packet) {
	first, at, rule := p.conn, p.at, w.ruleNumber(p)
	p.untracked = p.untracked || first != nil && first.Status().Flags()&flow.FlagUntracked != 0
	p.initiator, p.conn, p.restarts = p.dir, nil, false
	k := p.key.Fragment(p.ID)
	w.open(p, &k, rule)
	if p.conn != nil {
		p.conn.Keep(p.dir, w.findings(p))
		w.flows.Lead(p.at, p.dir, p.Place(p.frame.Bytes()), w.tick)
		w.early.stirred = true
	}
	p.conn, p.at = first, at
}

// follows holds a later fragment to the order of its datagram. The stage is the last one
// that is asked, because a fragment that passes has its place.
func (w *Worker) follows(p *packet) Verdict {
	if p.Frag != wire.LaterFragment {
		return next
	}
	switch w.flows.Follow(p.at, p.dir, p.Place(p.frame.Bytes()), w.tick) {
	case flow.Early:
		return early
	case flow.Overlap:
		return FragmentOverlap
	}
	w.early.stirred = true
	return next
}
