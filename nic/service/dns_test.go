package service_test

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"
)

// resolve has the guest ask the VPC's resolver.
func (r *rig) resolve(m *dns.Msg) *dns.Msg {
	r.Helper()
	b, err := m.Pack()
	require.NoError(r, err)
	src, _, payload := r.datagram(r.ask(r.udp("10.0.1.5:4000", "10.0.0.2:53", b)))
	require.Equal(r, "10.0.0.2:53", src.String())
	var a dns.Msg
	require.NoError(r, a.Unpack(payload))
	require.Equal(r, m.Id, a.Id)
	return &a
}

func asksFor(name string, kind uint16) *dns.Msg { return new(dns.Msg).SetQuestion(name, kind) }

// What names mean inside the VPC of eni-a1: a1 is 10.0.1.5 with 35.72.2.8 outside, and nobody
// has 10.0.1.99.
func TestNamesOfTheVPC(t *testing.T) {
	for _, c := range []struct {
		name string
		kind uint16
		code int
		want string // the data of the only answer; "": none
	}{
		{"ip-10-0-1-5.ec2.internal.", dns.TypeA, dns.RcodeSuccess, "10.0.1.5"},
		{"IP-10-0-2-7.EC2.internal.", dns.TypeA, dns.RcodeSuccess, "10.0.2.7"},
		{"ip-10-0-1-5.ec2.internal.", dns.TypeAAAA, dns.RcodeSuccess, ""},
		{"ip-10-0-1-99.ec2.internal.", dns.TypeA, dns.RcodeNameError, ""},
		{"ip-10-0-1.ec2.internal.", dns.TypeA, dns.RcodeNameError, ""},
		{"5.1.0.10.in-addr.arpa.", dns.TypePTR, dns.RcodeSuccess, "ip-10-0-1-5.ec2.internal."},
		{"99.1.0.10.in-addr.arpa.", dns.TypePTR, dns.RcodeNameError, ""},
		{"5.1.0.11.in-addr.arpa.", dns.TypePTR, dns.RcodeRefused, ""},
		{"example.com.", dns.TypeA, dns.RcodeRefused, ""},
		{"ec2-35-72-2-8.compute-1.amazonaws.com.", dns.TypeA, dns.RcodeSuccess, "10.0.1.5"},
		{"ec2-35-72-2-99.compute-1.amazonaws.com.", dns.TypeA, dns.RcodeNameError, ""},
	} {
		a := newRig(t).resolve(asksFor(c.name, c.kind))
		require.Equal(t, c.code, a.Rcode, c.name)
		if c.want == "" {
			require.Empty(t, a.Answer, c.name)
			continue
		}
		require.Len(t, a.Answer, 1, c.name)
		require.Equal(t, c.want, strings.Fields(a.Answer[0].String())[4], c.name)
	}
}

// Only a recursive question of the Internet's class is answered, and a version of EDNS that is
// unknown is called so (RFC 6891 section 6.1.3).
func TestQuestionsThatAreNotAnswered(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(m *dns.Msg)
		want   int
	}{
		{"not recursive", func(m *dns.Msg) { m.RecursionDesired = false }, dns.RcodeRefused},
		{"of class CHAOS", func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }, dns.RcodeRefused},
		{"an update", func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate }, dns.RcodeNotImplemented},
		{"two questions", func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }, dns.RcodeFormatError},
		{"EDNS 1", func(m *dns.Msg) { m.SetEdns0(4096, false); m.IsEdns0().SetVersion(1) }, dns.RcodeBadVers},
	} {
		m := asksFor("ip-10-0-1-5.ec2.internal.", dns.TypeA)
		c.change(m)
		a := newRig(t).resolve(m)
		require.Equal(t, c.want, a.Rcode, c.what)
		require.Empty(t, a.Answer, c.what)
	}
	r := newRig(t)
	m := asksFor("ip-10-0-1-5.ec2.internal.", dns.TypeA)
	m.Response = true
	b, err := m.Pack()
	require.NoError(t, err)
	require.Empty(t, r.ask(r.udp("10.0.1.5:4000", "10.0.0.2:53", b)), "an answer asks for none")
}
