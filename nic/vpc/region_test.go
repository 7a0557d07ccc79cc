package vpc

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/tables/oracle"
)

// After any sequence of changes a region, and the policies made of it one after
// the other, are what they would be if all had been compiled at once.
func TestChangesAgreeWithTheWhole(t *testing.T) {
	r, storms := oracle.Random(t), 6
	if testing.Short() {
		storms = 2
	}
	for range storms {
		storm(t, r, 150)
	}
}

func storm(t *testing.T, r *rand.Rand, changes int) {
	w := world{r}
	now := plain{beginning()}
	region, err := NewRegion(now.Config)
	require.NoError(t, err)
	follower, err := NewRegion(now.Config)
	require.NoError(t, err)
	mapped := EmptyRegion()
	policies := map[string]*Policy{}
	taken := 0
	for range changes {
		next, edits := now, []Edit(nil)
		for range 1 + r.IntN(3) {
			e := w.edit()
			if r.IntN(12) == 0 {
				e = w.exits(next.Placement)
			}
			after, ok := next.edited(e)
			if !ok {
				continue
			}
			next, edits = after, append(edits, e)
		}
		whole, refused := NewRegion(next.Config)
		changed, err := region.Change(edits...)
		if r.IntN(4) == 0 { // a whole configuration is a change, too
			changed, err = region.Become(next.Config)
		}
		require.Equal(t, refused == nil, err == nil, "at once: %v; one by one: %v; %+v", refused, err, edits)
		if err != nil {
			continue
		}
		taken++
		now, region = next, changed
		require.Equal(t, meaning(t, whole), meaning(t, region))
		follower = follow(t, follower, region.Edits())
		require.Equal(t, sorted(region), sorted(follower))
		mapped = followMapped(t, mapped, region, r.IntN(3))
		sameVNIs := maps.Equal(maps.Collect(region.VNIs()), maps.Collect(mapped.VNIs()))
		for _, card := range []string{"x", "y"} {
			policies[card], err = region.Policy(card, policies[card])
			require.NoError(t, err)
			once, err := whole.Policy(card, nil)
			require.NoError(t, err)
			require.Equal(t, judgements(once), judgements(policies[card]))
			behind, err := mapped.Policy(card, nil)
			require.NoError(t, err)
			if sameVNIs { // edits tell no order of VPCs, which decides on VNIs that Placement leaves out
				require.Equal(t, judgements(once), judgements(behind))
			}
		}
	}
	t.Logf("%d of %d changes were good; %d ENIs are left", taken, changes, region.onCard.Len())
	require.Greater(t, taken, changes/4)
	// The configuration comes back as it was put in, and is the same region.
	same, err := region.Become(region.Config())
	require.NoError(t, err)
	require.Equal(t, nothing, same.Diff())
	// So it does as edits.
	again := follow(t, EmptyRegion(), slices.Collect(region.All()))
	require.Equal(t, sorted(region), sorted(again))
}

// follow has a region take edits that came in JSON.
func follow(t *testing.T, r *Region, edits []Edit) *Region {
	sent, err := json.Marshal(edits)
	require.NoError(t, err)
	var came []Edit
	require.NoError(t, json.Unmarshal(sent, &came), "%s", sent)
	next, err := r.Change(came...)
	require.NoError(t, err, "%s", sent)
	return next
}

// sorted are a region's edits in JSON, in the order of their text.
func sorted(r *Region) (all []string) {
	for e := range r.All() {
		text, _ := json.Marshal(e)
		all = append(all, string(text))
	}
	slices.Sort(all)
	return all
}

var index = regexp.MustCompile(`\[\d+\] `)

