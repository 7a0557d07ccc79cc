package controller

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/nictest"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// asked is a region of two cards, each of which has connections of a web server's group.
type asked struct {
	*office
	x, y *server
}

func newAsked(t *testing.T) *asked {
	o := open(t, NewMemory(), newSigner(t))
	o.applies("../../nic/testdata/region.yaml")
	a := &asked{o, o.serve("x", nictest.ServerX), o.serve("y", nictest.ServerY)}
	for _, port := range []string{"80", "22"} {
		for _, flags := range []uint8{wire.TCPSyn, wire.TCPAck} {
			a.x.takes(nic.Uplink, nictest.Tunnel(a.x.Policy(), nictest.Edge, "eni-a1", nictest.TCP(port, flags).Bytes()), "eni-a1")
		}
	}
	require.Len(t, a.x.Card.Flows(nic.FlowFilter{}), 2)
	return a
}

// without is the region's configuration without the rules of a1's group.
func (a *asked) without() *vpc.Config {
	config := *a.Region().Config()
	config.SecurityGroups = slices.Clone(config.SecurityGroups)
	for i := range config.SecurityGroups {
		if g := &config.SecurityGroups[i]; g.GroupId == "sg-a-web" {
			g.IpPermissions = nil
		}
	}
	return &config
}

// hears has a card take what it is told, and answer what it is asked.
func (a *asked) hears(s *server) {
	m, err := s.feed.Next(a.Context())
	require.NoError(a, err)
	require.NoError(a, s.desk.Take(m, a.clock.now))
	for _, q := range s.desk.Questions() {
		require.NoError(a, a.TakeAnswer(s.card(), q.ID, q.Answer(a.Context())))
		s.desk.Answered()
	}
}

// dryRun is what the controller tells after some cards have answered.
func (a *asked) dryRun(config *vpc.Config, cards ...*server) nic.DryRun {
	rest, err := a.DryRun(a.Context(), config)
	require.NoError(a, err)
	policies := []*vpc.Policy{a.x.Policy(), a.y.Policy()}
	for _, s := range cards {
		a.hears(s)
	}
	found, err := rest(a.Context())
	require.NoError(a, err)
	require.Equal(a, policies, []*vpc.Policy{a.x.Policy(), a.y.Policy()}, "nothing changed")
	return found
}

// A controller asks its cards, and adds up what they answer. A card that does not answer is named.
func TestAControllerAsksItsCards(t *testing.T) {
	a := newAsked(t)
	d := a.dryRun(a.without(), a.x, a.y)
	require.Equal(t, []string{"SecurityGroups sg-a-web"}, d.Changed)
	require.Equal(t, a.Revision(), d.Effect.Revision)
	require.Equal(t, nic.Outcomes{Cut: 1, Outlives: 1}, d.Outcomes)
	require.Equal(t, []nic.CardResult{{Card: "x", Connections: 2, Cut: 1, Seconds: d.Cards[0].Seconds}, {Card: "y", Seconds: d.Cards[1].Seconds}}, d.Cards)
	require.Len(t, d.Fates, 2)
	require.Equal(t, []string{"cut", "security_group_in", "sg-a-web", "tcp 80 from 0.0.0.0/0"}, []string{d.Fates[0].Outcome, d.Fates[0].Reason, d.Fates[0].ID, d.Fates[0].What})
	require.Equal(t, []string{"x", "10.0.1.5:80"}, []string{d.Fates[0].Examples[0].Card, d.Fates[0].Examples[0].Local})

	late := a.dryRun(a.without(), a.x)
	require.Equal(t, d.Outcomes, late.Outcomes)
	require.Equal(t, nic.CardResult{Card: "y", Error: "no answer within 10s"}, late.Cards[0])
	require.NoError(t, a.Answered("y"), "it is not asked for what nobody waits for")

	a.x.feed.Close()
	var err error
	a.y.feed, err = a.Open("y", a.y.Revision(), false)
	require.NoError(t, err)
	none := a.dryRun(a.without())
	require.Zero(t, none.Connections)
	require.Equal(t, []nic.CardResult{{Card: "x", Error: "it is not connected to this controller; if it follows another, ask that one, too"}, {Card: "y", Error: "its version answers no questions"}}, none.Cards)
}

