package service_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest/ample"
)

// upstream is a resolver on the loopback interface, with what it was asked.
type upstream struct {
	at netip.AddrPort

	mu       sync.Mutex
	asked    []string
	ports    map[string]bool // from which it was asked by UDP
	capitals int             // names with capitals in them
}

// records are what the resolver knows, in a zone file's form; by name and kind.
var records = map[string][]string{
	"example.com. A":        {"example.com. 300 IN A 192.0.2.1"},
	"small.example. A":      {"small.example. 300 IN A 192.0.2.3"},
	"example.com. TXT":      {"example.com. 300 IN TXT " + strings.Repeat(`"a text of some length" `, 60)},
	"www.example.com. A":    {"www.example.com. 300 IN CNAME example.com.", "example.com. 300 IN A 192.0.2.1", "victim.example. 300 IN A 192.0.2.66"},
	"six.example.com. AAAA": {"six.example.com. 300 IN AAAA 2001:db8::1"},
	"six.example.com. A":    {"six.example.com. 300 IN A 192.0.2.6"},
}

func newUpstream(t testing.TB) *upstream {
	u := &upstream{ports: map[string]bool{}}
	p, l := bothAt(t)
	u.at = p.LocalAddr().(*net.UDPAddr).AddrPort()
	for _, s := range []*dns.Server{{PacketConn: p, Handler: u}, {Listener: l, Handler: u, ReadTimeout: ample.Time, WriteTimeout: ample.Time}} {
		go s.ActivateAndServe()
		t.Cleanup(func() { s.Shutdown() })
	}
	return u
}

// bothAt are sockets of UDP and TCP at one port, which nobody has.
func bothAt(t testing.TB) (net.PacketConn, net.Listener) {
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		p, err := net.ListenPacket("udp", l.Addr().String())
		if err == nil {
			return p, l
		}
		require.ErrorIs(t, err, syscall.EADDRINUSE, "another process has the port of UDP")
		require.NoError(t, l.Close())
	}
}

// heard is what the resolver was asked since the last call of heard. A question that came again, because its answer
// was late, counts once; TestNothingIsAskedWithoutNeed counts them where no answer is late.
func (u *upstream) heard() (asked []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, question := range u.asked {
		if !slices.Contains(asked, question) {
			asked = append(asked, question)
		}
	}
	u.asked = nil
	return asked
}

// ServeDNS answers with records, or that the name does not exist.
func (u *upstream) ServeDNS(w dns.ResponseWriter, m *dns.Msg) {
	q := m.Question[0]
	spelled := q.Name
	q.Name = strings.ToLower(q.Name)
	name := q.Name + " " + dns.TypeToString[q.Qtype]
	u.mu.Lock()
	if spelled != q.Name {
		u.capitals++
	}
	u.asked = append(u.asked, w.LocalAddr().Network()+" "+name)
	if w.LocalAddr().Network() == "udp" {
		u.ports[w.RemoteAddr().String()] = true
	}
	u.mu.Unlock()
	a := new(dns.Msg).SetReply(m)
	for _, text := range records[name] {
		rr, _ := dns.NewRR(text)
		a.Answer = append(a.Answer, rr)
	}
	switch {
	case q.Name == "broken.example.", q.Name == "half.example." && q.Qtype == dns.TypeA:
		a.Rcode = dns.RcodeServerFailure
	case q.Name == "other.example.":
		a.Question[0].Name = "example.com."
	case q.Name == "small.example.":
		a.Question[0].Name = q.Name
	case q.Name == "none.example.":
		a.Rcode = dns.RcodeNameError
	}
	soa, _ := dns.NewRR("example. 60 IN SOA ns.example. hostmaster.example. 1 2 3 4 5")
	a.Ns = append(a.Ns, soa)
	if w.LocalAddr().Network() == "udp" {
		a.Truncate(512)
	}
	w.WriteMsg(a)
}

// runs has the card run until the test ends.
func (r *rig) runs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.card.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
}

// resolveLater is resolve of a card that runs.
func (r *rig) resolveLater(m *dns.Msg) *dns.Msg {
	r.Helper()
	b, err := m.Pack()
	require.NoError(r, err)
	require.True(r, r.guest.Inject(r.udp("10.0.1.5:4000", "10.0.0.2:53", b)))
	<-r.sent
	src, _, payload := r.datagram(r.guest.Sent())
	require.Equal(r, "10.0.0.2:53", src.String())
	var a dns.Msg
	require.NoError(r, a.Unpack(payload))
	require.Equal(r, m.Id, a.Id)
	return &a
}

// resolveAgain asks, as a guest does whose server failed, again up to four times, unless it is to fail: a resolver that
// gets no CPU for seconds counts as none. Every other answer stands, right or wrong.
func (r *rig) resolveAgain(m *dns.Msg, code int) (a *dns.Msg) {
	r.Helper()
	a = r.resolveLater(m)
	for again := 4; again > 0 && a.Rcode == dns.RcodeServerFailure && code != dns.RcodeServerFailure; again-- {
		a = r.resolveLater(m)
	}
	return a
}

