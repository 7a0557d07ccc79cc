package service

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/vpc"
)

// newAsker is a forwarder to a resolver that answers as exchange does, and two ENIs.
func newAsker(t testing.TB, exchange func(*dns.Msg) (*dns.Msg, error)) (f *forwarder, policy *vpc.Policy) {
	config, err := vpc.Load("../testdata/region.yaml")
	require.NoError(t, err)
	region, err := vpc.NewRegion(config)
	require.NoError(t, err)
	policy, err = region.Policy("x", nil)
	require.NoError(t, err)
	f = newForwarder(netip.MustParseAddrPort("127.0.0.1:53"), func() {})
	f.exchange = func(_ context.Context, m *dns.Msg, _ bool) (*dns.Msg, error) { return exchange(m) }
	return f, policy
}

// asks has the guest of an ENI ask for a name.
func asks(f *forwarder, policy *vpc.Policy, id string) {
	e := nictest.ENI(policy, id)
	q := &query{eni: e, policy: policy}
	q.Src, q.Dst = e.Primary, e.Resolver()
	f.start(q, new(dns.Msg).SetQuestion("example.com.", dns.TypeA))
}

// A guest may have a bounded number of questions under way, which leaves room for others; all that were
// taken are answered.
func TestForwardedQuestionsAreBounded(t *testing.T) {
	wait := make(chan struct{})
	f, policy := newAsker(t, func(m *dns.Msg) (*dns.Msg, error) {
		<-wait
		return new(dns.Msg).SetReply(m), nil
	})
	for range 2 * mostForwardedOfENI {
		asks(f, policy, "eni-a1")
	}
	require.Equal(t, mostForwardedOfENI, f.all)
	asks(f, policy, "eni-a2")
	require.Equal(t, map[string]int{"eni-a1": mostForwardedOfENI, "eni-a2": 1}, f.asking)
	require.Equal(t, dns.RcodeServerFailure, f.answer(nictest.ENI(policy, "eni-a1"), policy.Region, new(dns.Msg).SetQuestion("example.com.", dns.TypeA)).Rcode)
	for n := f.all; n < mostForwarded; n++ {
		require.True(t, f.enter("others"+string(rune(n/mostForwardedOfENI))))
	}
	require.False(t, f.enter("eni-a4"), "too many of all together")
	close(wait)
	f.going.Wait()
	require.NotContains(t, f.asking, "eni-a1")
	n := 0
	f.send(func(int, *vpc.OwnENI, []byte) { n++ })
	require.Equal(t, mostForwardedOfENI+1, n)
}

// Nobody waits for questions after the card's end.
func TestForwardingEnds(t *testing.T) {
	f, policy := newAsker(t, nil)
	f.exchange = func(ctx context.Context, _ *dns.Msg, _ bool) (*dns.Msg, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	asks(f, policy, "eni-a1")
	f.close()
	require.Zero(t, f.all)
	require.Empty(t, f.ready)
}

// A resolver that is silent is asked twice.
func TestASilentResolver(t *testing.T) {
	n := 0
	f, policy := newAsker(t, func(*dns.Msg) (*dns.Msg, error) { n++; return nil, errors.New("i/o timeout") })
	a := f.answer(nictest.ENI(policy, "eni-a1"), policy.Region, new(dns.Msg).SetQuestion("example.com.", dns.TypeA))
	require.Equal(t, dns.RcodeServerFailure, a.Rcode)
	require.Equal(t, forwardTries, n)
}

// FuzzAnswers takes any answer of a resolver's: what the guest gets is about the name that it asked for, or an
// alias of it, and can be sent.
func FuzzAnswers(f *testing.F) {
	q := new(dns.Msg).SetQuestion("www.example.com.", dns.TypeA)
	a := new(dns.Msg).SetReply(q)
	for _, text := range []string{"www.example.com. 1 IN CNAME a.example.", "a.example. 1 IN A 192.0.2.1", "b.example. 1 IN A 192.0.2.2"} {
		rr, err := dns.NewRR(text)
		require.NoError(f, err)
		a.Answer = append(a.Answer, rr)
	}
	seed, err := a.Pack()
	require.NoError(f, err)
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		var came dns.Msg
		if came.Unpack(data) != nil {
			return
		}
		came.Id = q.Id
		own, err := answered(q, &came)
		if err != nil {
			return
		}
		names := map[string]bool{"www.example.com.": true}
		for _, rr := range own.Answer {
			require.True(t, names[strings.ToLower(rr.Header().Name)], rr)
			if alias, is := rr.(*dns.CNAME); is {
				names[strings.ToLower(alias.Target)] = true
			}
		}
		require.LessOrEqual(t, len(own.Answer), len(came.Answer))
		translate(own)
		reply, _ := replyTo(q)
		reply.Answer = own.Answer
		b, err := packed(q, reply)
		require.True(t, err != nil || len(b) <= leastDNS)
	})
}
