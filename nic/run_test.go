package nic

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/bay"
	"nitrocard/nic/nictest"
	"nitrocard/nic/nictest/ample"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// live is server x on the wall clock.
type live struct {
	*testing.T
	card   *Card
	config *vpc.Config
	log    nictest.Journal

	mu     sync.Mutex
	ports  map[string]*mem.Port // by place; the latest opened
	opened byte

	end   context.CancelFunc
	ended chan error
}

func newLive(t *testing.T) *live {
	l := &live{T: t, ports: map[string]*mem.Port{}, ended: make(chan error, 1)}
	var err error
	l.config, err = vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	l.config.Placement.Edge.UnderlayMac = edgeUnderlay
	l.config.Placement.Cards[0].Mac = wire.MAC{} // its uplink's own
	l.card, err = New(l.config, Options{
		Card: "x", Seed: 1, MaxConnections: 1 << 10, Log: slog.New(slog.NewTextHandler(&l.log, nil)),
		OpenPort: func(e *vpc.OwnENI) (string, bay.Opener) { return e.ID, l.opener(e.ID) },
	})
	require.NoError(t, err)
	l.card.patience = amply
	require.NoError(t, l.card.Attach(Uplink, l.opener(Uplink)))
	ctx, cancel := context.WithCancel(t.Context())
	l.end = cancel
	go func() { l.ended <- l.card.Run(ctx) }()
	return l
}

// opener opens a port in memory for a place, of a device that is never the
// same.
func (l *live) opener(place string) bay.Opener {
	return func() (pmd.Port, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.opened++
		l.ports[place] = mem.New(mem.Options{Name: place, Queue: 1 << 14, MAC: wire.MAC{2, 0xca, l.opened}})
		return l.ports[place], nil
	}
}

func (l *live) port(place string) *mem.Port {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ports[place]
}

// stop ends Run, which waits for nobody.
func (l *live) stop() {
	l.end()
	select {
	case err := <-l.ended:
		require.NoError(l, err)
	case <-time.After(ample.Time):
		require.Fail(l, "the card still runs")
	}
}

func (l *live) eventually(what string, f func() bool) {
	l.Helper()
	require.Eventually(l, f, ample.Time, time.Millisecond, what)
}

// toA1 is a request from the internet to a1.
func (l *live) toA1() []byte {
	inner := wiretest.TCP(client+":40000", "35.72.2.8:80").MACs(edgeRouter, nictest.MACA1).Bytes()
	return wiretest.VXLAN(edge, serverX, vniA, inner).MACs(edgeUnderlay, l.port(Uplink).Info().MAC).Bytes()
}

// reaches waits until what arrives on the uplink is delivered to a1.
func (l *live) reaches() {
	l.Helper()
	l.eventually("a1 is reached", func() bool {
		l.port(Uplink).Inject(l.toA1())
		return len(l.port("eni-a1").Sent()) > 0
	})
}

// Everyone reads and changes the card while it works, and each sees a whole
// picture. When it ends, every packet is accounted for.
func TestEveryoneReadsAndWritesWhileTheCardRuns(t *testing.T) {
	l := newLive(t)
	var all sync.WaitGroup
	injected := 0
	all.Go(func() {
		frame := l.toA1()
		for range 5000 {
			if l.port(Uplink).Inject(frame) {
				injected++
			}
		}
	})
	whole := func() {
		for _, p := range l.card.Ports() {
			ended := p.Sent + p.Consumed
			for _, n := range p.Dropped {
				ended += n
			}
			assert.Equal(t, p.Received, ended, p.Name)
		}
	}
	for _, f := range []func(){
		whole,
		func() { assert.Len(t, l.card.ENIs(), 4) },
		func() { l.card.Flows(FlowFilter{}) },
		func() { l.card.Drops() },
		func() { l.card.Config(); l.card.Policy() },
		func() { l.card.Observe(func(*Event) {}) },
		func() {
			_, err := l.card.Apply(l.config)
			assert.NoError(t, err)
		},
	} {
		all.Go(func() {
			for range 50 {
				f()
			}
		})
	}
	all.Wait()
	l.eventually("all that was injected is received", func() bool { return l.card.Ports()[0].Received == uint64(injected) })
	l.stop()
	whole()
	require.Equal(t, injected, int(l.card.Ports()[0].Sent))
	require.Equal(t, injected, len(l.port("eni-a1").Sent()))
}

