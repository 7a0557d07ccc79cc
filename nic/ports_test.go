package nic

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest/ample"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
	"nitrocard/tables/oracle"
)

// amply is how long a card's listing waits for devices that answer.
func amply() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), ample.Time)
}

// until waits for what other goroutines bring about.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(ample.Time); !holds(); runtime.Gosched() {
		require.True(t, time.Now().Before(end), what)
	}
}

// A device that opens once is closed when it goes, and taken up again when it
// is back. What it was and did is shown meanwhile.
func TestADeviceThatOpensOnceIsTakenUpAgain(t *testing.T) {
	x := newRig(t)
	present := true
	q := &quay{TestingT: t, away: func(string) bool { return !present }}
	x.put("NetworkInterfaces", newcomer)
	require.NoError(t, x.card.Attach("eni-a6", q.opener("dev", 1)))
	old := q.now("dev")[0]
	x.ports["eni-a6"] = old.Port
	toIt := wiretest.TCP("10.0.1.5:1", "10.0.1.8:8080").Flags(wire.TCPSyn)
	x.fromGuest("eni-a1", toIt).delivered("eni-a6")

	present = false
	old.SetLink(pmd.ErrGone)
	for range 3 {
		x.card.checkLinks()
		require.True(t, old.closed.Load())
		require.Empty(t, q.now("dev"))
		x.fromGuest("eni-a1", toIt).dropped(pipeline.PortDown)
		v := x.port("eni-a6")
		require.Equal(t, []any{"dev", "device is gone", uint64(1), uint64(1)}, []any{v.Port, v.Link, v.Delivered, v.Driver.TxPackets})
	}
	present = true
	x.card.checkLinks()
	require.Len(t, q.now("dev"), 1)
	x.ports["eni-a6"] = q.now("dev")[0].Port
	x.fromGuest("eni-a1", toIt).delivered("eni-a6")
	require.Equal(t, "up", x.port("eni-a6").Link)
	require.EqualValues(t, 2, x.port("eni-a6").Delivered, "the place keeps its counts")
}

// telling is a port whose device tells of itself.
type telling struct{ *mem.Port }

func (telling) Detail() pmd.Detail { return pmd.Detail{Queues: 2, Spread: "flow"} }

// What a device tells of itself is shown, of others nothing.
func TestAPortShowsWhatItsDeviceTells(t *testing.T) {
	x := newRig(t)
	x.replug(Uplink, telling{x.ports[Uplink]})
	require.Equal(t, &pmd.Detail{Queues: 2, Spread: "flow"}, x.port(Uplink).Detail)
	require.Nil(t, x.port("eni-a1").Detail)
}

// A port that is away goes from ENI to ENI like any other, and comes back to
// the one that has it then.
func TestAPortThatIsAwayChangesHands(t *testing.T) {
	s := &shelf{ports: map[string]*mem.Port{}}
	x := newRigWith(t, Options{Card: "x", OpenPort: s.open})
	s.ports["tap:eni-a2"].SetLink(pmd.ErrGone)
	s.fail = "tap:eni-a2"
	x.card.checkLinks()
	c := *x.config
	c.Placement.Ports = map[string]string{"eni-a1": "tap:eni-a2", "eni-a2": "tap:eni-a1"}
	x.apply(&c)
	require.Equal(t, "device is gone", x.port("eni-a1").Link)
	s.fail = ""
	x.card.checkLinks()
	x.ports["eni-a1"] = s.ports["tap:eni-a2"]
	x.fromInternet("eni-a1", syn).delivered("eni-a1")
}

