package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/flow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// The judges answer from a policy alone, without a card: where a packet would go, by
// which route of which table, by which rule, or why not.
func TestJudgesAnswerWithNames(t *testing.T) {
	policy := newRig(t).policy()
	for _, c := range []struct {
		eni, to, dst string
		want         Verdict
		route        *vpc.Route
		table        string
		flags        flow.Flags
	}{
		{"eni-a1", "", client, next, &vpc.Route{Target: vpc.Internet, Dest: "0.0.0.0/0", Via: "igw-a"}, "rtb-a1", flow.FlagRouted | flow.FlagNAT},
		{"eni-a1", "", "10.0.2.8", next, &vpc.Route{Target: vpc.Local, Dest: "10.0.0.0/16", Via: "local"}, "rtb-a1", flow.FlagRouted | flow.FlagNeighbor},
		{"eni-a1", "", "10.0.1.7", next, &vpc.Route{Target: vpc.Local, Dest: "10.0.0.0/16", Via: "local"}, "rtb-a1", 0},
		{"eni-a1", "eni-a2", "10.0.1.6", next, nil, "rtb-a1", flow.FlagNeighbor},
		{"eni-a1", "eni-a2", "10.0.1.7", NotTheRouter, nil, "rtb-a1", 0},
		{"eni-a1", "", "10.0.9.9", NoNeighbor, &vpc.Route{Target: vpc.Local, Dest: "10.0.0.0/16", Via: "local"}, "rtb-a1", flow.FlagRouted},
		{"eni-a1", "", "192.0.2.1", Blackhole, &vpc.Route{Target: vpc.Blackhole, Dest: "192.0.2.0/24", Via: "nat-gone"}, "rtb-a1", flow.FlagRouted},
		{"eni-a1", "", "198.51.100.1", TargetOutside, &vpc.Route{Target: vpc.Outside, Dest: "198.51.100.0/24", Via: "tgw-1"}, "rtb-a1", flow.FlagRouted},
		{"eni-a2", "", client, NoPublicAddress, &vpc.Route{Target: vpc.Internet, Dest: "0.0.0.0/0", Via: "igw-a"}, "rtb-a1", flow.FlagRouted},
		{"eni-a4", "", client, NoRoute, &vpc.Route{}, "rtb-a2", flow.FlagRouted},
	} {
		e := policy.ENI(c.eni)
		to := e.RouterMAC
		if c.to != "" {
			to = policy.ENI(c.to).MAC
		}
		a := judgeWay(policy, e, to, &wire.Tuple{Src: e.Primary, Dst: wiretest.Addr(c.dst), Proto: wire.ProtoUDP})
		require.Equal(t, []any{c.want.String(), c.route, c.flags, c.table}, []any{a.verdict.String(), a.route, a.exit.flags, e.Routes()}, "%s to %s", c.eni, c.dst)
	}
	a1 := policy.ENI("eni-a1")
	m, v := judgeGroups(a1, vpc.Query{Remote: wiretest.Addr(client), Port: 22, Proto: wire.ProtoTCP, Dir: wire.In})
	require.Equal(t, next, v)
	require.Equal(t, "tcp 22 from 203.0.113.0/24", policy.Region.Rule(m.Rule).Text)
	_, v = judgeGroups(a1, vpc.Query{Remote: wiretest.Addr(other), Port: 22, Proto: wire.ProtoTCP, Dir: wire.In})
	require.Equal(t, SecurityGroupIn, v)
	require.Equal(t, SpoofedAddress, judgeSent(a1, &wire.Headers{EtherType: wire.EtherTypeIPv4, Tuple: wire.Tuple{Src: wiretest.Addr("10.0.1.6")}}))

	from := func(vtep string) uint16 { i, _ := policy.Region.VTEP(wiretest.Addr(vtep)); return i }
	for _, c := range []struct {
		from, src string
		published bool
		want      Verdict
	}{
		{edge, client, true, next},
		{edge, client, false, PrivateDestination},
		{edge, "10.0.1.7", true, SourceMismatch},
		{serverY, "10.0.1.7", false, next},
		{serverY, "10.0.1.6", false, SourceMismatch},
		{serverY, client, true, SourceMismatch},
		{edge, "127.0.0.1", true, Martian},
	} {
		a := arrival{from(c.from), wiretest.Addr(c.src), a1.Primary}
		got := a.judge(policy, a1)
		if c.from == edge {
			got = a.judgeInternet(policy, a1, c.published)
		}
		require.Equal(t, c.want.String(), got.String(), "%+v", c)
	}
}
