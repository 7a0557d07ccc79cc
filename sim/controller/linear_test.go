package controller

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest/ample"
	"nitrocard/nic/vpc"
	"nitrocard/tables/oracle"
)

// counting is what a client asks for: that the number in a group's description rises by one, or
// what the number is.
type counting struct {
	group string
	add   bool
}

// heard is the number before, as the client was told; -1: the client does not know whether
// anything was done.
type heard int

// counters is what controllers do for one group, as if they were one who does one thing after
// the other. What is not known may be done at any later time, or never.
var counters = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byGroup := map[string][]porcupine.Operation{}
		for _, op := range history {
			group := op.Input.(counting).group
			byGroup[group] = append(byGroup[group], op)
		}
		var all [][]porcupine.Operation
		for _, ops := range byGroup {
			all = append(all, ops)
		}
		return all
	},
	Init: func() any { return 0 },
	Step: func(state, input, output any) (bool, any) {
		now, told := state.(int), output.(heard)
		if input.(counting).add {
			return told < 0 || int(told) == now, now + 1
		}
		return int(told) == now, now
	},
}

// history is what clients asked and were told, and when.
type history struct {
	mu    sync.Mutex
	began time.Time
	ops   []porcupine.Operation
}

// note notes a request of a client, and what the client was told.
func (h *history) note(client int, asked counting, at time.Time, told heard) {
	op := porcupine.Operation{ClientId: client, Input: asked, Call: at.Sub(h.began).Nanoseconds(), Output: told, Return: time.Since(h.began).Nanoseconds()}
	if told < 0 {
		op.Return = 1 << 62
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, op)
}

// countOf is the number in a group's description.
func countOf(r *vpc.Region, group string) heard {
	n, _ := strconv.Atoi(r.SecurityGroup(group).Description) // none is 0
	return heard(n)
}

// add has a controller add one.
func (o *office) add(ctx context.Context, group string) (before heard) {
	_, err := o.Edit(ctx, func(r *vpc.Region) ([]vpc.Edit, error) {
		before = countOf(r, group)
		next := *r.SecurityGroup(group)
		next.Description = strconv.Itoa(int(before) + 1)
		return []vpc.Edit{{Kind: "SecurityGroups", ID: group, Object: &next}}, nil
	})
	if err != nil {
		return -1
	}
	return before
}

// Two controllers on an etcd of three members, which are killed, cut off and started again while
// clients of both count: the controllers are as one, nothing that was acknowledged is lost, and a
// card that changes between the two never goes back.
func TestControllersAreAsOne(t *testing.T) {
	random := oracle.Random(t)
	etcd := newCluster(t)
	signer := newSigner(t)
	a := open(t, etcd.store(), signer)
	a.change(append(beginning(), newENI(0, 1), newPlace(0, 1, "x"))...)
	b := open(t, etcd.store(), signer)
	offices := []*office{a, b}
	x := a.follow("x")

	ctx, end := context.WithTimeout(t.Context(), 10*time.Minute)
	defer end()
	h := &history{began: time.Now()}
	var (
		clients sync.WaitGroup
		done    atomic.Int64
		enough  atomic.Bool
	)
	for client := range 4 {
		o := offices[client%2]
		dice := rand.New(rand.NewPCG(random.Uint64(), 0))
		clients.Go(func() {
			for !enough.Load() {
				asked, at, told := counting{"sg-" + strconv.Itoa(dice.IntN(3)), dice.IntN(2) > 0}, time.Now(), heard(-1)
				if asked.add {
					told = o.add(ctx, asked.group)
				} else if o.Sync(ctx) == nil {
					told = countOf(o.Region(), asked.group)
				}
				if asked.add || told >= 0 {
					h.note(client, asked, at, told)
				}
				done.Add(1)
			}
		})
	}
	goOn := func(why string) {
		before := done.Load()
		require.Eventually(t, func() bool { return done.Load() >= before+400 }, ample.Time, time.Millisecond, why)
		was := x.Revision()
		x.connect(offices[random.IntN(2)])
		m, err := x.feed.Next(ctx)
		require.NoError(t, err)
		require.NoError(t, x.Take(m, a.clock.now), why)
		require.GreaterOrEqual(t, x.Revision(), was, why)
	}
	goOn("all is well")
	killed := random.IntN(3)
	etcd.kill(killed)
	goOn("one is killed")
	etcd.start(killed)()
	deaf := random.IntN(3)
	etcd.cutOff(deaf)
	goOn("one is cut off")
	etcd.heal(deaf)
	goOn("it is back")
	for i := range etcd.members {
		etcd.kill(i)
	}
	var serve []func()
	for i := range etcd.members {
		serve = append(serve, etcd.start(i))
	}
	for _, serves := range serve {
		serves()
	}
	goOn("all were killed at once")
	enough.Store(true)
	clients.Wait()
	for client, o := range offices {
		for _, group := range []string{"sg-0", "sg-1", "sg-2"} {
			at := time.Now()
			require.NoError(t, o.Sync(ctx))
			h.note(4+client, counting{group: group}, at, countOf(o.Region(), group))
		}
	}
	unknown := 0
	for _, op := range h.ops {
		if op.Output.(heard) < 0 {
			unknown++
		}
	}
	t.Logf("%d requests, of %d the answer is not known", len(h.ops), unknown)
	require.Equal(t, porcupine.Ok, porcupine.CheckOperationsTimeout(counters, h.ops, ample.Time), "no order of the requests explains the answers")
}
