package vpc

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// A digest is a line a kind, what passes before what is dropped before what
// has no effect, with a count and the first as its example.
func TestDigests(t *testing.T) {
	var lines []string
	for _, d := range Digests([]Notice{
		{NotWatched, "FlowLogs[0] fl-1", "FlowLogs"}, {NoAddress, "NetworkInterfaces[0] eni-1", ""}, {NoAddress, "NetworkInterfaces[1] eni-2", ""},
		{RouteElsewhere, "RouteTables[0] rtb-1: Routes[1]", "pl-1 to igw-1"},
		{OtherSideOutside, "VpnConnections[0] vpn-1", "VpnConnections"}, {OtherSideOutside, "VpnGateways[0] vgw-1", "VpnGateways"},
	}) {
		lines = append(lines, d.String())
	}
	require.Equal(t, []string{
		"RouteTables[0] rtb-1: Routes[1]: the destinations are not in the configuration (" + entriesFrom + "): pl-1 to igw-1",
		"2 gateways whose other side is outside the configuration; packets that need them are dropped, unless Placement: Exits says where they lead; first VpnConnections[0] vpn-1",
		"2 ENIs have no IP address; what they send is dropped; first NetworkInterfaces[0] eni-1",
		"FlowLogs[0] fl-1: this card does not act on FlowLogs",
	}, lines)
	require.Empty(t, Digests(nil))
}

// Each kind has words, and comes back from JSON.
func TestNoticeWords(t *testing.T) {
	for k := range noticeKinds {
		w := noticeVocabulary[k]
		require.NotEmpty(t, w.name)
		require.NotEmpty(t, w.one, w.name)
		require.True(t, w.many == "" || strings.Count(w.many, "%") == 1, w.name)
		n := Notice{Kind: k, Path: "Vpcs[0]"}
		if strings.Contains(w.one, "%s") {
			n.What = "x"
		}
		require.NotContains(t, n.Text(), "%", w.name)
		data, err := json.Marshal(n)
		require.NoError(t, err)
		var back Notice
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, n, back)
	}
	var k NoticeKind
	require.EqualError(t, k.UnmarshalText([]byte("x")), `"x" is no kind of notice`)
}

// A configuration cannot make a notice long.
func TestNoticesAreBounded(t *testing.T) {
	require.Len(t, newNotice(LeftOut, "", strings.Repeat("x", 1000)).What, 240+len("…"))
}

// A notice that is cut ends with a whole character.
func TestANoticeIsCutBetweenCharacters(t *testing.T) {
	for n := range 4 {
		n := newNotice(LeftOut, "path", strings.Repeat("a", 237+n)+strings.Repeat("é", 10))
		require.True(t, utf8.ValidString(n.What), "%q", n.What)
		require.True(t, strings.HasSuffix(n.What, "…"))
	}
}
