package nic

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/bay"
	"nitrocard/nic/nictest"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/tables/oracle"
)

// storm is server x while its ports come and go under several workers: ENIs of
// both customers come, go and exchange their ports, and devices go down, go
// away and come back.
type storm struct {
	*testing.T
	quay   *quay
	card   *Card
	base   *vpc.Config
	frames map[string][][]byte // what goes into a port, by where: an ENI's, or Uplink's
	enis   map[string]*vpc.OwnENI
	owners map[string]string // of the guests' ports, by spec
	slots  map[*bay.Bay]bool // that ever were
	out    map[string]int    // frames that left, by label and where

	now  atomic.Int64
	stop atomic.Bool
	all  sync.WaitGroup
}

const (
	stormWorkers = 3
	stormPorts   = 4
)

// stormENIs are of two customers, a1 and b1 of one address.
var stormENIs = []struct{ id, port string }{{"eni-a1", "22"}, {"eni-b1", "80"}}

func specOf(i int) string { return fmt.Sprintf("dev%d", i) }

func newStorm(t *testing.T) *storm {
	s := &storm{
		T: t, quay: &quay{TestingT: t}, frames: map[string][][]byte{}, enis: map[string]*vpc.OwnENI{},
		owners: map[string]string{}, slots: map[*bay.Bay]bool{}, out: map[string]int{},
	}
	s.now.Store(1_780_000_000e9)
	var err error
	s.base, err = vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	s.base.Placement.Edge.UnderlayMac = edgeUnderlay
	for _, id := range []string{"eni-a2", "eni-a4"} {
		s.base = remove(t, s.base, "NetworkInterfaces", id)
	}
	s.card, err = New(s.config(0, 1), Options{
		Card: "x", Seed: 1, Workers: stormWorkers, MaxConnections: 1 << 12, IdleSleep: 1,
		OpenPort: func(e *vpc.OwnENI) (string, bay.Opener) { return e.Port, s.quay.openerFor(e.ID, e.Port, 1) },
	})
	require.NoError(t, err)
	require.NoError(t, s.card.Attach(Uplink, s.quay.opener(Uplink, stormWorkers)))
	s.settled(0, 1)
	for _, e := range stormENIs {
		s.enis[e.id] = s.card.Policy().ENI(e.id)
		s.load(e.id, e.port)
	}
	require.NoError(t, s.card.begin())
	for _, w := range s.card.threads {
		s.all.Go(func() { w.loop(&s.stop, func() int64 { return s.now.Add(1000) }) })
	}
	return s
}

// load makes the frames of an ENI's connections.
func (s *storm) load(eni, port string) {
	e := s.enis[eni]
	for i := range 64 {
		for _, flags := range []uint8{wire.TCPSyn, wire.TCPAck, wire.TCPFin | wire.TCPAck} {
			in := wiretest.TCP(browser(i), e.Addrs()[0].Public.String()+":"+port).Flags(flags).Payload(label(eni, i)).MACs(edgeRouter, e.MAC)
			s.frames[Uplink] = append(s.frames[Uplink], wiretest.VXLAN(edge, serverX, e.VNI, in.Bytes()).MACs(edgeUnderlay, stations[serverX]).Bytes())
			s.frames[eni] = append(s.frames[eni], wiretest.TCP(e.Primary.String()+":"+port, browser(i)).Flags(flags|wire.TCPAck).
				Payload(label(eni, i)).MACs(e.MAC, e.RouterMAC).Bytes())
		}
	}
}

// config has each ENI in the port of that number, or not at all where it is
// negative.
func (s *storm) config(ports ...int) *vpc.Config {
	c := *s.base
	c.Placement.Ports = map[string]string{}
	next := &c
	for i, e := range stormENIs {
		if ports[i] >= 0 {
			c.Placement.Ports[e.id] = specOf(ports[i])
		}
	}
	for i, e := range stormENIs {
		if ports[i] < 0 {
			next = remove(s, next, "NetworkInterfaces", e.id)
		}
	}
	return next
}

// settled notes who has which port now.
func (s *storm) settled(ports ...int) {
	clear(s.owners)
	for i, e := range stormENIs {
		if ports[i] >= 0 {
			s.owners[specOf(ports[i])] = e.id
		}
	}
	for _, slot := range s.card.bays.All() {
		s.slots[slot] = true
	}
}

// change puts ENIs into other ports. Before, each port brings its owner's
// frames; after, nothing more of an owner that it had.
func (s *storm) change(random *rand.Rand) {
	ports := random.Perm(stormPorts)[:len(stormENIs)]
	for i := range ports {
		if random.IntN(3) == 0 {
			ports[i] = -1
		}
	}
	s.drain()
	if _, err := s.card.Apply(s.config(ports...)); err != nil {
		require.ErrorContains(s, err, "no such device")
		return
	}
	s.settled(ports...)
	s.drain()
}

// drain takes what left by all ports, and holds that it is where it belongs.
func (s *storm) drain() {
	for _, v := range s.quay.visitors() {
		next := s.owners[v.spec]
		v.Drain(func(f []byte) {
			if v.spec == Uplink {
				s.leaves(f)
				return
			}
			owner := labelENI(f)
			if owner != v.owner {
				require.Equal(s, next, owner, "%s was %s's and is %s's now", v.spec, v.owner, next)
				v.owner = next
			}
			require.Equal(s, s.enis[owner].MAC, wire.Ethernet(f).Dst())
			s.out["in "+owner]++
		})
		if v.spec != Uplink && !v.closed.Load() {
			v.owner = next
		}
	}
}

