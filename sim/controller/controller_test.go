package controller

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/follow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/tables/oracle"
)

// clock is a time that tests own. Whoever waits for a time to pass waits no longer.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func (c *clock) After(time.Duration) <-chan time.Time {
	passed := make(chan time.Time, 1)
	passed <- c.now
	return passed
}

// office is a controller, and the cards that follow it.
type office struct {
	*testing.T
	*Controller
	clock *clock
	cards map[string]*desk

	compared int // candidates that cards were asked about
}

// desk is a card that follows.
type desk struct {
	*follow.Follower
	feed *Feed
}

// open starts a controller on a store.
func open(t *testing.T, store Store, signer *follow.Signer) *office {
	o := &office{T: t, clock: &clock{time.Unix(1e9, 0)}, cards: map[string]*desk{}}
	c, err := New(t.Context(), Options{Store: store, Signer: signer, Log: slog.New(slog.DiscardHandler), Now: o.clock.Now, After: o.clock.After})
	require.NoError(t, err)
	o.Controller = c
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return o
}

func newSigner(t *testing.T) *follow.Signer {
	s, err := follow.NewSigner()
	require.NoError(t, err)
	return s
}

// follow has a card follow from now on.
func (o *office) follow(card string) *desk {
	d := &desk{Follower: follow.NewFollower(card, o.o.Signer.Keys().Trust())}
	o.cards[card] = d
	d.connect(o)
	return d
}

// connect opens a new connection.
func (d *desk) connect(o *office) {
	if d.feed != nil {
		d.feed.Close()
	}
	var err error
	d.feed, err = o.Open(d.card(), d.Revision(), true)
	require.NoError(o, err)
}

func (d *desk) card() string { return d.Follower.Card() }

// hear has a card take what it is told.
func (d *desk) hear(o *office) *follow.Message {
	m, err := d.feed.Next(o.Context())
	require.NoError(o, err)
	require.NoError(o, d.Take(m, o.clock.now))
	require.Equal(o, o.Revision(), d.Revision())
	return m
}

// change makes edits, which are right.
func (o *office) change(edits ...vpc.Edit) {
	_, err := o.Change(o.Context(), edits...)
	require.NoError(o, err)
}

// has are the IDs of all objects that a card has.
func (d *desk) has() (all []string) {
	for e := range d.Region().All() {
		if e.ID != "" && e.Kind != vpc.KindENIPlacement {
			all = append(all, e.ID)
		}
	}
	slices.Sort(all)
	return all
}

const cards = "wxyz"

// beginning is a region of four cards with three VPCs.
func beginning() []vpc.Edit {
	place := &vpc.Placement{}
	for i, name := range cards {
		place.Cards = append(place.Cards, vpc.CardPlacement{Name: string(name), Vtep: netip.MustParsePrefix(fmt.Sprintf("172.16.0.%d/24", 11+i))})
	}
	edits := []vpc.Edit{{Kind: "Placement", Object: place}}
	for v := range 3 {
		edits = append(edits, newVPC(v), newSubnet(v), newGroup(v, 0))
	}
	return edits
}

