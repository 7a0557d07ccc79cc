package reassembly

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/nictest"
	"nitrocard/nic/vpc"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// rules are those of the guest.
const rules = `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissions: [{IpProtocol: udp, FromPort: 5000, ToPort: 5000,
	IpRanges: [{CidrIp: 203.0.113.0/24}], Ipv6Ranges: [{CidrIpv6: "2001:db8:ffff::/48"}]}], IpPermissionsEgress: []}`

// server is a card with the guest behind it, and the test's clock.
type server struct {
	testing.TB
	card   *nic.Card
	uplink *mem.Port
	guest  *mem.Port
	now    int64
	ended  []string // verdicts of what was dropped
}

func newServer(t testing.TB) *server {
	config, err := vpc.Load("../../nic/testdata/region.yaml")
	require.NoError(t, err)
	edit, err := vpc.Put("SecurityGroups", []byte(rules))
	require.NoError(t, err)
	region, err := vpc.NewRegion(config)
	require.NoError(t, err)
	region, err = region.Change(edit)
	require.NoError(t, err)
	card, err := nic.New(region.Config(), nic.Options{Card: "x", MaxConnections: 1 << 13, Seed: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, card.Close()) })
	s := &server{TB: t, card: card, uplink: mem.New(mem.Options{}), guest: mem.New(mem.Options{}), now: 1_780_000_000e9}
	for name, p := range map[string]*mem.Port{nic.Uplink: s.uplink, "eni-a1": s.guest} {
		require.NoError(t, card.Attach(name, func() (pmd.Port, error) { return p, nil }))
	}
	card.Observe(func(e *nic.Event) {
		if e.Verdict.Dropped() {
			s.ended = append(s.ended, e.Verdict.String())
		}
	})
	return s
}

// pass is what the guest gets of a soup.
func (s *server) pass(x *soup) (passed [][]byte) {
	to := public
	if x.six {
		to = guest6
	}
	s.ended = nil
	for i, f := range x.frames(to) {
		if x.pieces[i].after {
			passed = append(passed, s.wait(1100*time.Millisecond)...)
		}
		require.True(s, s.uplink.Inject(nictest.Tunnel(s.card.Policy(), nictest.Edge, "eni-a1", f)))
		passed = append(passed, s.wait(time.Microsecond)...)
	}
	return append(passed, s.wait(2*time.Second)...)
}

// wait lets time pass, and returns what leaves meanwhile.
func (s *server) wait(d time.Duration) [][]byte {
	s.now += int64(d)
	s.card.Poll(s.now)
	return s.guest.Sent()
}
