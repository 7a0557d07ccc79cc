package bench

import (
	"context"
	"errors"

	"nitrocard/nic/seat"
	"nitrocard/pmd"
)

// Session is a benchmark that is started and stopped. It belongs to one
// goroutine.
type Session struct {
	options Options
	rigs    []*rig      // one for each core; none: the next start makes them
	workers []*worker   // as many; none: stopped
	seats   *seat.Seats // theirs
	now     int64       // on the rigs' clock: it stands still while stopped, so that no flow ages
	before  drops       // of the rigs when they were started

	forwarded, ported []pmd.Stats // of the ports when their counts were cleared
}

// NewSession checks the options; nothing is set up before Start.
func NewSession(o Options) (*Session, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	return &Session{options: o}, nil
}

// Set changes an option and takes down what was set up. If it cannot be, all
// stays as it is.
func (s *Session) Set(change func(*Options)) error {
	if s.workers != nil {
		return errors.New("frames are being forwarded; stop first")
	}
	o := s.options
	change(&o)
	if err := o.Check(); err != nil {
		return err
	}
	s.options = o
	return s.Close()
}

// Start sets up what is not yet, and forwards.
func (s *Session) Start() error {
	if s.workers != nil {
		return errors.New("frames are being forwarded already")
	}
	if s.rigs == nil {
		rigs, err := newRigs(&s.options)
		if err != nil {
			return err
		}
		s.rigs, s.now = rigs, 0
		s.ported = s.counts()
	}
	s.before = s.drops()
	s.ClearForwarded()
	s.seats = seat.NewSeats(len(s.rigs))
	s.workers = newWorkers(s.rigs, s.seats, &s.options, s.now)
	return nil
}

// Stop ends forwarding and tells what was done since Start.
func (s *Session) Stop() (*Report, error) {
	workers := s.workers
	if workers == nil {
		return nil, errors.New("no frames are being forwarded; start first")
	}
	s.halt()
	for _, w := range workers {
		s.now = max(s.now, w.start+int64(w.last.Wall))
	}
	return s.report(workers), nil
}

// halt ends the workers, if there are any.
func (s *Session) halt() {
	for _, w := range s.workers {
		w.stop.Store(true)
	}
	for _, w := range s.workers {
		<-w.done
	}
	if s.workers != nil {
		s.seats.End()
	}
	s.workers = nil
}

// drops are those of all rigs.
func (s *Session) drops() drops {
	sum := drops{}
	for _, r := range s.rigs {
		for reason, n := range r.drops() {
			sum.add(reason, n)
		}
	}
	return sum
}

// Close takes down what was set up. The ports are the caller's.
func (s *Session) Close() error {
	s.halt()
	var errs []error
	for _, r := range s.rigs {
		errs = append(errs, r.close())
	}
	s.rigs = nil
	return errors.Join(errs...)
}

// Run measures once: until the options' duration is over or ctx ends. tell,
// unless nil, hears a sample each period.
func Run(ctx context.Context, o Options, tell func(Sample)) (*Report, error) {
	s, err := NewSession(o)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if err := s.Start(); err != nil {
		return nil, err
	}
	workers := s.workers
	defer context.AfterFunc(ctx, func() {
		for _, w := range workers {
			w.stop.Store(true)
		}
	})()
	for sample := range workers[0].tally.samples {
		if tell != nil {
			tell(sample)
		}
	}
	return s.Stop()
}