func newVPC(v int) vpc.Edit {
	id := fmt.Sprint("vpc-", v)
	return vpc.Edit{Kind: "Vpcs", ID: id, Object: &ec2.Vpc{VpcId: id, CidrBlock: netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/16", v%256))}}
}

func newSubnet(v int) vpc.Edit {
	id := fmt.Sprint("subnet-", v)
	return vpc.Edit{Kind: "Subnets", ID: id, Object: &ec2.Subnet{SubnetId: id, VpcId: fmt.Sprint("vpc-", v), CidrBlock: netip.MustParsePrefix(fmt.Sprintf("10.%d.1.0/24", v))}}
}

func newGroup(v, port int) vpc.Edit {
	g := &ec2.SecurityGroup{GroupId: fmt.Sprint("sg-", v), GroupName: "a", VpcId: fmt.Sprint("vpc-", v)}
	if port > 0 {
		p := port
		g.IpPermissions = []ec2.IpPermission{{IpProtocol: "tcp", FromPort: &p, ToPort: &p, IpRanges: []ec2.IpRange{{CidrIp: netip.MustParsePrefix("0.0.0.0/0")}}}}
	}
	return vpc.Edit{Kind: "SecurityGroups", ID: g.GroupId, Object: g}
}

func newENI(v, n int) vpc.Edit {
	id := fmt.Sprintf("eni-%d%d", v, n)
	e := &ec2.NetworkInterface{NetworkInterfaceId: id, SubnetId: fmt.Sprint("subnet-", v), VpcId: fmt.Sprint("vpc-", v), MacAddress: wire.MAC{2, 0, 0, 0, byte(v), byte(n)}}
	e.Groups = []ec2.GroupIdentifier{{GroupId: fmt.Sprint("sg-", v)}}
	e.PrivateIpAddresses = []ec2.NetworkInterfacePrivateIpAddress{{Primary: true, PrivateIpAddress: netip.AddrFrom4([4]byte{10, byte(v), 1, byte(10 + n)})}}
	return vpc.Edit{Kind: "NetworkInterfaces", ID: id, Object: e}
}

// attached is an ENI of an instance.
func attached(e vpc.Edit, instance string) vpc.Edit {
	e.Object.(*ec2.NetworkInterface).Attachment = &ec2.NetworkInterfaceAttachment{InstanceId: instance}
	return e
}

func newInstance(id string) vpc.Edit {
	return vpc.Edit{Kind: "Instances", ID: id, Object: &ec2.Instance{InstanceId: id, MetadataOptions: &ec2.InstanceMetadataOptionsResponse{HttpTokens: "required"}}}
}

// keyed is an instance with a key.
func keyed(e vpc.Edit, key string) vpc.Edit {
	e.Object.(*ec2.Instance).KeyName = key
	return e
}

func newKey(id, name string) vpc.Edit {
	return vpc.Edit{Kind: "KeyPairs", ID: id, Object: &ec2.KeyPair{KeyPairId: id, KeyName: name, PublicKey: "ssh-ed25519 " + id}}
}

func newUserData(instance string, n int) vpc.Edit {
	a := &ec2.InstanceAttribute{InstanceId: instance, UserData: ec2.UserData{Value: []string{"", "eA==", "eHg="}[n]}}
	return vpc.Edit{Kind: "InstanceAttributes", ID: instance, Object: a}
}

func newPlace(v, n int, card string) vpc.Edit {
	return vpc.Edit{Kind: vpc.KindENIPlacement, ID: fmt.Sprintf("eni-%d%d", v, n), Object: &vpc.ENIPlacement{Card: card}}
}

func newPeering(a, b int) vpc.Edit {
	p := &ec2.VpcPeeringConnection{VpcPeeringConnectionId: fmt.Sprintf("pcx-%d%d", a, b)}
	p.RequesterVpcInfo.VpcId, p.AccepterVpcInfo.VpcId, p.Status.Code = fmt.Sprint("vpc-", a), fmt.Sprint("vpc-", b), "active"
	return vpc.Edit{Kind: "VpcPeeringConnections", ID: p.VpcPeeringConnectionId, Object: p}
}

// newAddress is the public address of an ENI, which need not be there.
func newAddress(v, n int) vpc.Edit {
	a := &ec2.Address{PublicIp: netip.AddrFrom4([4]byte{198, 51, 100, byte(10*v + n)}), NetworkInterfaceId: fmt.Sprintf("eni-%d%d", v, n)}
	a.PrivateIpAddress = netip.AddrFrom4([4]byte{10, byte(v), 1, byte(10 + n)})
	return vpc.Edit{Kind: "Addresses", ID: a.PublicIp.String(), Object: a}
}

// A card is handed the VPCs of its ENIs and their peers, and nothing else.
func TestACardIsHandedWhatItNeeds(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	o.change(append(beginning(), newENI(0, 1), newPlace(0, 1, "x"), newENI(1, 1), newPlace(1, 1, "y"))...)
	x, z := o.follow("x"), o.follow("z")
	require.True(t, x.hear(o).Snapshot())
	z.hear(o)
	require.Equal(t, []string{"eni-01", "sg-0", "subnet-0", "vpc-0"}, x.has())
	require.Empty(t, z.has())

	o.change(newPeering(0, 1))
	require.False(t, x.hear(o).Snapshot())
	require.Equal(t, []string{"eni-01", "eni-11", "pcx-01", "sg-0", "sg-1", "subnet-0", "subnet-1", "vpc-0", "vpc-1"}, x.has())

	o.change(newGroup(2, 80))
	require.Zero(t, x.hear(o).Size, "a group of another VPC")
	o.change(newGroup(1, 80))
	require.Positive(t, x.hear(o).Size, "a group of a peer")

	o.change(newPlace(0, 1, "z"))
	z.hear(o)
	o.clock.now = o.clock.now.Add(lingers)
	x.hear(o)
	require.Empty(t, x.has())
	require.Contains(t, z.has(), "eni-01")
	require.Equal(t, "z", z.Region().CardOf(z.Region().ENI("eni-01")))
}

// A subnet stays in its VPC, also one that nobody uses.
func TestASubnetStays(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	o.change(beginning()...)
	moved := newSubnet(0)
	moved.Object.(*ec2.Subnet).VpcId = "vpc-1"
	moved.Object.(*ec2.Subnet).CidrBlock = netip.MustParsePrefix("10.1.7.0/24")
	_, err := o.Change(t.Context(), moved)
	require.EqualError(t, err, "Subnets subnet-0: VpcId vpc-1: the subnet is in vpc-0 for good; create another one there")
	moved.Object.(*ec2.Subnet).VpcId, moved.Object.(*ec2.Subnet).CidrBlock = "vpc-0", netip.MustParsePrefix("10.0.7.0/24")
	o.change(moved)
}

// A dry run tells what would change, and asks the cards that the change concerns.
func TestADryRunOfAController(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	o.change(beginning()...)
	config, revision := *o.Region().Config(), o.Revision()
	config.Subnets = slices.Clone(config.Subnets)
	config.Subnets[0].Tags = []ec2.Tag{{Key: "Name", Value: "other"}}
	rest, err := o.DryRun(t.Context(), &config)
	require.NoError(t, err)
	found, err := rest(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"Subnets " + config.Subnets[0].SubnetId}, found.Changed)
	require.Zero(t, found.Connections)
	require.Empty(t, found.Cards, "no card has anything of the VPC")
	require.Equal(t, []uint64{revision, revision}, []uint64{found.Effect.Revision, o.Revision()})
	config.Subnets[0].VpcId = "vpc-none"
	_, err = o.DryRun(t.Context(), &config)
	require.ErrorContains(t, err, "vpc-none")
}

// A dry run of the first configuration leaves the controller without a region: what is applied then is counted as
// if nobody had asked.
func TestADryRunBeforeTheFirstRegion(t *testing.T) {
	asked, other := open(t, NewMemory(), newSigner(t)), open(t, NewMemory(), newSigner(t))
	config, err := vpc.Load("../../nic/testdata/region.yaml")
	require.NoError(t, err)
	rest, err := asked.DryRun(t.Context(), config)
	require.NoError(t, err)
	found, err := rest(t.Context())
	require.NoError(t, err)
	require.Contains(t, found.Added, "NetworkInterfaces eni-a1")
	require.Empty(t, found.Cards)
	require.Zero(t, asked.Revision())
	require.Equal(t, fmt.Sprint(other.scopes), fmt.Sprint(asked.scopes))
	for _, o := range []*office{asked, other} {
		_, err := o.Apply(t.Context(), config)
		require.NoError(t, err)
	}
	require.Equal(t, fmt.Sprint(other.scopes), fmt.Sprint(asked.scopes))
}

// A card that loses most of what it has is told what stays, and not each object that goes.
func TestACardLosesAVPC(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	edits := append(beginning(), newENI(1, 1), newPlace(1, 1, "x"), newPlace(0, 1, "x"))
	for n := range 60 {
		edits = append(edits, newENI(0, n))
	}
	o.change(edits...)
	x := o.follow("x")
	whole := x.hear(o).Size
	o.change(newGroup(0, 80)) // is not told any more
	o.change(newPlace(0, 1, "z"))
	require.False(t, x.hear(o).Snapshot(), "the card sends on for a while")
	o.clock.now = o.clock.now.Add(lingers + time.Second)
	o.change(newGroup(2, 80))
	m := x.hear(o)
	require.True(t, m.Snapshot())
	require.Less(t, m.Size, whole/2)
	require.Equal(t, []string{"eni-11", "sg-1", "subnet-1", "vpc-1"}, x.has())
	o.change(newGroup(1, 80))
	require.False(t, x.hear(o).Snapshot())
}

// What a slow card was not told yet is folded together, object by object.
func TestASlowCardIsToldTheLastOfEachObject(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	o.change(append(beginning(), newENI(0, 1), newPlace(0, 1, "x"))...)
	x := o.follow("x")
	x.hear(o)
	o.change(newGroup(0, 1))
	once := x.hear(o).Size
	for port := range 8 {
		o.change(newGroup(0, port+2))
	}
	m := x.hear(o)
	require.Equal(t, once, m.Size)
	require.Equal(t, uint64(10), m.Revision-m.After+2)
}

// A card that comes back is told what it missed; it gets a snapshot if the controller does
// not remember, or if the card needs other VPCs now.
func TestACardResumes(t *testing.T) {
	store, signer := NewMemory(), newSigner(t)
	o := open(t, store, signer)
	o.change(append(beginning(), newENI(0, 1), newPlace(0, 1, "x"))...)
	x := o.follow("x")
	x.hear(o)
	x.feed.Close()
	o.change(newGroup(0, 80))
	o.change(newGroup(1, 80))
	x.feed = nil
	x.connect(o)
	m := x.hear(o)
	require.False(t, m.Snapshot())
	require.Equal(t, uint64(1), m.After)
	require.Len(t, x.Region().SecurityGroup("sg-0").IpPermissions, 1)

	x.feed.Close()
	o.change(newPeering(0, 1))
	x.feed = nil
	x.connect(o)
	require.True(t, x.hear(o).Snapshot())
	require.Contains(t, x.has(), "vpc-1")

	other := open(t, store, signer) // which remembers nothing
	other.clock.now = o.clock.now.Add(-time.Hour)
	x.feed.Close()
	x.feed = nil
	x.connect(other)
	require.Zero(t, x.hear(other).Size, "nothing is new")
	o.change(newGroup(0, 81))
	require.NoError(t, other.Sync(t.Context()))
	require.Positive(t, x.hear(other).Size)
}

// Two controllers on one store give no number twice, whoever is asked.
func TestTwoControllersGiveNoNumberTwice(t *testing.T) {
	stores(t, func(t *testing.T, s Store, _ func(uint64)) {
		signer := newSigner(t)
		a := open(t, s, signer)
		a.change(beginning()...)
		b := open(t, s, signer)
		done := make(chan error)
		for i := range 40 {
			o := []*office{a, b}[i%2]
			go func() {
				_, err := o.Change(t.Context(), newVPC(10+i))
				done <- err
			}()
		}
		for range 40 {
			require.NoError(t, <-done)
		}
		a.change(vpc.Edit{Kind: "Vpcs", ID: "vpc-49"})
		a.change(newVPC(50))
		require.NoError(t, b.Sync(t.Context()))
		vnis := map[uint32]string{}
		for _, o := range []*office{a, b} {
			for id, vni := range o.Region().Placement().Vnis {
				require.Contains(t, []string{"", id}, vnis[vni])
				vnis[vni] = id
			}
		}
		require.Len(t, vnis, 43)
		require.Equal(t, "vpc-50", vnis[44], "the number of one that is gone is not given again")
	})
}

// An error of one who asks at the same time as others is his alone.
func TestAWrongChangeIsNobodyElses(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	o.change(append(beginning(), newENI(0, 1))...)
	done := make(chan error)
	for i := range 20 {
		go func() {
			edit := newENI(0, 2+i)
			if i%2 == 0 {
				edit = vpc.Edit{Kind: "SecurityGroups", ID: "sg-0"}
			}
			_, err := o.Change(t.Context(), edit)
			if i%2 == 0 {
				require.ErrorContains(t, err, "sg-0")
				err = nil
			}
			done <- err
		}()
	}
	for range 20 {
		require.NoError(t, <-done)
	}
	require.NotNil(t, o.Region().SecurityGroup("sg-0"))
	require.NotNil(t, o.Region().ENI("eni-021"))
}

// After random changes and interruptions every card has what a look at the whole region
// says that it needs, and its policy is the one that the whole region has for it.
func TestCardsHaveTheirPartOfTheWhole(t *testing.T) {
	r := oracle.Random(t)
	o := open(t, NewMemory(), newSigner(t))
	o.change(beginning()...)
	for _, card := range cards {
		o.follow(string(card))
	}
	taken := 0
	for range 400 {
		if _, err := o.Change(t.Context(), randomEdit(r)); err == nil {
			taken++
		}
		if r.IntN(4) == 0 {
			o.agrees(randomEdit(r))
		}
		for name, d := range o.cards {
			if r.IntN(20) == 0 {
				d.connect(o)
			}
			if r.IntN(3) > 0 {
				continue
			}
			if r.IntN(2) == 0 {
				d.hear(o) // while it is told of what left it, too
			}
			o.clock.now = o.clock.now.Add(lingers)
			d.hear(o)
			require.Equal(t, part(o.Region(), name), describe(d.Region()), "card %s", name)
			whole, err := o.Region().Policy(name, nil)
			require.NoError(t, err)
			mine, err := d.Region().Policy(name, nil)
			require.NoError(t, err)
			require.Equal(t, guests(whole), guests(mine))
		}
	}
	require.Greater(t, taken, 100)
	require.Greater(t, o.compared, 20)
}

// agrees has each card that is told all make of an edit's candidate what the edit would have the card make
// of its part of the region. The candidate leaves nothing behind.
func (o *office) agrees(e vpc.Edit) {
	o.mu.Lock()
	defer o.mu.Unlock()
	d := o.draft()
	if d.take(&proposal{step: func(r *vpc.Region) (*vpc.Region, error) { return r.Change(e) }}, 1<<20) != nil {
		return
	}
	next, before := d.region, fmt.Sprint(o.scopes)
	about, cards := o.candidate(d)
	require.Equal(o, before, fmt.Sprint(o.scopes))
	for name, d := range o.cards {
		if d.feed.told == 0 || len(d.feed.pending)+len(d.feed.whole) > 0 || d.Revision() != d.feed.told {
			continue
		}
		text, enis := about.to(name, d.feed.scope, o.scopes)
		if !slices.Contains(cards, name) {
			require.Empty(o, text)
			require.Empty(o, enis)
		}
		slices.Sort(enis)
		mapped, err := follow.Encode(slices.Collect(next.Mappings(enis))...)
		require.NoError(o, err)
		m, err := o.o.Signer.Sign(follow.Header{}, append(text, mapped...))
		require.NoError(o, err)
		edits, err := m.Edits()
		require.NoError(o, err)
		candidate, err := d.Region().Change(d.Region().Possible(edits)...)
		require.NoError(o, err)
		require.Subset(o, describe(candidate), part(next, name), "card %s", name)
		whole, err := next.Policy(name, nil)
		require.NoError(o, err)
		mine, err := candidate.Policy(name, nil)
		require.NoError(o, err)
		require.Equal(o, guests(whole), guests(mine), "card %s", name)
		o.compared++
	}
}

func randomEdit(r *rand.Rand) vpc.Edit {
	v, n := r.IntN(3), r.IntN(4)
	var e vpc.Edit
	switch r.IntN(11) {
	case 0, 1:
		e = attached(newENI(v, n), fmt.Sprint("i-", r.IntN(6)))
	case 7:
		e = newInstance(fmt.Sprint("i-", r.IntN(6)))
	case 9:
		e = newUserData(fmt.Sprint("i-", r.IntN(6)), r.IntN(3))
	case 2, 3:
		return newPlace(v, n, string(cards[r.IntN(len(cards))]))
	case 4:
		e = newPeering(v, (v+1)%3)
	case 5:
		e = newAddress(v, n)
	case 6:
		order := []rune(cards)
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		place := &vpc.Placement{}
		for _, name := range order {
			place.Cards = append(place.Cards, vpc.CardPlacement{Name: string(name), Vtep: netip.MustParsePrefix(fmt.Sprintf("172.16.0.%d/24", name))})
		}
		return vpc.Edit{Kind: vpc.KindRegionPlacement, Object: place}
	default:
		return newGroup(v, 1+r.IntN(3))
	}
	if r.IntN(3) == 0 {
		e.Object = nil
	}
	return e
}

// part is what a card needs of a region, worked out anew.
func part(r *vpc.Region, card string) []string {
	needed, config := map[string]bool{}, r.Config()
	for i := range config.NetworkInterfaces {
		if e := r.ENI(config.NetworkInterfaces[i].NetworkInterfaceId); r.CardOf(e) == card {
			needed[e.Subnet.VPC.ID] = true
		}
	}
	own := []string{}
	for id := range needed {
		own = append(own, id)
	}
	for _, p := range config.VpcPeeringConnections {
		for _, id := range own {
			if p.RequesterVpcInfo.VpcId == id || p.AccepterVpcInfo.VpcId == id {
				needed[p.RequesterVpcInfo.VpcId], needed[p.AccepterVpcInfo.VpcId] = true, true
			}
		}
	}
	var all []string
	for e := range r.All() {
		meets := false
		for _, id := range r.VPCsOf(e) {
			meets = meets || id == vpc.EveryVPC || needed[id]
		}
		if e.Kind == "InstanceAttributes" {
			meets = slices.Contains(r.CardsOf(e.ID), card)
		}
		if meets {
			all = append(all, string(encoded(e)))
		}
	}
	slices.Sort(all)
	return all
}

// describe is all that a card's region has.
func describe(r *vpc.Region) (all []string) {
	for e := range r.All() {
		all = append(all, string(encoded(e)))
	}
	slices.Sort(all)
	return all
}

// guests are the ENIs of a policy, with what the region says of each.
func guests(p *vpc.Policy) (all []string) {
	for e := range p.All() {
		all = append(all, fmt.Sprint(e.ID, e.Subnet.VPC.VNI, e.Addrs(), e.Subnet.Prefix))
	}
	slices.Sort(all)
	return all
}