func labelENI(f []byte) string { return labelOf(f)[1 : 1+len("eni-a1")] }

// leaves holds that a frame on the uplink is of the VPC whose guest sent it.
func (s *storm) leaves(f []byte) {
	if nictest.IsQuestion(f) {
		return
	}
	var o wire.Outer
	_, fault := wire.ParseVXLAN(f, &o)
	require.Equal(s, wire.NoFault, fault)
	e := s.enis[labelENI(f)]
	require.Equal(s, e.VNI, o.VNI, "what a guest sends leaves in its own VPC")
	require.Equal(s, e.Addrs()[0].Public, header(s, f[o.Inner:]).Src)
	s.out["out "+e.ID]++
}

// feed puts frames into ports, those of any guest into that of any: a port
// that changes hands brings what its owner before has sent.
func (s *storm) feed(random *rand.Rand) {
	spec := Uplink
	frames := s.frames[Uplink]
	if random.IntN(3) > 0 {
		spec, frames = specOf(random.IntN(stormPorts)), s.frames[stormENIs[random.IntN(len(stormENIs))].id]
	}
	for _, v := range s.quay.now(spec) {
		for range 16 {
			v.Inject(frames[random.IntN(len(frames))])
		}
	}
	runtime.Gosched()
}

// shake has a device go down, go away or come back, and the card look.
func (s *storm) shake(random *rand.Rand) {
	states := []error{nil, nil, pmd.ErrDown, pmd.ErrGone}
	spec := Uplink
	if random.IntN(4) > 0 {
		spec = specOf(random.IntN(stormPorts))
	}
	for _, v := range s.quay.now(spec) {
		v.SetLink(states[random.IntN(len(states))])
	}
	s.card.checkLinks()
}

// whole holds that each port's counts add up, at any time.
func (s *storm) whole(*rand.Rand) {
	for _, p := range s.card.Ports() {
		ended := p.Sent + p.Consumed
		for _, n := range p.Dropped {
			ended += n
		}
		require.Equal(s, p.Received, ended, p.Name)
	}
	s.card.Workers()
}

// account holds that every frame that a port lent was received, and ended, and
// that every one that the card sent a port took.
func (s *storm) account() {
	var cards pipeline.Counts
	for slot := range s.slots {
		n := slot.Counts()
		cards.Add(&n)
	}
	var ports pmd.Stats
	for _, v := range s.quay.visitors() {
		ports = ports.Plus(v.Stats(), 1)
		require.Zero(s, v.bound.Load(), "threads that poll a port after the end")
	}
	ended := uint64(0)
	for _, n := range cards.Ends {
		ended += n
	}
	require.Equal(s, cards.Received, ended)
	require.Equal(s, ports.RxPackets, cards.Received, "what ports lent was received")
	require.Equal(s, ports.TxPackets+ports.TxDropped, cards.Delivered, "what left was taken")
	require.Equal(s, cards.Ends[pipeline.Sent]+cards.Originated, cards.Delivered, "what was sent left")
}

// Ports come and go under several workers: each frame ends, and is counted
// where it ends; nobody gets another's; no port is used when it is closed; and
// in the end all carry again.
func TestPortsComeAndGoUnderWorkers(t *testing.T) {
	s := newStorm(t)
	random := oracle.Random(t)
	s.quay.mu.Lock()
	away := rand.New(rand.NewPCG(random.Uint64(), 0))
	s.quay.away = func(string) bool { return away.IntN(4) == 0 }
	s.quay.mu.Unlock()
	var calm atomic.Bool
	var others sync.WaitGroup
	for _, f := range []func(*rand.Rand){s.feed, s.feed, s.shake, s.whole} {
		own := rand.New(rand.NewPCG(random.Uint64(), 1))
		others.Go(func() {
			for !calm.Load() {
				f(own)
			}
		})
	}
	all := func() bool {
		return !slices.Contains([]int{s.out["in eni-a1"], s.out["in eni-b1"], s.out["out eni-a1"], s.out["out eni-b1"]}, 0)
	}
	changes := 0
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end) || changes < 50 || !all(); changes++ {
		s.change(random)
	}
	calm.Store(true)
	others.Wait()

	s.quay.mu.Lock()
	s.quay.away = nil
	s.quay.mu.Unlock()
	s.card.checkLinks() // those that are gone come back
	for _, v := range s.quay.visitors() {
		v.SetLink(nil)
	}
	s.card.checkLinks()
	s.drain()
	_, err := s.card.Apply(s.config(0, 1))
	require.NoError(t, err)
	s.settled(0, 1)
	s.drain()
	clear(s.out)
	until(t, "all carry again", func() bool {
		for i, e := range stormENIs {
			s.quay.now(specOf(i))[0].Inject(s.frames[e.id][0])
		}
		for _, v := range s.quay.now(Uplink) {
			for _, f := range s.frames[Uplink] {
				v.Inject(f)
			}
		}
		s.drain()
		return all()
	})
	s.stop.Store(true)
	s.card.wake()
	s.all.Wait()
	s.card.gate.Close()
	s.card.end()
	s.drain()
	s.account()
	require.NoError(t, s.card.Close())
	for _, v := range s.quay.visitors() {
		require.True(t, v.closed.Load(), v.spec)
	}
	t.Logf("%d changes, %d ports", changes, len(s.quay.visitors()))
}