// A rule is in force when the change that brings it is answered.
func TestAChangeIsInForceWhenItIsAnswered(t *testing.T) {
	l := newLive(t)
	defer l.stop()
	closed := put(t, l.config, "SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a}`)
	l.reaches()
	for range 20 {
		_, err := l.card.Apply(closed)
		require.NoError(t, err)
		delivered := func() uint64 { return l.port("eni-a1").Stats().TxPackets }
		before, seen := delivered(), l.card.Ports()[0].Received
		l.port(Uplink).Inject(l.toA1())
		l.eventually("the packet is received", func() bool { return l.card.Ports()[0].Received > seen })
		require.Equal(t, before, delivered())
		_, err = l.card.Apply(l.config)
		require.NoError(t, err)
	}
}

// A link that goes down is reported, packets for it are dropped by name, and
// it works again when it is back.
func TestALinkGoesDownAndComesBack(t *testing.T) {
	l := newLive(t)
	defer l.stop()
	l.reaches()
	l.port("eni-a1").SetLink(pmd.ErrDown)
	l.eventually("the drop is named", func() bool {
		l.port(Uplink).Inject(l.toA1())
		return l.card.Ports()[0].Dropped["port_down"] > 0
	})
	require.Equal(t, "link is down", l.card.Ports()[1].Link)
	l.eventually("the log tells", func() bool {
		return strings.Contains(l.log.String(), `msg="link went down" port=eni-a1 device=eni-a1 reason="link is down"`)
	})
	l.port("eni-a1").SetLink(nil)
	l.reaches()
	require.Equal(t, "up", l.card.Ports()[1].Link)
	l.eventually("the log tells", func() bool { return strings.Contains(l.log.String(), `msg="link is back" port=eni-a1`) })
}

// A device that goes away is opened anew when it is back, the uplink's too.
func TestADeviceGoesAwayAndComesBack(t *testing.T) {
	for _, place := range []string{"eni-a1", Uplink} {
		t.Run(place, func(t *testing.T) {
			l := newLive(t)
			defer l.stop()
			l.reaches()
			old := l.port(place)
			old.SetLink(pmd.ErrGone)
			l.eventually("it is opened anew", func() bool { return strings.Contains(l.log.String(), `msg="port is back" port=`+place) })
			require.NotSame(t, old, l.port(place))
			old.SetLink(nil)
			require.False(t, open(old), "closed")
			l.reaches()
		})
	}
}

// A device that gets another MAC or MTU while its port is open is followed.
func TestADeviceChanges(t *testing.T) {
	l := newLive(t)
	defer l.stop()
	l.reaches()
	uplink, old := l.port(Uplink), l.toA1()
	uplink.SetDevice(wire.MAC{2, 0xca, 0xfe}, uplink.Info().MTU)
	l.eventually("its MAC is the card's", func() bool { return strings.Contains(l.log.String(), `msg="device changed" port=uplink`) })
	l.port("eni-a1").Sent()
	dropped := l.card.Ports()[0].Dropped["not_for_this_card"]
	uplink.Inject(old)
	l.eventually("the old MAC is nobody's", func() bool { return l.card.Ports()[0].Dropped["not_for_this_card"] > dropped })
	l.reaches()

	l.port("eni-a1").SetDevice(wire.MAC{}, 39)
	l.eventually("it is too long now", func() bool {
		uplink.Inject(l.toA1())
		return l.card.Ports()[0].Dropped["too_long"] > 0
	})
	require.Regexp(t, `msg="device changed" port=eni-a1 .*mtu=39 .*mtu_was=9071`, l.log.String())
	l.port("eni-a1").SetDevice(wire.MAC{}, 40)
	l.reaches()
}

// A card that ended still shows its counts, and takes nothing any more.
func TestACardThatEndedOnlyShowsItsCounts(t *testing.T) {
	l := newLive(t)
	l.reaches()
	require.EqualError(t, l.card.Run(t.Context()), "the card runs already")
	l.stop()
	require.False(t, open(l.port("eni-a1")), "every port is closed")
	require.False(t, open(l.port(Uplink)))
	// Closed once more, it does no harm to whoever has its descriptors now.
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	require.NoError(t, l.card.Close())
	_, err = w.WriteString("still open")
	require.NoError(t, err)
	require.NotZero(t, l.card.Ports()[0].Sent)
	require.Len(t, l.card.ENIs(), 4)
	require.Empty(t, l.card.Flows(FlowFilter{}))
	l.card.Drops()
	_, err = l.card.Apply(l.config)
	require.EqualError(t, err, "the card is closed")
	require.EqualError(t, l.card.Attach(Uplink, l.opener(Uplink)), "the card is closed")
	require.EqualError(t, l.card.Run(t.Context()), "the card is closed")
}

// runs tells whether Run is under way.
func (c *Card) runs() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running
}

// A card that runs is ended by its context: Close would take the memory from
// under its worker.
func TestACardThatRunsIsNotClosed(t *testing.T) {
	x := newRig(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- x.card.Run(ctx) }()
	until(t, "the card runs", x.card.runs)
	require.ErrorContains(t, x.card.Close(), "the card runs: end Run's context instead")
	stop()
	require.NoError(t, <-ended)
	require.NoError(t, x.card.Close())
}
