package explain

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

func TestSentences(t *testing.T) {
	all, err := ReadSentences("f", strings.NewReader(`# FROM TO PROTOCOL PORT EXPECTED

internet  web  tcp  443  allowed
internet	web	tcp6	443	denied # by nobody
"my host" "a \"b\"" udp 53 allowed
web 2001:db8::1 icmpv6 - allowed
web web 6 80 denied
web web 4760 - denied
web web icmpv6 - maybe
`))
	require.ErrorContains(t, err, "f:8")
	require.ErrorContains(t, err, "f:9")
	require.NotContains(t, err.Error(), "f:7")
	require.Empty(t, all)
	all, err = ReadSentences("f", strings.NewReader("internet web tcp6 443 allowed\n\n\"my host\" web 47 - denied\nweb web icmp - allowed"))
	require.NoError(t, err)
	require.Equal(t, []Sentence{
		{1, Ask{From: "internet", To: "web", Protocol: wire.ProtoTCP, Port: 443, IPv6: true}, true},
		{3, Ask{From: "my host", To: "web", Protocol: 47}, false},
		{4, Ask{From: "web", To: "web", Protocol: wire.ProtoICMP}, true},
	}, all)
}

func TestWhatIsNoSentence(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"internet web", "2 words; a sentence has five"},
		{"a b tcp 443 yes", `"yes": allowed or denied is expected`},
		{"a b tcp 0 allowed", "a port from 1 to 65535 is expected"},
		{"a b tpc 1 allowed", `"tpc": tcp, udp, icmp, icmpv6 or a number`},
		{`"a b tcp 1 allowed`, "a closing quote is missing"},
		{strings.Repeat("a", longestSentence+1), "token too long"},
	} {
		_, err := ReadSentences("f", strings.NewReader("\n"+c.line+"\n"))
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, "f:2")
	}
}

// What Today writes is read again as it was, and holds.
func TestWhatHoldsTodayHolds(t *testing.T) {
	n := theLab(t)
	text, verdicts := "", map[bool]int{}
	for h := range n.Today() {
		require.True(t, h.Holds())
		text += strings.Join(append(h.Words(), h.Expected()), "  ") + "\n"
		verdicts[h.Is]++
	}
	require.Greater(t, verdicts[true], 10)
	require.Greater(t, verdicts[false], 10)
	require.Contains(t, text, "internet  eni-a1  tcp6  80  allowed\n")
	require.Contains(t, text, "internet  eni-a1  tcp  22  denied\n")
	all, err := ReadSentences("today", strings.NewReader(text))
	require.NoError(t, err)
	for _, s := range all {
		h, err := n.Hold(s)
		require.NoError(t, err)
		require.True(t, h.Holds(), "%v", s)
	}
}

func TestWhyASentenceDoesNotHold(t *testing.T) {
	n := theLab(t)
	h, err := n.Hold(Sentence{Line: 1, Ask: Ask{From: "internet", To: "i-a1", Protocol: wire.ProtoTCP, Port: 22}, Allowed: true})
	require.NoError(t, err)
	require.False(t, h.Holds())
	require.Equal(t, "security_group_in at eni-a1: no inbound rule of the ENI's security groups allows it", h.Why)
	_, err = n.Hold(Sentence{Line: 9, Ask: Ask{From: "internet", To: "nobody"}})
	require.ErrorContains(t, err, `line 9: --to: there is no "nobody"`)
}

// Any words of a sentence are read as they were written.
func FuzzSentence(f *testing.F) {
	f.Add("web", "my host", uint8(6), uint16(443), true)
	f.Add("\"\\", "#\n\x1b", uint8(58), uint16(0), false)
	f.Fuzz(func(t *testing.T, from, to string, protocol uint8, port uint16, six bool) {
		s := Sentence{1, Ask{From: from, To: to, Protocol: protocol, Port: port, IPv6: six && protocol < 100 || protocol == wire.ProtoICMPv6}, six}
		if protocol != wire.ProtoTCP && protocol != wire.ProtoUDP && protocol != wire.ProtoICMP {
			s.IPv6 = protocol == wire.ProtoICMPv6 // of a number only the ends' addresses tell
		}
		line := strings.Join(append(s.Words(), s.Expected()), " ")
		if len(line) >= longestSentence || !isText(from) || !isText(to) {
			return
		}
		all, err := ReadSentences("f", strings.NewReader(line))
		require.NoError(t, err, line)
		require.Equal(t, fmt.Sprint([]Sentence{s}), fmt.Sprint(all))
	})
}

// isText tells whether a name is UTF-8, as each name of a configuration is.
func isText(name string) bool { return strings.ToValidUTF8(name, "") == name }
