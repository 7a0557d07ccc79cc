package service

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
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

// start forwards a question that came by UDP, and has its answer sent. Of a question too many nobody hears
// more: its client asks again.
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

// ask is the resolver's answer to a guest's question, or the answer that there is none.
func (f *forwarder) ask(ctx context.Context, eni *vpc.OwnENI, r *vpc.Region, m *dns.Msg) *dns.Msg {
	a, _ := replyTo(m)
	q := m.Question[0]
	if isSpecial(q.Name) {
		a.Rcode = dns.RcodeNameError
		return a
	}
	came, err := f.question(ctx, m, q.Qtype)
	if err == nil && q.Qtype == dns.TypeAAAA && eni.NameService(r).Translate && !hasAAAA(came) && came.Rcode == dns.RcodeSuccess && !validates(m) {
		if four, err := f.question(ctx, m, dns.TypeA); err == nil && translates(four) {
			came = four
		}
	}
	if err != nil {
		a.Rcode = dns.RcodeServerFailure
		return a
	}
	a.Rcode, a.Answer, a.Ns = came.Rcode, came.Answer, came.Ns
	return a
}

// validates tells whether who asks checks signatures himself, which nothing synthesized has (RFC 6147
// section 5.5).
func validates(m *dns.Msg) bool {
	opt := m.IsEdns0()
	return m.CheckingDisabled && opt != nil && opt.Do()
}

// errAnswer is the error of what does not answer the question.
var errAnswer = errors.New("the resolver's answer is none to the question")

// question asks the resolver what m asks, for records of a kind, and takes of the answer what belongs to
// the question.
func (f *forwarder) question(ctx context.Context, m *dns.Msg, kind uint16) (*dns.Msg, error) {
	q := new(dns.Msg)
	q.SetQuestion(spelled(m.Question[0].Name), kind) // with a random number
	q.CheckingDisabled = m.CheckingDisabled
	opt := m.IsEdns0()
	q.SetEdns0(mostDNS, opt != nil && opt.Do())
	a, err := f.exchange(ctx, q, false)
	for try := 1; err != nil && try < forwardTries && ctx.Err() == nil; try++ {
		a, err = f.exchange(ctx, q, false)
	}
	if err == nil && (a.Truncated || !repeats(q, a)) {
		a, err = f.exchange(ctx, q, true)
	}
	if err != nil {
		return nil, err
	}
	own, err := answered(q, a)
	if err != nil {
		return nil, err
	}
	for _, rr := range own.Answer {
		if h := rr.Header(); strings.EqualFold(h.Name, m.Question[0].Name) {
			h.Name = m.Question[0].Name
		}
	}
	return own, nil
}

// spelled is a name in which chance says which letters are capitals, so that who forges an answer and did not see the
// question has one more thing to guess (draft-vixie-dnsext-dns0x20).
func spelled(name string) string {
	b, coins := []byte(name), make([]byte, len(name))
	rand.Read(coins)
	const capital = 'a' - 'A'
	for i, c := range b {
		if c |= capital; 'a' <= c && c <= 'z' {
			b[i] = c &^ (coins[i] & capital)
		}
	}
	return string(b)
}

// repeats tells whether an answer has the question as it was spelled. A resolver may spell names its own way, and is
// then asked by TCP, where nobody forges an answer unseen.
func repeats(q, a *dns.Msg) bool {
	return len(a.Question) == 1 && a.Question[0].Name == q.Question[0].Name
}

// answered is what of an answer belongs to the question: records of the name, and of those that it is an
// alias of.
func answered(q, a *dns.Msg) (*dns.Msg, error) {
	asked := q.Question[0]
	if !a.Response || a.Id != q.Id || len(a.Question) != 1 || !strings.EqualFold(a.Question[0].Name, asked.Name) ||
		a.Question[0].Qtype != asked.Qtype || a.Question[0].Qclass != asked.Qclass ||
		a.Rcode != dns.RcodeSuccess && a.Rcode != dns.RcodeNameError {
		return nil, errAnswer
	}
	own := &dns.Msg{MsgHdr: dns.MsgHdr{Rcode: a.Rcode}}
	name, seen := strings.ToLower(asked.Name), map[string]bool{}
	for name != "" && !seen[name] { // an alias at a time: they may stand in any order, and in a circle
		seen[name] = true
		next := ""
		for _, rr := range a.Answer {
			if strings.ToLower(rr.Header().Name) != name || rr.Header().Class != dns.ClassINET {
				continue
			}
			own.Answer = append(own.Answer, rr)
			if alias, is := rr.(*dns.CNAME); is {
				next = strings.ToLower(alias.Target)
			}
		}
		name = next
	}
	for _, rr := range a.Ns {
		if rr.Header().Rrtype == dns.TypeSOA && len(own.Answer) == 0 {
			own.Ns = append(own.Ns, rr)
		}
	}
	return own, nil
}

// hasAAAA tells whether an answer has an IPv6 address that is one (RFC 6147 section 5.1.4).
func hasAAAA(a *dns.Msg) bool {
	for _, rr := range a.Answer {
		if six, is := rr.(*dns.AAAA); is && six.AAAA.To4() == nil {
			return true
		}
	}
	return false
}

// translates puts into an answer, in the place of each IPv4 address, the IPv6 address that stands for it, and
// tells whether there is one.
func translates(a *dns.Msg) (any bool) {
	for i, rr := range a.Answer {
		if four, is := rr.(*dns.A); is {
			a.Answer[i], any = synthesized(four.Hdr.Name, four.A, four.Hdr.Ttl), true
		}
	}
	return any
}

// special are domains whose names mean something near who asks, and are nobody else's to ask for: the
// networks that the host is in are not its guests' (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal).
var special = []string{"localhost.", "local.", "internal.", "home.arpa.", "invalid.", "onion."}

// isSpecial tells whether a name is never asked of the resolver: a special one, or that of an address
// which is not global (RFC 6303).
func isSpecial(name string) bool {
	name = strings.ToLower(name)
	for _, domain := range special {
		if dns.IsSubDomain(domain, name) {
			return true
		}
	}
	if addr, reverse := pointedTo(name); reverse {
		return isNear(addr)
	}
	return isNear6(name)
}

// isNear tells whether an IPv4 address is not global.
func isNear(addr wire.Addr) bool {
	a := addr.Netip()
	return addr.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified() || a.IsMulticast()
}

// isNear6 tells whether a name is that of IPv6 addresses which are not global, or not of one address.
func isNear6(name string) bool {
	digits, is := strings.CutSuffix(name, ".ip6.arpa.")
	if !is {
		return false
	}
	for _, near := range []string{"c.f", "d.f", "8.e.f", "9.e.f", "a.e.f", "b.e.f", "0.0.0.0"} { // fc00::/7, fe80::/10, ::/16
		if digits == near || strings.HasSuffix(digits, "."+near) {
			return true
		}
	}
	return false
}
