//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// story is a run of the lab: the world, its cards, and the people the checks
// are about.
type story struct {
	*world
	cards cards

	a1, a2, a3, b1 *machine

	idle *idleConnections // of b1, while its card is attacked
}

// check is one thing a person would try. see does it and says what was seen,
// or why it is not as it should be.
type check struct {
	name string
	see  func(s *story, ctx context.Context) (seen string, err error)
}

// checks are the lab's, in the order in which they are told.
var checks = []check{
	{"two customers, one address", (*story).twoCustomers},
	{"a closed port", (*story).closedPort},
	{"a rule for one address", (*story).trackedRule},
	{"a rule for everyone", (*story).untrackedRule},
	{"neighbours", (*story).neighbours},
	{"ping", (*story).ping},
	{"1 GiB each way", (*story).bulk},
	{"a hundred at once", (*story).hundred},
	{"a guest that lies", (*story).spoof},
}

// longPackets are checks with packets above 2 KB. DPDK's net_af_packet does not bring such
// packets of a guest's kernel to the card: the port counts them as rx_too_long.
var longPackets = []check{
	{"a datagram in fragments", (*story).fragments},
	{"path MTU", (*story).pathMTU},
}

// checks are those that this lab can do.
func (s *story) checks() (all []check) {
	if s.b1.vm != nil {
		all = append(all, check{"a virtual machine", (*story).virtual}, check{"a virtual machine that dies", (*story).mortal})
	}
	all = append(all, checks...)
	if s.region.driver != DPDK {
		all = append(all, longPackets...)
	}
	return all
}

// play is the lab inside its cage, from the first host to the last word.
func play(ctx context.Context, ord order, out io.Writer) (o outcome, err error) {
	began := time.Now()
	s, err := begin(ctx, ord, out)
	if ctx.Err() != nil {
		return o, errStopped
	}
	if err != nil {
		return o, err
	}
	defer s.close()
	fmt.Fprint(out, s.introduction())
	if err := s.letIn(ctx, ord); err != nil {
		return o, err
	}
	if ord.Attack > 0 {
		o = s.beAttacked(ctx, out, ord.Attack)
	} else {
		o = doAll(ctx, out, s.checks(), s.do)
	}
	if ctx.Err() != nil {
		return o, errors.Join(errStopped, s.cards.stop())
	}
	if ord.Attack == 0 {
		s.drawJourney(ctx, out)
	}
	if ord.Keep {
		fmt.Fprint(out, s.invitation(ord.Program))
		<-ctx.Done()
	}
	if err := s.cards.stop(); err != nil {
		fmt.Fprintf(out, "FAIL the end: %v\n", err)
		o.Failed++
	}
	if !ord.Keep {
		fmt.Fprint(out, slow(time.Since(began), scheduled()))
	}
	fmt.Fprintf(out, "lab: %d passed, %d failed\n", o.Passed, o.Failed)
	return o, nil
}

var errStopped = errors.New("the lab was stopped before its end")

// begin builds the world of the configuration and starts its cards.
func begin(ctx context.Context, ord order, out io.Writer) (*story, error) {
	file, err := configFile(ord.Config)
	if err != nil {
		return nil, err
	}
	config, err := ord.Reading.Load(file)
	if err != nil {
		return nil, err
	}
	region, err := readRegion(config)
	if err != nil {
		return nil, err
	}
	region.driver, region.reading = ord.Driver, ord.Reading
	if ord.VM != nil {
		region.virtual = map[string]*machinery{"b1": ord.VM}
	}
	w, err := patiently(out, "hosts and links", func() (*world, error) { return build(ctx, region) })
	if err != nil {
		return nil, fmt.Errorf("building the lab: %w", err)
	}
	s := &story{world: w}
	if err := s.cast(); err != nil {
		w.close()
		return nil, err
	}
	s.cards, err = patiently(out, "cards start", func() (cards, error) { return w.startCards(ctx, file) })
	if err != nil {
		w.close()
		return nil, err
	}
	if err := s.boot(ctx, out); err != nil {
		w.close()
		return nil, errors.Join(err, s.cards.stop())
	}
	return s, nil
}

// boot starts the guests that are virtual machines.
func (s *story) boot(ctx context.Context, out io.Writer) (err error) {
	for _, m := range s.guests {
		if m.vm != nil {
			_, failed := patiently(out, "virtual machine "+m.Nick+" boots", func() (any, error) { return nil, m.vm.boot(ctx) })
			err = errors.Join(err, failed)
		}
	}
	return err
}

// configFile is the region's file for the cards: the user's own, or ours,
// written to where it leaves no trace.
func configFile(users string) (string, error) {
	if err := os.MkdirAll(runDir, 0o700); err != nil {
		return "", err
	}
	if users != "" {
		return users, nil
	}
	file := filepath.Join(runDir, "region.yaml")
	return file, os.WriteFile(file, Region, 0o600)
}

// cast finds the guests the checks speak of.
func (s *story) cast() error {
	for name, role := range map[string]**machine{"a1": &s.a1, "a2": &s.a2, "a3": &s.a3, "b1": &s.b1} {
		if *role = s.guests[name]; *role == nil {
			return fmt.Errorf("the region has no NetworkInterface eni-%s, which the checks are about", name)
		}
	}
	for _, m := range []*machine{s.a1, s.b1} {
		if !m.Public.IsValid() {
			return fmt.Errorf("%s has no public address, which the checks are about", m.ENI)
		}
	}
	return nil
}

// letIn opens the lab to its user, if it is to be kept.
func (s *story) letIn(ctx context.Context, ord order) error {
	if !ord.Keep {
		return nil
	}
	return keepDoor(ctx, os.NewFile(doorFd, "door"), s.host)
}

// doAll does one check after the other, whatever became of those before.
func doAll(ctx context.Context, out io.Writer, all []check, do func(context.Context, check) (string, error)) (o outcome) {
	for _, c := range all {
		seen, err := patiently(out, c.name, func() (string, error) { return do(ctx, c) })
		if ctx.Err() != nil {
			return o
		}
		if err != nil {
			o.Failed++
			fmt.Fprintf(out, "FAIL %s: %v\n", c.name, err)
			continue
		}
		o.Passed++
		fmt.Fprintf(out, "ok   %s: %s\n", c.name, seen)
	}
	return o
}

func (s *story) do(ctx context.Context, c check) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return c.see(s, ctx)
}

// card is the one that a guest is plugged into.
func (s *story) card(m *machine) *card { return s.cards[m.Card] }

// public is a port at a guest's public address, private at its private one.
func (m *machine) public(port uint16) netip.AddrPort  { return netip.AddrPortFrom(m.Public, port) }
func (m *machine) private(port uint16) netip.AddrPort { return netip.AddrPortFrom(m.Addr.Addr(), port) }

// until asks again and again until the answer is yes, an error, or too late.
func until(ctx context.Context, what string, yes func() (bool, error)) error {
	for {
		ok, err := yes()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.New("waited in vain until " + what)
		case <-time.After(pollEvery):
		}
	}
}