// meaning is all that a region knows, without the numbers that it gave.
func meaning(t *testing.T, r *Region) []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for _, id := range r.networks.Keys() {
		n, _ := r.networks.Get(id)
		add("vpc %s %d %v, edge %v, usual %v", id, n.VNI, n.cidrs, *r.Station(n.Station), lines(n.usual))
		require.Same(t, n.VPC, r.VPC(n.VNI))
		n.mapping.pages.Scan(func(number uint32, p *page) bool {
			for i, e := range p.enis {
				if e != nil {
					add("%s: %s is %s", id, addrOf(number<<pageBits+uint32(i)), e.ID)
					require.Same(t, r.ENI(e.ID), e)
				}
			}
			return true
		})
		n.mapping.ranges.Scan(func(h held) bool {
			add("%s: %s to %s is %s", id, h.first, h.last, h.by.ID)
			require.Same(t, r.ENI(h.by.ID), h.by)
			return true
		})
		var blocks []string
		for _, b := range n.subnets.Items() {
			blocks = append(blocks, b.String()+" "+b.of.ID)
		}
		add("%s: macs %v, subnets %v", id, n.macs.numbers(0), blocks)
	}
	for _, id := range slices.Sorted(maps.Keys(r.place.exits.of)) {
		x := r.place.exits.of[id]
		end := r.VTEPs()[x.VTEP]
		require.Same(t, x, r.ExitAt(end.Addr, x.VNI))
		require.Same(t, x, end.Exit)
		add("exit %s %v %v %v", id, end.Addr, end.MAC, *r.Station(x.Station))
	}
	for _, id := range r.networks.Keys() {
		is, _ := r.reached.Get(id)
		add("vpc %s reached %v", id, is)
	}
	r.outward.Scan(func(via string, n int) bool { add("%d lead to %s", n, via); return true })
	r.peers.Scan(func(key string, p *peering) bool {
		add("%s: %v %v %v", key, p.vpcs, p.regional, p.here)
		return true
	})
	r.subnets.Scan(func(id string, s *Subnet) bool {
		t := r.routesOf(s)
		add("subnet %s in %s %v routes %s %v", id, s.VPC.ID, []any{s.Prefix, s.Prefix6}, t.id, lines(t))
		if a := r.aclOf(s); a != nil {
			add("subnet %s has ACL %s %v", id, a.at.id(), withoutNotes(a.lists))
		}
		return true
	})
	r.objects["NetworkInterfaces"].Scan(func(id string, o *object) bool {
		e := r.ENI(id)
		if e == nil {
			return true
		}
		n, _ := r.networks.Get(e.Subnet.VPC.ID)
		require.Same(t, n.VPC, e.Subnet.VPC)
		s, _ := r.subnets.Get(e.Subnet.ID)
		require.Same(t, s, e.Subnet)
		var groups []string
		for _, g := range e.Groups {
			now, _ := r.groups.Get(g.ID)
			require.Same(t, now.Group, g)
			groups = append(groups, g.ID+" "+g.Name)
		}
		add("eni %s of %s on %d in %s, %v, %v, %v, %v %v %s", id, e.Instance, e.Card, e.Subnet.ID, e.Addrs(), groups, e.SourceDestCheck, *r.Station(e.Station), e.further != nil, r.Port(e))
		return true
	})
	for i := range 4 {
		id := fmt.Sprint("i-", i)
		add("%s: %v %q", id, r.MetadataOptions(id), r.UserData(id))
	}
	for i := range 3 {
		add("key %d: %s", i, r.PublicKey(fmt.Sprint("key", i)))
	}
	r.nats.Scan(func(id string, g *NATGateway) bool {
		of, _ := r.natENIs.Get(g.eni)
		require.Same(t, g, of)
		_, e := r.NAT(id)
		add("nat %s is %s, private %v, sends from %v", id, g.eni, g.Private, g.Pool(e))
		return true
	})
	require.Equal(t, r.nats.Len(), r.natENIs.Len())
	r.public.Scan(func(a uint32, e *ENI) bool {
		require.Same(t, r.ENI(e.ID), e)
		add("public %s is %s", addrOf(a), e.ID)
		return true
	})
	r.forwards.Scan(func(key uint64, n int) bool { add("forwards %x %d", key, n); return true })
	r.members.Scan(func(id string, n int) bool { add("%s has %d", id, n); return true })
	add("users %q, ports %v, vnis %v, numbered %d", r.users.Keys(), r.ports.numbers(0), r.vnis.Keys(), r.onCard.Len())
	for _, n := range r.Notices() {
		add("notice %s", index.ReplaceAllString(n.String(), " "))
	}
	rules := 0
	r.rules.Scan(func(base RuleID, g *groupRules) bool {
		now, _ := r.groups.Get(g.ID)
		require.Same(t, now, g)
		require.Equal(t, base, g.base)
		rules++
		return true
	})
	require.Equal(t, r.groups.Len(), rules)
	return all
}

func lines(t *routeTable) (all []string) {
	for prefix, route := range t.lines.All() {
		all = append(all, fmt.Sprint(prefix, *route))
	}
	slices.Sort(all)
	return all
}

