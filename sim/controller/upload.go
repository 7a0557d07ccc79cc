package controller

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"nitrocard/nic/ctl"
)

// mostUploads is how many cards' records are read at one time, of nic.MostRecords bytes each, which take
// twice as much when they are checked. The bound is ours.
const mostUploads = 16

// upload has take take what a card brings, or says why not. What is not expected, or no more once there is room for
// it, is not read.
func (c *Controller) upload(w http.ResponseWriter, r *http.Request, most int64, expected func() error, take func([]byte) error) {
	if err := expected(); err != nil {
		refuseUnread(w, err)
		return
	}
	leave, err := c.enter(r.Context(), r.PathValue("card"))
	if err != nil {
		return // the card went away
	}
	defer leave()
	if err := expected(); err != nil {
		refuseUnread(w, err)
		return
	}
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(patience))
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err == nil {
		err = take(data)
	}
	if err != nil {
		refuseUpload(w, err)
		return
	}
	ctl.Reply(w, http.StatusOK, struct{}{})
}

// enter waits for room to read what a card brings, until leave. A card has room for one upload at a time, so that
// a card that brings many slowly keeps no other card out.
func (c *Controller) enter(ctx context.Context, card string) (leave func(), err error) {
	if err := c.begin(ctx, card); err != nil {
		return nil, err
	}
	select {
	case c.uploads <- struct{}{}:
		return func() { <-c.uploads; c.brought(card) }, nil
	case <-ctx.Done():
		c.brought(card)
		return nil, ctx.Err()
	}
}

// begin waits until no other upload of a card is read.
func (c *Controller) begin(ctx context.Context, card string) error {
	for other := c.bring(card); other != nil; other = c.bring(card) {
		select {
		case <-other:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// bring notes an upload of a card, or is the end of the other one that there is.
func (c *Controller) bring(card string) (other <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bringing[card] != nil {
		return c.bringing[card]
	}
	c.bringing[card] = make(chan struct{})
	return nil
}

// brought ends the upload of a card.
func (c *Controller) brought(card string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.bringing[card])
	delete(c.bringing, card)
}

// refuseUnread says why what a card brings is not even read.
func refuseUnread(w http.ResponseWriter, err error) {
	w.Header().Set("Connection", "close")
	refuseUpload(w, err)
}

// refuseUpload says why what a card brings is not taken.
func refuseUpload(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	if e := (*ctl.Error)(nil); errors.As(err, &e) {
		status = e.Status
	}
	ctl.Refuse(w, status, err)
}