// Names outside the VPC are asked of the resolver, and of its answer the guest gets what it asked for.
func TestOtherNamesAreForwarded(t *testing.T) {
	u := newUpstream(t)
	r := newRigWith(t, u.at)
	r.runs(t)
	for _, c := range []struct {
		name  string
		kind  uint16
		code  int
		want  string // the data of the answers
		asked string // what the resolver heard
	}{
		{"example.com.", dns.TypeA, dns.RcodeSuccess, "192.0.2.1", "udp example.com. A"},
		{"www.example.com.", dns.TypeA, dns.RcodeSuccess, "example.com. 192.0.2.1", "udp www.example.com. A"},
		{"example.com.", dns.TypeAAAA, dns.RcodeSuccess, "", "udp example.com. AAAA"},
		{"none.example.", dns.TypeA, dns.RcodeNameError, "", "udp none.example. A"},
		{"broken.example.", dns.TypeA, dns.RcodeServerFailure, "", "udp broken.example. A"},
		{"other.example.", dns.TypeA, dns.RcodeServerFailure, "", "udp other.example. A, tcp other.example. A"},
		{"small.example.", dns.TypeA, dns.RcodeSuccess, "192.0.2.3", "udp small.example. A, tcp small.example. A"},
		{"Example.COM.", dns.TypeA, dns.RcodeSuccess, "192.0.2.1", "udp example.com. A"},
		{"1.2.0.192.in-addr.arpa.", dns.TypePTR, dns.RcodeSuccess, "", "udp 1.2.0.192.in-addr.arpa. PTR"},

		{"ip-10-0-1-6.ec2.internal.", dns.TypeA, dns.RcodeSuccess, "10.0.1.6", ""},
		{"ip-10-0-1-99.ec2.internal.", dns.TypeA, dns.RcodeNameError, "", ""},
		{"printer.local.", dns.TypeA, dns.RcodeNameError, "", ""},
		{"metadata.google.internal.", dns.TypeA, dns.RcodeNameError, "", ""},
		{"localhost.", dns.TypeA, dns.RcodeNameError, "", ""},
		{"1.1.168.192.in-addr.arpa.", dns.TypePTR, dns.RcodeNameError, "", ""},
		{"1.0.0.0.d.f.ip6.arpa.", dns.TypePTR, dns.RcodeNameError, "", ""},
	} {
		a := r.resolveAgain(asksFor(c.name, c.kind), c.code)
		require.Equal(t, c.code, a.Rcode, c.name)
		require.True(t, a.RecursionAvailable)
		var data []string
		for i, rr := range a.Answer {
			data = append(data, strings.Fields(rr.String())[4])
			require.True(t, i > 0 || rr.Header().Name == c.name, "the name is spelled as the guest did: %v", rr)
		}
		require.Equal(t, c.want, strings.Join(data, " "), c.name)
		require.Equal(t, c.asked, strings.Join(u.heard(), ", "), c.name)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	require.Greater(t, len(u.ports), 7, "each of nine questions comes from a port of its own, but for chance")
	require.Greater(t, u.capitals, 5, "chance spells the names")
}

// A long answer is asked for again by TCP, and fits what the guest can take.
func TestALongAnswerIsAskedForByTCP(t *testing.T) {
	u := newUpstream(t)
	r := newRigWith(t, u.at)
	r.runs(t)
	require.True(t, r.resolveAgain(asksFor("example.com.", dns.TypeTXT), dns.RcodeSuccess).Truncated)
	require.Equal(t, []string{"udp example.com. TXT", "tcp example.com. TXT"}, u.heard())
	m := asksFor("example.com.", dns.TypeTXT)
	m.SetEdns0(4096, false)
	require.True(t, r.resolveAgain(m, dns.RcodeSuccess).Truncated, "1,232 bytes are the most by UDP")
}

// A guest of a subnet with DNS64 finds IPv6 addresses for names that have IPv4 alone.
func TestDNS64OfOtherNames(t *testing.T) {
	u := newUpstream(t)
	r := newRigWith(t, u.at)
	r.put("Subnets", "{"+subnet1+", EnableDns64: true}")
	r.runs(t)
	for name, want := range map[string]string{"example.com.": "64:ff9b::c000:201", "six.example.com.": "2001:db8::1"} {
		a := r.resolveAgain(asksFor(name, dns.TypeAAAA), dns.RcodeSuccess)
		require.Len(t, a.Answer, 1)
		require.Equal(t, want, strings.Fields(a.Answer[0].String())[4], name)
	}
	require.Equal(t, dns.RcodeNameError, r.resolveAgain(asksFor("none.example.", dns.TypeAAAA), dns.RcodeNameError).Rcode)
	require.Equal(t, dns.RcodeServerFailure, r.resolveLater(asksFor("half.example.", dns.TypeAAAA)).Rcode, "whether there is an IPv4 address is not known")
	m := asksFor("example.com.", dns.TypeAAAA)
	m.SetEdns0(1232, true)
	m.CheckingDisabled = true
	require.Empty(t, r.resolveLater(m).Answer, "who checks signatures himself translates himself")
}

// Without a resolver, and after the guest asked one that is not there, the guest is told so.
func TestNoResolver(t *testing.T) {
	require.Equal(t, dns.RcodeRefused, newRig(t).resolve(asksFor("example.com.", dns.TypeA)).Rcode)
	deaf, err := net.DialUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9}) // which hears nobody else
	require.NoError(t, err)
	defer deaf.Close()
	r := newRigWith(t, deaf.LocalAddr().(*net.UDPAddr).AddrPort())
	r.runs(t)
	require.Equal(t, dns.RcodeServerFailure, r.resolveLater(asksFor("example.com.", dns.TypeA)).Rcode)
}

// A guest may ask by TCP, too.
func TestOtherNamesByTCP(t *testing.T) {
	u := newUpstream(t)
	g := newGuestWith(t, u.at)
	a := g.asksByTCP(address("10.0.0.2"), asksFor("example.com.", dns.TypeTXT))
	require.False(t, a.Truncated)
	require.Len(t, a.Answer, 1)
}
