package flow

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/tables"
	"nitrocard/tables/oracle"
)

// storm is a table under several workers, who look connections up, count,
// bring them up to date, open, restart and remove them. What the stages find is
// a function of connection and policy, so that each look can be judged.
type storm struct {
	*testing.T
	*Table
	keys  []Key
	gate  sync.RWMutex  // held by a worker for a burst, and by whoever changes the policy
	epoch uint32        // of the policy in force
	now   atomic.Uint64 // tick

	known, restarted atomic.Uint64
}

const (
	stormWorkers = 4
	stormOwners  = 7
)

func newStorm(t *testing.T) *storm {
	s := &storm{T: t, epoch: 1}
	s.now.Store(TickOf(1_780_000_000e9))
	usual := DefaultTimeouts()
	var err error
	timeouts := func(uint32) *Timeouts { return &usual }
	s.Table, err = New(Options{Capacity: 512, Seed: 42, Readers: stormWorkers, Timeouts: timeouts})
	require.NoError(t, err)
	for i := range 256 {
		s.keys = append(s.keys, key(uint32(1+i%5), wire.ProtoTCP, i))
	}
	return s
}

// found is what the stages find under a policy.
func found(i int, epoch uint32) Found {
	return Found{Epoch: epoch, VTEP: uint16(epoch), Exit: epoch<<8 | uint32(i), Flags: FlagRouted}
}

// look holds that what is known of a connection is of the policy in force, as
// a whole. It is false if the stages are to be walked.
func (s *storm) look(c *Conn, i int, d wire.Direction) bool {
	if !c.Under(s.epoch) {
		return false
	}
	st := c.Status()
	if !st.Walked(d) {
		return false
	}
	want := found(i, s.epoch)
	assert.Equal(s, want.VTEP, st.VTEP(), "connection %d under policy %d", i, s.epoch)
	if d == wire.Out {
		assert.Equal(s, want.Exit, st.Exit(), "connection %d under policy %d", i, s.epoch)
		assert.Equal(s, FlagRouted, st.Flags()&flagsOut)
	}
	s.known.Add(1)
	return true
}

// walk is what the slow path does with a packet of connection i.
func (s *storm) walk(random *rand.Rand, i int, d wire.Direction, flags uint8) {
	s.Lock()
	defer s.Unlock()
	k := s.keys[i]
	o := Opening{
		Key: k, Dir: d, Walked: d, TCPFlags: flags, Found: found(i, s.epoch),
		Owner: uint64(i % stormOwners), Limit: uint32(random.IntN(64)), Now: s.now.Load(),
	}
	at, ok := s.lookup(&k)
	switch {
	case !ok:
		s.Open(&o)
	case random.IntN(32) == 0:
		s.remove(at)
	case flags == syn && s.Begins(at, d, 0):
		if s.Restart(at, &o) == Opened {
			s.restarted.Add(1)
		}
	default:
		s.Conn(at).Keep(d, o.Found)
	}
}

// burst is one of a worker's.
func (s *storm) burst(random *rand.Rand, r *tables.Reader) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	r.Pass()
	s.Advance(s.now.Add(1), 16)
	var keys [tables.Burst]Key
	var which [tables.Burst]int
	var at [tables.Burst]uint32
	for n := range keys {
		which[n] = random.IntN(len(s.keys))
		keys[n] = s.keys[which[n]]
	}
	flags := [...]uint8{syn, syn | ack, ack, ack, ack, fin | ack, rst}
	hits := s.LookupBurst(&keys, len(keys), &at)
	for n, i := range which {
		d, f := wire.Direction(random.IntN(2)), flags[random.IntN(len(flags))]
		if hits&(1<<n) == 0 {
			s.walk(random, i, d, f)
			continue
		}
		c := s.Conn(at[n])
		if !s.look(c, i, d) || f == syn {
			s.walk(random, i, d, f)
			continue
		}
		c.Packet(d, 100, uint32(s.now.Load()))
		c.TCP(d, f)
	}
}

// change puts another policy in force.
func (s *storm) change() {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.epoch++
}

// account holds that each owner is charged for the connections there are.
func (s *storm) account() {
	s.Lock()
	defer s.Unlock()
	var live [stormOwners]int
	all := 0
	s.Walk(0, s.conns.Cap()*2, func(at uint32, k *Key, c *Conn) {
		live[s.ownerOf(at)]++
		all++
		assert.NotZero(s, c.Copy().Epoch, "a connection of no policy")
	})
	require.Equal(s, s.Len(), all)
	for owner, n := range live {
		tracked, cached := s.Count(uint64(owner))
		require.Equal(s, [2]int{n, 0}, [2]int{tracked, cached}, "owner %d", owner)
	}
}

// Workers open, keep, restart and end connections while others look at them,
// and policies change: whoever looks sees what one policy says of the
// connection that it asked for, or that it is to ask. It is for the race
// detector, too.
func TestWorkersKeepAndRestartWhileOthersLook(t *testing.T) {
	s := newStorm(t)
	random := oracle.Random(t)
	var all sync.WaitGroup
	for i := range stormWorkers {
		own := rand.New(rand.NewPCG(random.Uint64(), 0))
		all.Go(func() {
			defer s.Reader(i).Rest()
			end := time.Now().Add(1500 * time.Millisecond)
			for time.Now().Before(end) || s.known.Load() == 0 || s.restarted.Load() == 0 {
				s.burst(own, s.Reader(i))
				if own.IntN(16) == 0 {
					s.change()
				}
			}
		})
	}
	all.Wait()
	s.account()
	t.Logf("%d policies, %d packets known, %d connections restarted, %d live",
		s.epoch, s.known.Load(), s.restarted.Load(), s.Len())
	s.Lock()
	defer s.Unlock()
	s.Close()
}
