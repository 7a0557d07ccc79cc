//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"nitrocard/nic/vpc"
)

// stage is a world whose cards run.
type stage struct {
	*world
	routers    []*routing  // none with a foreign edge
	controller *controller // nil: each card has the configuration from a file
	edgeCards  cards       // none with a foreign edge
	cards      cards
}

// newStage builds the world of a region and starts its cards with a configuration's file, which
// is their controller's if they have one.
func newStage(ctx context.Context, r *region, file string, out io.Writer) (*stage, error) {
	w, err := patiently(out, "hosts and links", func() (*world, error) { return build(r) })
	if err != nil {
		return nil, fmt.Errorf("building the lab: %w", err)
	}
	s := &stage{world: w}
	if err := s.begin(ctx, file, out); err != nil {
		err = errors.Join(err, s.end())
		w.close()
		return nil, err
	}
	return s, nil
}

// begin starts routers, controller, edges, cards and virtual machines.
func (s *stage) begin(ctx context.Context, file string, out io.Writer) (err error) {
	from := origin{file: file}
	if !s.region.foreign {
		if err := errors.Join(s.startRouters(), resolve(ctx, s.named("gateway"))); err != nil {
			return err
		}
	}
	if s.region.controlled {
		s.controller, err = patiently(out, "the controller starts", func() (*controller, error) { return s.startController(ctx, file) })
		if err != nil {
			s.controller = nil // it has ended
			return err
		}
		from.by = s.controller
	}
	if !s.region.foreign {
		if s.edgeCards, err = patiently(out, "edges start", func() (cards, error) { return s.startEdges(ctx) }); err != nil {
			return err
		}
	}
	if s.cards, err = patiently(out, "cards start", func() (cards, error) { return s.startCards(ctx, from) }); err != nil {
		return err
	}
	if !s.region.foreign {
		if _, err = patiently(out, "routers learn what the edges announce", func() (any, error) { return nil, s.converge(ctx) }); err != nil {
			return err
		}
	}
	return s.boot(ctx, out)
}

// boot starts the guests that are virtual machines.
func (s *stage) boot(ctx context.Context, out io.Writer) (err error) {
	for _, m := range s.guests {
		if m.vm != nil {
			m.vm.tell = out
			_, failed := patiently(out, "virtual machine "+m.Nick+" boots", func() (any, error) { return nil, m.vm.boot(ctx) })
			err = errors.Join(err, failed)
		}
	}
	return err
}

// end has cards and edges end, and then the controller and the routers, as their user would.
func (s *stage) end() error {
	err := errors.Join(s.cards.stop(), s.edgeCards.stop())
	if s.controller != nil {
		err = errors.Join(err, s.controller.stop())
	}
	for _, r := range s.routers {
		err = errors.Join(err, r.stop())
	}
	return err
}

// letIn opens the lab to its user, if it is to be kept.
func (s *stage) letIn(ctx context.Context, ord order) error {
	if !ord.Keep {
		return nil
	}
	return keepDoor(ctx, os.NewFile(doorFd, "door"), s)
}

// card is the one that a guest is plugged into.
func (s *stage) card(m *machine) *card { return s.cards[m.Card] }

// configured is the region's configuration: the user's own, or ours.
func configured(ord order) (*vpc.Config, error) {
	if ord.Config == "" {
		return vpc.Parse("region.yaml", Region)
	}
	return ord.Reading.Load(ord.Config)
}

// fileFor writes the configuration that the cards are to have to where it leaves no trace.
func fileFor(c *vpc.Config) (file string, err error) {
	if err := os.MkdirAll(runDir, 0o700); err != nil {
		return "", err
	}
	text, err := c.MarshalJSON()
	if err != nil {
		return "", err
	}
	file = filepath.Join(runDir, "region.json")
	return file, os.WriteFile(file, text, 0o600)
}

// readingFor is how the cards read what fileFor wrote: as the configuration was read.
func readingFor(c *vpc.Config) vpc.Reading {
	if c.Answer {
		return vpc.Lenient
	}
	return vpc.Strict
}
