//go:build linux

package bench

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// aMillion is how many connections the card has.
const aMillion = 1_000_000

// withoutRules is the card's configuration with groups that let nothing in.
func withoutRules(w *Bench) *vpc.Config {
	c := *w.Card.Config()
	c.SecurityGroups = append([]ec2.SecurityGroup{}, c.SecurityGroups...)
	for i := range c.SecurityGroups {
		c.SecurityGroups[i].IpPermissions = nil
	}
	return &c
}

// BenchmarkDryRun is how long a card with a million connections takes to tell what a change would do
// to them: one that changes nothing, and one that leaves no connection its rule.
func BenchmarkDryRun(b *testing.B) {
	w := start(b, aMillion, aMillion+aMillion/2)
	require.NoError(b, w.Connect(0))
	for _, c := range []struct {
		name   string
		config *vpc.Config
		want   nic.Outcomes
	}{
		{"of nothing", w.Card.Config(), nic.Outcomes{Kept: aMillion}},
		{"of all rules", withoutRules(w), nic.Outcomes{Outlives: aMillion}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			before := cpuTime(b)
			for b.Loop() {
				d, err := w.Card.DryRun(context.Background(), c.config)
				require.NoError(b, err)
				require.Equal(b, c.want, d.Outcomes)
			}
			b.ReportMetric(float64((cpuTime(b)-before).Milliseconds())/float64(b.N), "cpu-ms")
		})
	}
}

// BenchmarkHits is how long the same card takes to tell which rules, entries and routes its connections use.
func BenchmarkHits(b *testing.B) {
	w := start(b, aMillion, aMillion+aMillion/2)
	require.NoError(b, w.Connect(0))
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		all, err := w.Card.Hits(context.Background())
		require.NoError(b, err)
		require.Len(b, all, 2*16, "a rule and a route for each ENI")
	}
	b.ReportMetric(float64((cpuTime(b)-before).Milliseconds())/float64(b.N), "cpu-ms")
}

// BenchmarkBesideDryRun is what a known packet costs while another thread tells, again and again, what a
// change would do to the card's million connections, beside the same while the other thread rests.
func BenchmarkBesideDryRun(b *testing.B) {
	w := start(b, aMillion, aMillion+aMillion/2)
	require.NoError(b, w.Connect(0))
	for _, flows := range []int{1024, aMillion} {
		b.Run(fmt.Sprintf("flows=%d", flows), func(b *testing.B) {
			w.hush()
			w.queues[0][0].use(w.known(b, part{0, aMillion / flows}))
			r := &asker{Context: context.Background(), config: withoutRules(w), done: make(chan struct{})}
			go r.run(b, w)
			alone, beside, ratio := inTurns(b, phase{w, r.rest, nil}, phase{w, r.begin, nil})
			r.stop.Store(true)
			<-r.done
			b.ReportMetric(alone, "alone-ns")
			b.ReportMetric(beside, "beside-ns")
			b.ReportMetric(ratio, "beside/alone")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// asker is who makes dry runs while worker 0 is measured. It is their context, whose Err a dry run asks
// for every few connections.
type asker struct {
	context.Context
	config       *vpc.Config
	active, stop atomic.Bool
	asked        atomic.Uint64
	idle         atomic.Bool
	done         chan struct{}
}

// Err ends a dry run when the asker is to rest.
func (r *asker) Err() error {
	r.asked.Add(1)
	if !r.active.Load() {
		return context.Canceled
	}
	return nil
}

// run makes dry runs whenever the asker is active.
func (r *asker) run(b *testing.B, w *Bench) {
	defer close(r.done)
	defer pin(b, 1)()
	for !r.stop.Load() {
		if !r.active.Load() {
			r.idle.Store(true)
			continue
		}
		r.idle.Store(false)
		if _, err := w.Card.DryRun(r, r.config); err != nil {
			require.ErrorIs(b, err, context.Canceled)
		}
	}
}

// begin makes the asker active, and waits until it looks at connections.
func (r *asker) begin() {
	r.active.Store(true)
	for n := r.asked.Load(); r.asked.Load() < n+2; {
		runtime.Gosched()
	}
}

// rest makes the asker idle, and waits until it is.
func (r *asker) rest() {
	r.active.Store(false)
	for !r.idle.Load() {
		runtime.Gosched()
	}
}
