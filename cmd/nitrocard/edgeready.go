package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"nitrocard/nic"
)

// announceEvery is how often the edge looks whether it is ready, and what it serves.
const announceEvery = 250 * time.Millisecond

// serve has the neighbors know what the edge serves, until ctx ends: while its links are up and
// it has the region (lost is nil). Then the edge leaves the field to others, and serve calls end.
func (o *edgeOptions) serve(ctx context.Context, card *nic.Card, lost func() error, log *slog.Logger, end func()) {
	defer end()
	o.attend(ctx, card, lost, log)
	card.Retire(true)
	if o.speaker == nil {
		return
	}
	if err := o.speaker.Drain(); err != nil {
		log.Error("not withdrawn", "error", err)
	}
	log.Info("edge drains: its prefixes are withdrawn", "for", o.drain)
	time.Sleep(o.drain)
}

// attend is serve until ctx ends.
func (o *edgeOptions) attend(ctx context.Context, card *nic.Card, lost func() error, log *slog.Logger) {
	tick := time.NewTicker(announceEvery)
	defer tick.Stop()
	for had := true; ctx.Err() == nil; {
		err := lost()
		switch has := err == nil; {
		case had && !has:
			log.Warn("the edge has lost the region: it withdraws its prefixes, and leaves the tunnel end to other edges", "error", err)
		case has && !had:
			log.Info("the edge has the region again")
		}
		had = err == nil
		card.Retire(!had)
		o.announce(card, had, log)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// announce has the neighbors know what the edge serves now.
func (o *edgeOptions) announce(card *nic.Card, has bool, log *slog.Logger) {
	if o.speaker == nil {
		return
	}
	var prefixes []netip.Prefix
	if has && card.LinksUp() {
		prefixes = card.Prefixes()
	}
	if err := o.speaker.Announce(prefixes); err != nil {
		log.Error("not announced", "error", err)
	}
}

// lost is why an edge does not have its controller's region any more; nil: it has. An edge that
// only does not reach the controller has it.
func (o *runOptions) lost(card *nic.Card) error {
	if o.follower == nil {
		return nil
	}
	f := o.follower.Follower
	if name := f.Card(); !card.Policy().Region.NamesEdge(name) {
		return fmt.Errorf("Edges of the controller's Placement has no %q", name)
	}
	if age := time.Since(f.Issued()); o.edge.stale > 0 && age > o.edge.stale {
		return fmt.Errorf("the controller last said so %s ago, and --stale-after is %s", age.Round(time.Second), o.edge.stale)
	}
	return nil
}
