package service

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"
)

// A resolver that answers at once is asked once, and by TCP only what did not fit or was spelled otherwise; one that does
// not answer is asked twice.
func TestNothingIsAskedWithoutNeed(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers string // one each time: ok, none, cut (truncated), lower (the name in another spelling), broken
		asked   string
		fails   bool
	}{
		{"an answer", "ok", "udp", false},
		{"a long answer", "cut ok", "udp tcp", false},
		{"another spelling", "lower ok", "udp tcp", false},
		{"another spelling by TCP, too", "lower lower", "udp tcp", false},
		{"a resolver that fails", "broken", "udp", true},
		{"an answer that is lost", "none ok", "udp udp", false},
		{"a long answer after a lost one", "none cut ok", "udp udp tcp", false},
		{"no answer", "none none", "udp udp", true},
		{"no answer by TCP", "cut none", "udp tcp", true},
	} {
		answers, asked := strings.Fields(c.answers), []string{}
		f := &forwarder{exchange: func(_ context.Context, m *dns.Msg, tcp bool) (*dns.Msg, error) {
			require.NotEmpty(t, answers, "%s: asked once too often, after %v", c.name, asked)
			asked = append(asked, map[bool]string{false: "udp", true: "tcp"}[tcp])
			a := new(dns.Msg).SetReply(m)
			switch answers[0] {
			case "none":
				a = nil
			case "cut":
				a.Truncated = true
			case "lower":
				a.Question[0].Name = "EXAMPLE.com."
			case "broken":
				a.Rcode = dns.RcodeServerFailure
			}
			answers = answers[1:]
			if a == nil {
				return nil, os.ErrDeadlineExceeded
			}
			return a, nil
		}}
		_, err := f.query(t.Context(), new(dns.Msg).SetQuestion("example.com.", dns.TypeA), dns.TypeA)
		require.Equal(t, c.fails, err != nil, c.name)
		require.Equal(t, c.asked, strings.Join(asked, " "), c.name)
	}
}