// A thread is unbound from a port that went, while it works on, and bound to the
// one that came before it uses it.
func TestThreadsAreUnboundFromPortsThatWent(t *testing.T) {
	const workers = 2
	c := newCrew(t, workers)
	present := true
	q := &quay{TestingT: t, away: func(string) bool { return !present }}
	with := put(t, c.config, "NetworkInterfaces", newcomer)
	apply := func(cfg *vpc.Config) {
		_, err := c.card.Apply(cfg)
		require.NoError(t, err)
	}
	apply(with)
	require.NoError(t, c.card.Attach("eni-a6", q.opener("dev", 1)))
	first := q.now("dev")[0]
	until(t, "each worker is bound", func() bool { return first.bound.Load() == workers })

	second, frame := first, c.request("eni-a1", "22", 1, wire.TCPSyn)
	for range 20 {
		second.SetLink(pmd.ErrGone)
		present = false
		c.card.checkLinks()
		until(t, "none is bound to what is gone", func() bool { return second.bound.Load() == 0 })
		present = true
		for i := range 1 << 13 { // so that workers are awake
			c.uplink[i%workers].Inject(frame)
		}
		c.card.checkLinks()
		second = q.now("dev")[0]
		until(t, "each worker is bound again", func() bool { return second.bound.Load() == workers })
		require.Zero(t, second.early.Load(), "before it is used")
	}
	apply(c.config)
	until(t, "none is bound to the port of an ENI that went", func() bool { return second.bound.Load() == 0 })
	require.Zero(t, first.bound.Load())
	c.end()
}

// Ports of one queue are where the fewest are, however many came and went.
func TestPortsThatComeAndGoAreSpreadOverWorkers(t *testing.T) {
	const workers = 3
	random := oracle.Random(t)
	s := &shelf{ports: map[string]*mem.Port{}}
	x := newRigWith(t, Options{Card: "x", Workers: workers, OpenPort: s.open})
	x.gone = true
	base := x.config
	there := map[int]bool{}
	for range 40 {
		next := base
		were := len(there)
		for range 1 + random.IntN(2) { // some go, as many others come
			for i := range there {
				delete(there, i)
				break
			}
		}
		for len(there) < max(were, 8) {
			there[random.IntN(64)] = true
		}
		for i := range there {
			next = put(t, next, "NetworkInterfaces", fmt.Sprintf(`{NetworkInterfaceId: eni-n%d, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0c:%02x",
				PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.%d}], Groups: [{GroupId: sg-a-web}]}`, i, i, 100+i))
		}
		x.apply(next)
		var load []int
		for _, w := range x.card.Workers() {
			load = append(load, len(w.Ports))
		}
		require.LessOrEqual(t, slices.Max(load)-slices.Min(load), 1, "%v", load)
	}
}

// A queue for each worker is no worker's own load, and fewer queues are that
// of those that have them.
func TestQueuesOfAPortCountForTheirWorkers(t *testing.T) {
	x := newRigWith(t, Options{Card: "x", Workers: 3})
	require.Equal(t, []int{2, 2, 1}, loads(x.card))
	q := &quay{TestingT: t}
	x.put("NetworkInterfaces", newcomer) // on worker 2
	require.NoError(t, x.card.Attach("eni-a6", q.opener("two", 2)))
	require.Equal(t, []int{3, 2, 2}, loads(x.card))
}

// loads are how many queues each worker receives from.
func loads(c *Card) (n []int) {
	for _, w := range c.Workers() {
		n = append(n, len(w.Ports))
	}
	return n
}

// asked is a port that tells whether it is asked while the workers stand.
type asked struct {
	*mem.Port
	card   *Card
	asked  int
	inGate bool
}

func (a *asked) Link() error {
	a.asked++
	in := make(chan bool)
	go func() {
		a.card.gate.Do(func() {})
		close(in)
	}()
	select {
	case <-in:
	case <-time.After(time.Minute): // somebody else is in
		a.inGate = true
	}
	return a.Port.Link()
}

// A device takes its time to tell its link: workers do not stand for that.
func TestNobodyStandsWhileADeviceIsAsked(t *testing.T) {
	x := newRig(t)
	x.put("NetworkInterfaces", newcomer)
	a := &asked{Port: mem.New(mem.Options{}), card: x.card}
	require.NoError(t, x.card.Attach("eni-a6", func() (pmd.Port, error) { return a, nil }))
	a.SetDevice(wire.MAC{2}, 1400)
	x.card.checkLinks()
	require.Equal(t, 1400, x.port("eni-a6").MTU)
	a.SetLink(pmd.ErrGone)
	x.card.checkLinks()
	require.GreaterOrEqual(t, a.asked, 4)
	require.False(t, a.inGate)
}