// judgements are what a policy says of some packets.
func judgements(p *Policy) []string {
	var all []string
	for _, e := range p.ENIs {
		if e == nil {
			continue
		}
		all = append(all, fmt.Sprint(e.NameService(p.Region), p.Region.Hostname(e)))
		s := fmt.Sprintf("%s %s %d %v %s %d:", e.ID, e.Port, e.VNI, e.RouterMAC, e.Routes(), e.Owner)
		for _, remote := range []string{"10.0.0.5", "10.0.1.6", "10.0.2.7", "10.32.0.5", "10.32.1.6", "203.0.113.9", "192.0.2.5",
			"2001:db8::5", "2001:db8:0:1::6", "2001:db8:0:2:1::9", "2001:db8:1:1::6", "2001:db8:ffff::1"} {
			for _, dir := range []wire.Direction{wire.In, wire.Out} {
				for _, port := range []uint16{22, 80, 443} {
					m := e.Match(Query{ip(remote), port, pick[uint8](rand.New(rand.NewPCG(uint64(port), 1)), 6, 17), dir})
					s += fmt.Sprint(m.Allowed, m.Untracked, p.Region.Rule(m.Rule))
				}
			}
			n := e.Neighbor(ip(remote))
			for _, dir := range []wire.Direction{wire.In, wire.Out} {
				q := Query{ip(remote), 80, 17, dir}
				one, by := e.Admits(q)
				all, byAll := e.AdmitsAll(q)
				s += fmt.Sprint(e.ACL(), e.OnLink(q.Remote), e.Guarded(dir, q.Remote), one, by, all, byAll)
			}
			for by := range Gateway(2) {
				if r := e.Inward(by, ip(remote)); r != nil {
					s += r.String()
				}
			}
			for _, x := range []string{"tgw-0", "tgw-1", "vgw-0", "vgw-1"} {
				if x := p.Region.Exit(x); x != nil {
					s += fmt.Sprint(x.ID, e.LeadsOut(ip(remote), x), e.LeadsOutByVPN(ip(remote), p.Region))
				}
			}
			route := e.Route(ip(remote))
			s += fmt.Sprint(e.NAT != nil, route, n != nil && p.Own(n) != nil)
			if to := p.Region.Interface(route.Via); to != nil {
				s += to.ID
			}
			for _, peer := range e.Peers() {
				s += fmt.Sprint(peer.ID, peer.VPC.ID, peer.VPC.VNI, peer.Regional, peer.Has(ip(remote)))
				if n := peer.Holder(ip(remote)); n != nil {
					s += n.ID
				}
			}
		}
		if p.FindENI(e.VNI, e.MAC) != e {
			s += " is not in the table"
		}
		all = append(all, s)
	}
	slices.Sort(all)
	return all
}

// What is said of an ENI's place goes with the ENI, and comes with it, in whatever
// order the edits of one change are.
func TestPlacesOfENIsThatComeAndGo(t *testing.T) {
	region, err := NewRegion(story(t))
	require.NoError(t, err)
	onY := Edit{KindENIPlacement, "eni-a4", &ENIPlacement{Card: "y", Port: "tap:a4"}}
	come, err := Put("NetworkInterfaces", []byte(eniA4))
	require.NoError(t, err)
	with, err := region.Change(onY, come)
	require.NoError(t, err)
	y, err := with.Policy("y", nil)
	require.NoError(t, err)
	require.Equal(t, "tap:a4", y.ENI("eni-a4").Port)
	require.Equal(t, Diff{[]string{"NetworkInterfaces eni-a4"}, []string{"Placement"}, []string{}}, with.Diff())

	// One change that says where it is, and that it goes.
	without, err := with.Change(onY, Edit{Kind: "NetworkInterfaces", ID: "eni-a4"})
	require.NoError(t, err)
	require.Equal(t, meaning(t, region), meaning(t, without))
	_, err = without.Change(onY)
	require.ErrorContains(t, err, `there is no "eni-a4" in NetworkInterfaces`)

	// A whole configuration in which it is elsewhere.
	config := with.Config()
	config.Placement = moved(config.Placement, Edit{KindENIPlacement, "eni-a4", &ENIPlacement{Card: "x"}})
	on, err := with.Become(config)
	require.NoError(t, err)
	x, err := on.Policy("x", nil)
	require.NoError(t, err)
	require.Equal(t, "tap:eni-a4", x.ENI("eni-a4").Port)
	require.Equal(t, Diff{[]string{}, []string{"Placement"}, []string{}}, on.Diff())
}

// An error changes nothing, and is about the object that is wrong.
func TestChangeIsTakenWholeOrNot(t *testing.T) {
	region, err := NewRegion(story(t))
	require.NoError(t, err)
	before := meaning(t, region)
	_, err = region.Change(
		Edit{"SecurityGroups", "sg-new", &ec2.SecurityGroup{GroupId: "sg-new", VpcId: "vpc-a"}},
		Edit{"SecurityGroups", "sg-a-web", nil},
		Edit{"Elephants", "e-1", nil},
	)
	for _, want := range []string{`NetworkInterfaces[0] eni-a1: Groups[0] sg-a-web: there is no "sg-a-web" in SecurityGroups`, `"Elephants" is no kind of object`, `SecurityGroups[1] sg-a-db: IpPermissions[0]: UserIdGroupPairs: there is no "sg-a-web"`} {
		require.ErrorContains(t, err, want)
	}
	require.Equal(t, before, meaning(t, region))
	require.False(t, strings.Contains(strings.Join(before, " "), "sg-new"))
}
