package service

import (
	"context"
	"net/netip"
	"time"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// Services answer what the guests of a card ask. One thread calls the methods.
type Services struct {
	punts []*pipeline.Punt // by worker
	wake  func(worker int)
	bell  chan struct{}
	clock Clock
	query query
	hosts *hosts
	names *forwarder // nil: names outside the VPC are refused
}

// Options are the parameters of New.
type Options struct {
	Workers int
	Wake    func(worker int) // ends the sleep of a worker that has a frame to send
	Clock   Clock            // nil: the host's

	// Resolver is asked for names that are none of a guest's VPC; the zero value: nobody is.
	Resolver netip.AddrPort
}

// New makes the services of a card.
func New(o Options) *Services {
	s := &Services{wake: o.Wake, bell: make(chan struct{}, 1), clock: o.Clock}
	if s.clock == nil {
		s.clock = hostClock
	}
	s.names = newForwarder(o.Resolver, s.ring)
	s.hosts = newHosts(s.ring, s.names, func() time.Time { return s.clock().Time })
	for range o.Workers {
		s.punts = append(s.punts, pipeline.NewPunt(s.ring))
	}
	return s
}

// Punt is a worker's way to the services.
func (s *Services) Punt(worker int) *pipeline.Punt { return s.punts[worker] }

// IdentityCertificate is that of the key which signs identity documents, in PEM. Any goroutine may ask.
func (s *Services) IdentityCertificate() ([]byte, error) { return s.hosts.metadata.Certificate() }

// Synchronized tells whether the clock is, so that guests take time from it.
func (s *Services) Synchronized() bool { return s.clock().Synchronized }

// ring has Run look for frames.
func (s *Services) ring() {
	select {
	case s.bell <- struct{}{}:
	default: // Run looks anyway
	}
}

// Run serves until ctx ends.
func (s *Services) Run(ctx context.Context) {
	tick := time.NewTicker(hostIdle / 4)
	defer tick.Stop()
	for {
		s.Turn()
		if !s.rest() {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-s.bell:
		case <-tick.C:
			s.hosts.endIdle()
		}
	}
}

// rest says that no frame waits, so that the next one rings.
func (s *Services) rest() bool {
	for _, p := range s.punts {
		if !p.Rest() {
			return false
		}
	}
	return true
}

// Turn serves frames that wait, a burst of each worker at most, so that who asks without end at one worker delays
// neither those at another nor what hosts and the resolver answered. It returns how many frames it served.
func (s *Services) Turn() (n int) {
	for worker, p := range s.punts {
		n += s.serveBurst(worker, p)
	}
	put := func(worker int, eni *vpc.OwnENI, frame []byte) {
		if s.punts[worker].Answer(eni, frame) {
			s.wake(worker)
		}
		n++
	}
	s.hosts.send(put)
	s.names.send(put)
	return n
}

// Close ends the metadata service's connections, and what is asked of the resolver. Run has ended.
func (s *Services) Close() {
	s.names.close()
	s.hosts.close()
}

// serveBurst answers a burst of a worker's frames at most, and returns how many there were.
func (s *Services) serveBurst(worker int, p *pipeline.Punt) (n int) {
	answered := false
	for f := p.First(); f != nil && n < pmd.MaxBurst; f = p.First() {
		answered = s.serve(worker, p, f) || answered
		p.Done()
		n++
	}
	if answered {
		s.wake(worker)
	}
	return n
}

// serve answers one frame, and tells whether the worker has an answer to send.
func (s *Services) serve(worker int, p *pipeline.Punt, f *pipeline.Punted) bool {
	q := &s.query
	*q = query{eni: f.ENI, policy: f.Policy, frame: f.Frame(), clock: s.clock, forwarder: s.names, worker: worker, answer: q.answer[:0]}
	if wire.Parse(q.frame, &q.Headers) != wire.NoFault {
		return false
	}
	if q.Proto == wire.ProtoTCP {
		s.hosts.take(q, worker)
		return false
	}
	handle := handlerOf(&q.Headers)
	return handle != nil && handle(q) && p.Answer(f.ENI, q.answer)
}

// handlerOf is the service that a packet is for.
func handlerOf(h *wire.Headers) func(*query) bool {
	if h.Proto != wire.ProtoUDP {
		return nil
	}
	switch h.DstPort {
	case pipeline.PortDNS:
		return domainNames
	case pipeline.PortDHCP:
		return dhcp
	case pipeline.PortNTP:
		return ntp
	case pipeline.PortDHCPv6:
		return dhcpv6Answer
	}
	return nil
}

// query is a frame that a guest sent, and its answer.
type query struct {
	wire.Headers
	eni    *vpc.OwnENI
	policy *vpc.Policy
	frame  []byte
	clock  Clock

	forwarder *forwarder // nil: names outside the VPC are refused
	worker    int        // that took the frame

	answer []byte // a frame
}

// payload is what the datagram of a query holds.
func (q *query) payload() []byte {
	return q.frame[q.L4+udpLen : q.End]
}

// reply writes the datagram that answers q, back to who asked.
func (q *query) reply(payload []byte) bool {
	return q.send(datagram{
		mac: q.eni.MAC, src: q.Dst, dst: q.Src, srcPort: q.DstPort, dstPort: q.SrcPort, payload: payload,
	})
}

// send writes a datagram from the router of the guest's subnet as the answer. It is false if
// the datagram fits no frame.
func (q *query) send(d datagram) bool {
	if len(d.payload) > longest {
		return false
	}
	q.answer = d.append(q.answer, q.eni.RouterMAC)
	return true
}

// longest is how many bytes of payload a datagram may have: those that fit 1,500 bytes of
// IPv6, which is every guest's MTU at least.
const longest = 1500 - wire.IPv6Len - udpLen

// Clock tells the time of day, and how well the host knows it.
type Clock func() Reading

// Reading is what a Clock tells.
type Reading struct {
	time.Time
	Synchronized bool          // by NTP, PTP or the like
	Uncertainty  time.Duration // how far the clock may be off, if it is synchronized
}