// lossy is a port whose driver lost frames before the card saw them.
type lossy struct {
	pmd.Port
	lost pmd.Stats
}

func (l *lossy) Stats() pmd.Stats { return l.Port.Stats().Plus(l.lost, 1) }

// What a driver lost is among the drops, with a reason and a sentence, of all
// ports together, and so is what it missed; each port's counts still add up.
func TestWhatDriversLoseIsAmongTheDrops(t *testing.T) {
	x := newRig(t)
	x.put("NetworkInterfaces", newcomer)
	require.Empty(t, x.card.Drops().Reasons)
	for name, lost := range map[string]pmd.Stats{Uplink: {RxUncut: 3, RxMissed: 9}, "eni-a1": {RxUncut: 4, RxTooLong: 1}, "eni-a6": {RxUnsummed: 2}} {
		x.replug(name, &lossy{mem.New(mem.Options{}), lost})
	}
	got := map[string]DropView{}
	for _, r := range x.card.Drops().Reasons {
		require.NotEmpty(t, r.Sentence)
		r.Sentence = ""
		got[r.Reason] = r
	}
	require.Equal(t, map[string]DropView{
		"rx_missed":   {Reason: "rx_missed", Packets: 9, ENIs: map[string]uint64{}},
		"rx_uncut":    {Reason: "rx_uncut", Packets: 7, ENIs: map[string]uint64{"eni-a1": 4}},
		"rx_too_long": {Reason: "rx_too_long", Packets: 1, ENIs: map[string]uint64{"eni-a1": 1}},
		"rx_unsummed": {Reason: "rx_unsummed", Packets: 2, ENIs: map[string]uint64{"eni-a6": 2}},
	}, got)
	up := x.port(Uplink)
	require.Equal(t, map[string]uint64{"rx_missed": 9, "rx_uncut": 3}, up.Dropped)
	require.GreaterOrEqual(t, up.Received, uint64(12))
	x.account()
}

// A port that begins to miss frames is told in the log, once for all that it
// misses until it misses none for a while.
func TestABurstOfMissesIsTold(t *testing.T) {
	var log strings.Builder
	x := newRigWith(t, Options{Card: "x", Log: slog.New(slog.NewTextHandler(&log, nil))})
	p := &lossy{Port: mem.New(mem.Options{})}
	x.replug("eni-a1", p)
	told := func() int { return strings.Count(log.String(), "port=eni-a1") }
	log.Reset()
	look := func(misses uint64, times int) {
		for range times {
			p.lost.RxMissed += misses
			x.card.checkLinks()
		}
	}
	look(0, 100)
	require.Zero(t, told())
	look(7, 1)
	require.Contains(t, log.String(), "level=WARN")
	require.Contains(t, log.String(), "missed=7 missed_in_all=7")
	for range 50 {
		look(1, 1)
		look(0, 30)
	}
	require.Equal(t, 1, told())
	look(0, 100)
	look(5, 3)
	require.Equal(t, 2, told())
	require.Contains(t, log.String(), "missed=5 missed_in_all=62")
}

// roomy is a port that takes frames longer than its MTU, as a tap does.
type roomy struct{ pmd.Port }

func (r roomy) Info() pmd.Info {
	i := r.Port.Info()
	i.MTU, i.Max = 100, pmd.MaxMTU
	return i
}

// The MTU bounds what a tap's other end sends; what it receives is bounded by
// what the port takes.
func TestAPortTakesWhatItCan(t *testing.T) {
	x := newRig(t)
	x.replug("eni-a1", roomy{mem.New(mem.Options{})})
	x.send(Uplink, x.tunnel(edge, "eni-a1", syn.Size(9000)))
	require.Equal(t, pipeline.Sent, x.ended[0].Verdict)
	require.Equal(t, 100, x.port("eni-a1").MTU)
}
