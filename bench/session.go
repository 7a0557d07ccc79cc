package bench

import (
	"context"
	"errors"

	"nitrocard/pmd"
)

// Session is a benchmark that is started and stopped. It belongs to one
// goroutine.
type Session struct {
	options Options
	rig     *rig    // nil: the next start makes one
	worker  *worker // nil: stopped
	now     int64   // on the rig's clock: it stands still while stopped, so that no flow ages
	before  drops   // of the rig when it was started

	forwarded, ported []pmd.Stats // of the rig's ports when their counts were cleared
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
	if s.worker != nil {
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
	if s.worker != nil {
		return errors.New("frames are being forwarded already")
	}
	if s.rig == nil {
		r, err := newRig(&s.options)
		if err != nil {
			return err
		}
		s.rig, s.now = r, 0
		s.ClearPorts()
	}
	s.before = s.rig.drops()
	s.ClearForwarded()
	s.worker = newWorker(s.rig, &s.options, s.now)
	return nil
}

// Stop ends forwarding and tells what was done since Start.
func (s *Session) Stop() (*Report, error) {
	w := s.worker
	if w == nil {
		return nil, errors.New("no frames are being forwarded; start first")
	}
	w.stop.Store(true)
	<-w.done
	s.worker, s.now = nil, w.start+int64(w.last.Wall)
	return s.report(w), nil
}

// Close takes down what was set up. The ports are the caller's.
func (s *Session) Close() error {
	if s.worker != nil {
		s.worker.stop.Store(true)
		<-s.worker.done
		s.worker = nil
	}
	if s.rig == nil {
		return nil
	}
	err := s.rig.close()
	s.rig = nil
	return err
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
	w := s.worker
	defer context.AfterFunc(ctx, func() { w.stop.Store(true) })()
	for sample := range w.samples {
		if tell != nil {
			tell(sample)
		}
	}
	return s.Stop()
}