// What is unused is told if every card that has it was asked and says so.
func TestAControllerTellsWhatIsUnused(t *testing.T) {
	a := newAsked(t)
	text := func(d *nic.DryRun) (all []string) {
		for _, u := range d.Unused {
			all = append(all, u.ID+" "+u.What)
		}
		require.Equal(t, d.UnusedCount, len(all))
		return all
	}
	d := a.dryRun(a.without(), a.x, a.y)
	require.Subset(t, text(&d), []string{"sg-a-web udp 53 from 0.0.0.0/0", "sg-a-db tcp 5432 from sg-a-web", "sg-b-web tcp 80 from 0.0.0.0/0", "rtb-a1 0.0.0.0/0 to igw-a"})
	require.NotContains(t, text(&d), "sg-a-web tcp 80 from 0.0.0.0/0", "y alone does not use it")
	late := a.dryRun(a.without(), a.x)
	require.Equal(t, []string{"sg-b-web all to 0.0.0.0/0", "sg-b-web tcp 80 from 0.0.0.0/0", "rtb-b 0.0.0.0/0 to igw-b"}, text(&late), "of x alone")
}

// Answered is an error if a card is yet to be asked.
func (a *asked) Answered(card string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.hosts[card].questions) + len(a.questions); n > 0 {
		return fmt.Errorf("%d questions are left", n)
	}
	return nil
}

// A card is asked about what it has, after what it is yet to be told. What others change before the
// question is sent makes it one of another region, which is not asked; and a connection that ends
// takes the question along.
func TestAQuestionIsOfTheRegionThatTheCardHas(t *testing.T) {
	a := newAsked(t)
	config := a.without()
	a.change(vpc.Edit{Kind: "InternetGateways", ID: "igw-none", Object: &ec2.InternetGateway{InternetGatewayId: "igw-none"}})
	config.InternetGateways = a.Region().Config().InternetGateways
	rest, err := a.DryRun(t.Context(), config)
	require.NoError(t, err)
	for range 2 {
		a.hears(a.x)
	}
	a.change(vpc.Edit{Kind: "Subnets", ID: "subnet-new", Object: &ec2.Subnet{SubnetId: "subnet-new", VpcId: "vpc-a", CidrBlock: netip.MustParsePrefix("10.0.9.0/24")}})
	d, err := rest(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, d.Outcomes.Cut)
	require.Equal(t, nic.CardResult{Card: "y", Error: errMovedOn.Error()}, d.Cards[0])

	rest, err = a.DryRun(t.Context(), a.without())
	require.NoError(t, err)
	a.x.feed.Close()
	d, err = rest(t.Context())
	require.NoError(t, err)
	require.Equal(t, nic.CardResult{Card: "x", Error: errHungUp.Error()}, d.Cards[0])
}

// A card of an older version would take a question for a change: it is asked none, though one waited for the
// connection before.
func TestAnOlderCardIsAskedNothing(t *testing.T) {
	a := newAsked(t)
	rest, err := a.DryRun(t.Context(), a.without())
	require.NoError(t, err)
	a.x.feed, err = a.Open("x", a.x.Revision(), false)
	require.NoError(t, err)
	d, err := rest(t.Context())
	require.NoError(t, err)
	require.Equal(t, nic.CardResult{Card: "x", Error: errDumb.Error()}, d.Cards[0])
	m, err := a.x.feed.Next(t.Context())
	require.NoError(t, err)
	require.Empty(t, m.Question)
	require.Zero(t, m.Size)
}

// A configuration without VNIs, which the controller has given out, changes none, and concerns no card.
func TestADryRunOfNothingAsksNobody(t *testing.T) {
	a := newAsked(t)
	config := *a.Region().Config()
	config.Placement.Vnis = nil
	d := a.dryRun(&config)
	require.Empty(t, d.Cards)
	require.Zero(t, d.Connections)
}

// A controller that reads its store anew asks no card about what it had before.
func TestAQuestionIsNotOfARegionBeforeTheLoad(t *testing.T) {
	a := newAsked(t)
	rest, err := a.DryRun(t.Context(), a.without())
	require.NoError(t, err)
	require.NoError(t, a.load(t.Context()))
	d, err := rest(t.Context())
	require.NoError(t, err)
	require.Contains(t, d.Cards, nic.CardResult{Card: "x", Error: errMovedOn.Error()})
}

// A dry run is refused as Apply is, and asks no card then.
func TestADryRunIsRefusedAsApplyIs(t *testing.T) {
	a := newAsked(t)
	config := a.without()
	config.Placement.Part = true
	_, err := a.DryRun(t.Context(), config)
	require.ErrorContains(t, err, "a controller has whole regions")
	require.NoError(t, a.Answered("x"))
}

// Through a controller, apply --flush cuts on all cards what the change took its rule from.
func TestAControllerFlushesItsCards(t *testing.T) {
	a := newAsked(t)
	done, err := a.Apply(t.Context(), a.without())
	require.NoError(t, err)
	q := a.poseFlush()
	a.change(vpc.Edit{Kind: "Subnets", ID: "subnet-new", Object: &ec2.Subnet{SubnetId: "subnet-new", VpcId: "vpc-a", CidrBlock: netip.MustParsePrefix("10.0.9.0/24")}})
	for range 2 { // the changes, and the question, which is of the rules that are in force by then
		a.hears(a.x)
	}
	require.NoError(t, a.flushed(t.Context(), q, &done))
	require.EqualValues(t, 1, done.Flushed)
	require.Equal(t, []nic.CardResult{{Card: "y", Error: "no answer within 10s"}, {Card: "x", Cut: 1}}, done.Cards)
	require.Empty(t, a.x.takes(nic.Uplink, nictest.Tunnel(a.x.Policy(), nictest.Edge, "eni-a1", nictest.TCP("22", wire.TCPAck).Bytes()), "eni-a1"))
}

