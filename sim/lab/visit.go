//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"nitrocard/nic"
)

// visit opens the connection, until it is open or a packet of it was dropped. The trace's packets
// were dropped before, each of them by itself.
func (t *traveler) visit(ctx context.Context) error {
	old, err := t.drops(ctx)
	if err != nil {
		return err
	}
	dialing, leave := context.WithCancel(ctx)
	defer leave()
	ended := t.dial(dialing)
	got, err := t.openOrDropped(ctx, ended, old)
	switch {
	case err != nil:
		return err
	case got == nil:
		leave()
		if late := <-ended; late.open != nil {
			late.open.Close()
		}
		return nil
	case got.err != nil:
		t.Time, t.Answer = got.took, refusalWords(got.err)
		return nil
	}
	defer got.open.Close()
	t.Time, t.Answer = got.took, "the connection is open"
	err = t.ask(ctx)
	if t.To.Port() == webPort {
		err = errors.Join(err, t.read(ctx, got.open))
	}
	return err
}

// attempt is how the client's attempt to open the connection ended.
type attempt struct {
	open net.Conn // nil if err is none
	took time.Duration
	err  error
}

// dial has the client open the connection.
func (t *traveler) dial(ctx context.Context) <-chan attempt {
	ended := make(chan attempt, 1)
	began := time.Now()
	go func() {
		open, err := t.c.dial(ctx)
		ended <- attempt{open, time.Since(began), err}
	}()
	return ended
}

// openOrDropped waits until the attempt ended, or until a packet of the connection was dropped that is not among
// old drops: then there is no attempt.
func (t *traveler) openOrDropped(ctx context.Context, ended <-chan attempt, old []Drop) (got *attempt, err error) {
	known := dropTimes{}
	for _, d := range old {
		known.add(d.LastDrop)
	}
	err = until(ctx, "the connection was open or a packet dropped", func() (bool, error) {
		select {
		case e := <-ended:
			got = &e
			return true, nil
		default:
		}
		all, err := t.drops(ctx)
		for i := range all {
			if !known.has(all[i].LastDrop) {
				t.Drop = &all[i]
			}
		}
		return t.Drop != nil, err
	})
	return got, err
}

// read asks for the guest's page.
func (t *traveler) read(ctx context.Context, open net.Conn) error {
	defer context.AfterFunc(ctx, func() { _ = open.SetDeadline(time.Now()) })()
	if _, err := fmt.Fprintf(open, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		return err
	}
	text := make([]byte, 4<<10)
	n := 0
	for n < len(text) {
		more, err := open.Read(text[n:])
		if n += more; err != nil {
			break // the end, or what came is what there is
		}
	}
	if _, body, ok := strings.Cut(string(text[:n]), "\r\n\r\n"); ok {
		t.Answer += fmt.Sprintf(", and brings %q", strings.TrimSpace(body))
	}
	return nil
}

// refusalWords are how the client was refused.
func refusalWords(err error) string {
	var failed *net.OpError
	if errors.As(err, &failed) {
		err = failed.Err
	}
	return "the connection is refused: " + err.Error()
}

// drops are the packets of the connection that edges and cards dropped.
func (t *traveler) drops(ctx context.Context) (all []Drop, err error) {
	for _, hosts := range []cards{t.edgeCards, t.cards} {
		for name, card := range hosts {
			view, err := card.Drops(ctx)
			if err != nil {
				return nil, err
			}
			for _, d := range view.Last {
				if answer := d.Destination == t.From.String(); answer || d.Source == t.From.String() {
					all = append(all, Drop{name, answer, d})
				}
			}
		}
	}
	return all, nil
}

// ask has the card tell what it keeps of the connection.
func (t *traveler) ask(ctx context.Context) error {
	if t.Whereabouts == nil || t.cards[t.Whereabouts.Host] == nil {
		return nil
	}
	card := t.cards[t.Whereabouts.Host]
	flows, err := card.Flows(ctx, nic.FlowFilter{ENI: t.Whereabouts.ENI})
	for _, f := range flows {
		if f.Remote == t.From.String() {
			t.Flow = &f
		}
	}
	return err
}
