package nic

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire/wiretest"
)

// manyRoutes is a configuration with n more route tables of 500 routes each.
func manyRoutes(c *vpc.Config, n int) *vpc.Config {
	next := *c
	next.RouteTables = slices.Clip(next.RouteTables)
	for i := range n {
		t := ec2.RouteTable{RouteTableId: fmt.Sprintf("rtb-%d", i), VpcId: "vpc-a"}
		for r := range 500 {
			dest := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(64 + i), byte(r >> 8), byte(r), 0}), 24)
			t.Routes = append(t.Routes, ec2.Route{DestinationCidrBlock: dest, GatewayId: "igw-a"})
		}
		next.RouteTables = append(next.RouteTables, t)
	}
	next.Places = nil
	return &next
}

// While tens of thousands of routes come and go, and one more in a table that packets ask, no packet
// is lost that rules and routes let pass, and none passes that they do not: there is no moment
// without a rule.
func TestNoPacketIsLostAndNoneIsFreeWhileRoutesCome(t *testing.T) {
	l := newLive(t)
	l.reaches()
	many := manyRoutes(l.config, 150)
	pair := func(in []byte) [][]byte { return [][]byte{in, wiretest.Put(in, len(in)-18, 0, 23)} } // to ports 80 and 23
	e := l.card.Policy().ENI("eni-a1")
	out := func(dst string) []byte {
		return wiretest.UDP("10.0.1.5:40000", dst+":443").MACs(e.MAC, e.RouterMAC).Bytes()
	}
	counts := func(place string) PortView {
		ports := l.card.Ports()
		return ports[slices.IndexFunc(ports, func(p PortView) bool { return p.Name == place })]
	}
	var all sync.WaitGroup
	done := make(chan struct{})
	pumps := map[string][][]byte{Uplink: pair(l.toA1()), "eni-a1": {out(client), out("192.0.2.1")}}
	before, sent := map[string]PortView{Uplink: counts(Uplink), "eni-a1": counts("eni-a1")}, map[string]uint64{Uplink: 0, "eni-a1": 0}
	all.Go(func() {
		for more := true; more; {
			select {
			case <-done:
				more = false
			default:
			}
			for place, frames := range pumps {
				for judged := counts(place).Received - before[place].Received; sent[place] < judged+1<<10; sent[place] += 2 {
					assert.True(t, l.port(place).Inject(frames[0]) && l.port(place).Inject(frames[1]))
				}
				l.port(place).Sent() // makes room
			}
		}
	})
	for i := range 3 {
		_, err := l.card.Apply(many)
		require.NoError(t, err)
		table := l.config.RouteTables[0]
		for n := range 10 {
			more := table
			more.Routes = append(slices.Clip(table.Routes), ec2.Route{DestinationCidrBlock: netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 0, byte(i), byte(n)}), 32), GatewayId: "igw-a"})
			_, err = l.card.Change(vpc.Edit{Kind: "RouteTables", ID: table.RouteTableId, Object: &more})
			require.NoError(t, err)
		}
		_, err = l.card.Apply(l.config)
		require.NoError(t, err)
	}
	close(done)
	all.Wait()
	for place, reason := range map[string]string{Uplink: "security_group_in", "eni-a1": "blackhole"} {
		l.eventually("all is judged", func() bool { return counts(place).Received-before[place].Received >= sent[place] })
		was, is := before[place], counts(place)
		t.Logf("%s: %d packets", place, sent[place])
		require.Equal(t, sent[place]/2, is.Sent-was.Sent, "%s: %v", place, is.Dropped)
		require.Equal(t, sent[place]/2, is.Dropped[reason]-was.Dropped[reason], "%s: %v", place, is.Dropped)
	}
	l.stop()
}
