package service

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"github.com/miekg/dns"

	"nitrocard/nic/vpc"
)

// ask is the resolver's answer to a guest's question, or the answer that there is none.
func (f *forwarder) ask(ctx context.Context, eni *vpc.OwnENI, r *vpc.Region, m *dns.Msg) *dns.Msg {
	a, _ := replyTo(m)
	q := m.Question[0]
	if isSpecial(q.Name) {
		a.Rcode = dns.RcodeNameError
		return a
	}
	came, err := f.query(ctx, m, q.Qtype)
	if err == nil && q.Qtype == dns.TypeAAAA && eni.NameService(r).Translate && !hasAAAA(came) && came.Rcode == dns.RcodeSuccess && !validates(m) {
		var four *dns.Msg // where its question fails, an empty answer would say that the name has no address
		if four, err = f.query(ctx, m, dns.TypeA); err == nil && translate(four) {
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

// query asks the resolver what m asks, for records of a kind, and takes of the answer what belongs to
// the question.
func (f *forwarder) query(ctx context.Context, m *dns.Msg, kind uint16) (*dns.Msg, error) {
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

// translate puts into an answer, in the place of each IPv4 address, the IPv6 address that stands for it, and
// tells whether the answer has any.
func translate(a *dns.Msg) (any bool) {
	for i, rr := range a.Answer {
		if four, is := rr.(*dns.A); is {
			a.Answer[i], any = synthesized(four.Hdr.Name, four.A, four.Hdr.Ttl), true
		}
	}
	return any
}
