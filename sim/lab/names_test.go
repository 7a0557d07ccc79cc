//go:build linux

package lab

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// asks is a question for a record of a name.
func asks(t *testing.T, name string, kind dnsmessage.Type) []byte {
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: 7}, Questions: []dnsmessage.Question{{Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET}}}
	text, err := m.Pack()
	require.NoError(t, err)
	return text
}

func TestTheResolverKnowsRoutersAndNoEdge(t *testing.T) {
	for _, c := range []struct {
		name string
		kind dnsmessage.Type
		code dnsmessage.RCode
		want string // "": no record
	}{
		{"1.113.0.203.in-addr.arpa.", dnsmessage.TypePTR, dnsmessage.RCodeSuccess, "gateway.home.arpa."},
		{"1.100.51.198.IN-ADDR.arpa.", dnsmessage.TypePTR, dnsmessage.RCodeSuccess, "isp1.isp.example."},
		{"1.100.51.198.in-addr.arpa.", dnsmessage.TypeA, dnsmessage.RCodeSuccess, ""},
		{"11.2.0.192.in-addr.arpa.", dnsmessage.TypePTR, dnsmessage.RCodeNameError, ""}, // edge1
		{"12.2.0.192.in-addr.arpa.", dnsmessage.TypePTR, dnsmessage.RCodeNameError, ""}, // edge2
		{"example.com.", dnsmessage.TypeA, dnsmessage.RCodeNameError, ""},
	} {
		text, err := answerTo(asks(t, c.name, c.kind), reverseNames())
		require.NoError(t, err)
		var m dnsmessage.Message
		require.NoError(t, m.Unpack(text))
		require.True(t, m.Response)
		require.EqualValues(t, 7, m.ID)
		require.Equal(t, c.code, m.RCode, c.name)
		got := ""
		for _, a := range m.Answers {
			got += a.Body.(*dnsmessage.PTRResource).PTR.String()
		}
		require.Equal(t, c.want, got, c.name)
	}
}

// Whatever comes to the resolver, it answers a question or nothing: here a question of which bytes are
// cut off or changed.
func TestTheResolverAnswersQuestionsAlone(t *testing.T) {
	names, good := reverseNames(), asks(t, "1.113.0.203.in-addr.arpa.", dnsmessage.TypePTR)
	try := func(question []byte) {
		text, err := answerTo(question, names)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		require.NoError(t, m.Unpack(text), "%x", question)
		require.True(t, m.Response, "%x", question)
		_, err = answerTo(text, names)
		require.Error(t, err, "an answer has no answer")
	}
	for n := range good {
		try(good[:n])
		for b := range 256 {
			bad := bytes.Clone(good)
			bad[n] = byte(b)
			try(bad)
		}
	}
}
