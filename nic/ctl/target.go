package ctl

import (
	"context"
	"net/http"
	"sync"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
)

// Target has the configuration that a socket reads and changes: a card's, or a
// controller's, which is of all cards.
type Target interface {
	Region() *vpc.Region

	// Apply makes a whole configuration the one in force, or changes nothing.
	Apply(context.Context, *vpc.Config) (nic.Change, error)

	// DryRun tells what Apply would do, and changes nothing. It leaves to rest what needs neither the
	// configuration nor much of this process, and may take its time.
	DryRun(context.Context, *vpc.Config) (rest func(context.Context) (nic.DryRun, error), err error)

	// Flush cuts the connections that the rules in force would not let begin, and adds to what a change
	// changed how many.
	Flush(context.Context, *nic.Change) error

	// Edit makes the edits that edit makes of the region that is to be changed, all or none.
	// An error of edit is Edit's. Edit may call edit again, if the region has changed meanwhile.
	Edit(ctx context.Context, edit func(*vpc.Region) ([]vpc.Edit, error)) (nic.Change, error)
}

// cardTarget is a card as a target.
type cardTarget struct {
	card    *nic.Card
	follows string // a controller; "": none

	// mu is held from the reading of the configuration that is to change until the
	// changed one is in force, so that no writer at the socket undoes another's change.
	// Other writers are the card's matter (nic.Card.Apply).
	mu sync.Mutex
}

// Region is as Target says.
func (t *cardTarget) Region() *vpc.Region { return t.card.Policy().Region }

// Apply is as Target says.
func (t *cardTarget) Apply(_ context.Context, config *vpc.Config) (nic.Change, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.refuse(); err != nil {
		return nic.Change{}, err
	}
	return t.card.Apply(config)
}

// DryRun is as Target says. A card that follows a controller may be asked, too.
func (t *cardTarget) DryRun(ctx context.Context, config *vpc.Config) (rest func(context.Context) (nic.DryRun, error), err error) {
	found, err := t.card.DryRun(ctx, config)
	return func(context.Context) (nic.DryRun, error) { return found, nil }, err
}

// Flush is as Target says.
func (t *cardTarget) Flush(ctx context.Context, done *nic.Change) (err error) {
	done.Flushed, err = t.card.Flush(ctx)
	return err
}

// Edit is as Target says.
func (t *cardTarget) Edit(_ context.Context, edit func(*vpc.Region) ([]vpc.Edit, error)) (nic.Change, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.refuse(); err != nil {
		return nic.Change{}, err
	}
	edits, err := edit(t.Region())
	if err != nil {
		return nic.Change{}, err
	}
	return t.card.Change(edits...)
}

// refuse is the error of who changes a card that follows a controller.
func (t *cardTarget) refuse() error {
	if t.follows == "" {
		return nil
	}
	return &Error{Status: http.StatusConflict, Message: "this card follows the controller at " + t.follows + ", where a change is for all cards"}
}
