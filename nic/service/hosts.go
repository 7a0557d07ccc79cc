package service

import (
	"sync"
	"time"

	"nitrocard/nic/imds"
	"nitrocard/nic/vpc"
)

// mostHosts is how many hosts there are at one time, of all ENIs. One more ends the host that
// was idle for longest. A host takes 100 KB and a connection up to 32 KB. The bound is ours.
const mostHosts = 1024

// hosts are the metadata service's hosts of a card. The services' thread calls all methods but
// toSend.
type hosts struct {
	metadata *imds.Server
	names    *forwarder // nil: none
	clock    func() time.Time
	ring     func()
	byENI    map[string]*host

	mu      sync.Mutex
	sending []*host // that have packets to send
}

// newHosts makes the hosts of a card. ring has the services look for what hosts send.
func newHosts(ring func(), names *forwarder, clock func() time.Time) *hosts {
	return &hosts{metadata: imds.New(clock), names: names, clock: clock, ring: ring, byENI: map[string]*host{}}
}

// take gives a packet to the host of the ENI that sent it.
func (s *hosts) take(q *query, worker int) {
	h := s.byENI[q.eni.ID]
	if h != nil && !h.serves(q.eni) {
		s.end(q.eni.ID)
		h = nil
	}
	if h == nil {
		if len(s.byENI) >= mostHosts {
			s.end(s.idlest())
		}
		var err error
		if h, err = newHost(&view{q.eni, q.policy}, s.metadata, s.names, s.toSend); err != nil {
			return // the guest asks again
		}
		s.byENI[q.eni.ID] = h
	}
	h.take(q, worker)
}

// toSend notes that a host has packets to send. Any goroutine may call it.
func (s *hosts) toSend(h *host) {
	s.mu.Lock()
	s.sending = append(s.sending, h)
	s.mu.Unlock()
	s.ring()
}

// send hands to put what the hosts have to send.
func (s *hosts) send(put func(worker int, eni *vpc.OwnENI, frame []byte)) {
	s.mu.Lock()
	ready := s.sending
	s.sending = nil
	s.mu.Unlock()
	for _, h := range ready {
		h.send(put)
	}
}

// idlest is the ID of the ENI whose guest has been silent for longest.
func (s *hosts) idlest() (id string) {
	for i, h := range s.byENI {
		if id == "" || h.used.Before(s.byENI[id].used) {
			id = i
		}
	}
	return id
}

// endIdle ends the hosts that nobody uses.
func (s *hosts) endIdle() {
	now := s.clock()
	for id, h := range s.byENI {
		if now.Sub(h.used) > hostIdle {
			s.end(id)
		}
	}
}

// end ends the host of an ENI. Nobody waits for the host's connections, which may take as long
// as a guest lets them.
func (s *hosts) end(id string) {
	go s.byENI[id].close()
	delete(s.byENI, id)
}

// close ends all hosts.
func (s *hosts) close() {
	for _, h := range s.byENI {
		h.close()
	}
	clear(s.byENI)
}
