package explain

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
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
	all, err = ReadSentences("f", strings.NewReader("web web 4/6 - allowed\nweb web 46 - allowed\nweb web icmp6 - allowed"))
	require.NoError(t, err)
	require.Equal(t, []Sentence{
		{1, Ask{From: "web", To: "web", Protocol: 4, IPv6: true}, true},
		{2, Ask{From: "web", To: "web", Protocol: 46}, true},
		{3, Ask{From: "web", To: "web", Protocol: wire.ProtoICMP, IPv6: true}, true},
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

// A dump without describe-security-groups has groups that only their members name.
func TestTodayWithoutTheGroups(t *testing.T) {
	cfg, err := vpc.Load("testdata/acl.yaml")
	require.NoError(t, err)
	cfg.SecurityGroups, cfg.Answer = nil, true
	for _, places := range cfg.Places {
		for i := range places {
			places[i].Answer = true
		}
	}
	n, err := New(cfg)
	require.NoError(t, err)
	defer n.Close()
	count := 0
	for range n.Today() {
		count++
	}
	require.Positive(t, count)
}

// What is behind a transit gateway may send the packet on to the receiver, or not.
func TestWhatNobodyKnows(t *testing.T) {
	cfg, err := vpc.Load("testdata/transit.yaml")
	require.NoError(t, err)
	n, err := New(cfg)
	require.NoError(t, err)
	defer n.Close()
	for _, expected := range []bool{true, false} {
		h, err := n.Hold(Sentence{Line: 1, Ask: Ask{From: "eni-a", To: "eni-b", Protocol: wire.ProtoTCP, Port: 80}, Allowed: expected})
		require.NoError(t, err)
		require.False(t, h.Holds())
		require.Equal(t, "unknown", h.Got())
		require.Equal(t, "it leaves by tgw-1, and what is behind is not in the configuration", h.Why)
	}
	p := asked(t, n, Ask{From: "eni-a", To: "eni-b", Protocol: wire.ProtoTCP, Port: 80})
	a := bySDK(t, n.Analysis(p, nil, noon))
	require.Equal(t, "nitrocard-beyond-the-configuration", *a.Explanations[0].ExplanationCode)
	for h := range n.Today() {
		require.False(t, h.Unknown)
	}
	p = asked(t, n, Ask{From: "eni-a", To: "198.51.100.7", Protocol: wire.ProtoTCP, Port: 80})
	require.True(t, p.Reachable(), "for no ENI, so that the exit is as far as the configuration tells")
	require.Equal(t, "tgw-1", p.End.Exit)
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
		s := Sentence{1, Ask{From: from, To: to, Protocol: protocol, Port: port, IPv6: six || protocol == wire.ProtoICMPv6}, six}
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