// What a card answers who has been taken over is bounded, fit for a terminal, and taken once, of who was asked.
func TestHostileAnswers(t *testing.T) {
	a := newAsked(t)
	for _, c := range []struct {
		text, err string
	}{
		{"", "it is no answer: unexpected end of JSON input"},
		{"null", "it tells nothing"},
		{"[]", "it is no answer: json: cannot unmarshal array into Go value of type nic.Answer"},
		{`{"effect": {"fates": [{"outcome": "\u001b[31mwon"}]}}`, `it is no answer: there is no outcome "\\u001b[31mwon"`},
		{`{"effect": {"cards": [` + strings.Repeat("{},", 1<<15) + "{}]}}", "it is no answer: its lists have more than 32768 items"},
		{`{"effect": {"connections": -1}}`, "it is no answer: json: cannot unmarshal number -1 into Go struct field Effect.effect.connections of type uint64"},
		{`{"error": "all is\nwell\u001b[2J"}`, `all is\u000awell\u001b[2J`},
		{`{"error": "` + strings.Repeat("long ", 1000) + `"}`, strings.Repeat("long ", 1000)[:256] + "…"},
	} {
		rest, err := a.DryRun(t.Context(), a.without())
		require.NoError(t, err)
		a.asks("x", c.text)
		d, err := rest(t.Context())
		require.NoError(t, err)
		require.Equal(t, nic.CardResult{Card: "x", Error: c.err}, d.Cards[0], c.text)
	}
	rest, err := a.DryRun(t.Context(), a.without())
	require.NoError(t, err)
	id := a.asks("x", `{"effect": {"connections": 18446744073709551615, "outcomes": {"cut": 18446744073709551615}, "cards": [{"card": "y"}],
		"fates": [{"outcome": "cut", "connections": 18446744073709551615, "id": "sg\u202e", "examples": [{}, {}, {"eni": "\u001b]0;x\u0007", "idle_seconds": -1e300}, {}, {"card": "y"}]},
		{"outcome": "cut", "connections": 18446744073709551615, "id": "sg\u202e", "examples": [{"idle_seconds": 1e300}]}]}}`)
	require.ErrorContains(t, a.TakeAnswer("x", id, []byte("{}")), "nobody waits for card", "once")
	require.ErrorContains(t, a.TakeAnswer("z", id, []byte("{}")), "nobody waits for card")
	require.ErrorContains(t, a.TakeAnswer("y", "?", []byte("{}")), "nobody waits for card")
	require.NoError(t, a.ExpectsAnswer("y", id))
	d, err := rest(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1<<63-1, d.Outcomes.Cut)
	require.Equal(t, []string{"y", "x"}, []string{d.Cards[0].Card, d.Cards[1].Card})
	require.Equal(t, `sg\u202e`, d.Fates[0].ID)
	require.Len(t, d.Fates, 1)
	require.Len(t, d.Fates[0].Examples, 3)
	for _, e := range d.Fates[0].Examples {
		require.Equal(t, "x", e.Card)
		require.GreaterOrEqual(t, e.Idle, 0.0)
	}
}

// An answer that is being read is the card's only one, and late if the reading takes too long.
func TestAnAnswerIsReadOnce(t *testing.T) {
	a := newAsked(t)
	q := a.poseFlush()
	_, err := a.claim("x", q.id)
	require.NoError(t, err)
	require.ErrorContains(t, a.ExpectsAnswer("x", q.id), "nobody waits for card")
	require.ErrorContains(t, a.TakeAnswer("x", q.id, []byte("{}")), "nobody waits for card")
	var done nic.Change
	require.NoError(t, a.flushed(t.Context(), q, &done))
	require.Equal(t, []nic.CardResult{{Card: "x", Error: errLate.Error()}, {Card: "y", Error: errLate.Error()}}, done.Cards)
	require.NoError(t, a.Answered("x"))
}

// asks has a card be asked, and give an answer.
func (a *asked) asks(card, answer string) (question string) {
	s := map[string]*server{"x": a.x, "y": a.y}[card]
	m, err := s.feed.Next(a.Context())
	require.NoError(a, err)
	require.Equal(a, nic.AsksDryRun, m.Asks)
	_ = a.TakeAnswer(card, m.Question, []byte(answer))
	return m.Question
}
