package service

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"

	"nitrocard/nic/vpc"
)

// Bounds of forwarding. They are ours.
const (
	mostForwarded      = 1024            // questions under way at one time
	mostForwardedOfENI = 64              // of one ENI
	forwardTries       = 2               // by UDP
	forwardPatience    = 2 * time.Second // of a try; a client asks again after 5 s (resolv.conf(5))
)

// forwarder asks a resolver for the names that are none of the VPC's. The resolver hears questions of
// guests, in messages that the forwarder writes: each from a port, with a number and in a spelling of the name that are
// random, and by a socket that hears the resolver alone. A guest reaches nothing else by it.
type forwarder struct {
	exchange func(ctx context.Context, m *dns.Msg, tcp bool) (*dns.Msg, error)
	ring     func()
	life     context.Context
	end      context.CancelFunc
	going    sync.WaitGroup

	mu     sync.Mutex
	asking map[string]int // questions under way, by ENI
	all    int
	ready  []forwarded // answers to be sent
}

// forwarded is an answer on its way back, to where the question came from.
type forwarded struct {
	eni    *vpc.OwnENI
	worker int
	frame  []byte
}

// newForwarder makes a forwarder to a resolver; nil if there is none. ring has the services look for what
// is to be sent.
func newForwarder(resolver netip.AddrPort, ring func()) *forwarder {
	if !resolver.IsValid() {
		return nil
	}
	f := &forwarder{ring: ring, asking: map[string]int{}, exchange: exchangeWith(resolver.String())}
	f.life, f.end = context.WithCancel(context.Background())
	return f
}

// exchangeWith asks a resolver, each time by a socket of its own.
func exchangeWith(resolver string) func(context.Context, *dns.Msg, bool) (*dns.Msg, error) {
	udp := &dns.Client{Timeout: forwardPatience, UDPSize: mostDNS}
	tcp := &dns.Client{Timeout: forwardPatience, Net: "tcp"}
	return func(ctx context.Context, m *dns.Msg, byTCP bool) (*dns.Msg, error) {
		c := udp
		if byTCP {
			c = tcp
		}
		conn, err := c.DialContext(ctx, resolver)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		defer context.AfterFunc(ctx, func() { conn.Close() })()
		a, _, err := c.ExchangeWithConnContext(ctx, m, conn)
		return a, err
	}
}

// enter counts a question of an ENI, until leave. It is false if too many are under way.
func (f *forwarder) enter(eni string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.all >= mostForwarded || f.asking[eni] >= mostForwardedOfENI {
		return false
	}
	f.all++
	f.asking[eni]++
	return true
}

func (f *forwarder) leave(eni string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all--
	if f.asking[eni]--; f.asking[eni] == 0 {
		delete(f.asking, eni)
	}
}

// start forwards a question that came by UDP, and has its answer sent. A question beyond the bounds gets no
// answer: its client asks again.
func (f *forwarder) start(q *query, m *dns.Msg) {
	eni, policy := q.eni, q.policy
	if !f.enter(eni.ID) {
		return
	}
	back := datagram{mac: eni.MAC, src: q.Dst, dst: q.Src, srcPort: q.DstPort, dstPort: q.SrcPort}
	worker := q.worker
	f.going.Go(func() {
		a := f.ask(f.life, eni, policy.Region, m)
		f.leave(eni.ID)
		var err error
		if back.payload, err = packed(m, a); err != nil || len(back.payload) > longest || f.life.Err() != nil {
			return
		}
		f.mu.Lock()
		f.ready = append(f.ready, forwarded{eni, worker, back.append(nil, eni.RouterMAC)})
		f.mu.Unlock()
		f.ring()
	})
}

// answer is the answer to a question that came by TCP.
func (f *forwarder) answer(eni *vpc.OwnENI, r *vpc.Region, m *dns.Msg) *dns.Msg {
	if !f.enter(eni.ID) {
		a, _ := replyTo(m)
		a.Rcode = dns.RcodeServerFailure
		return a
	}
	defer f.leave(eni.ID)
	return f.ask(f.life, eni, r, m)
}

// send hands every answer that is ready to put.
func (f *forwarder) send(put func(worker int, eni *vpc.OwnENI, frame []byte)) {
	if f == nil {
		return
	}
	f.mu.Lock()
	ready := f.ready
	f.ready = nil
	f.mu.Unlock()
	for _, a := range ready {
		put(a.worker, a.eni, a.frame)
	}
}

// close ends all questions.
func (f *forwarder) close() {
	if f != nil {
		f.end()
		f.going.Wait()
	}
}
