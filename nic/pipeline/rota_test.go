package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// silent is a port that never brings a frame, and counts who asks.
type silent struct {
	*mem.Port
	asked int
}

func (s *silent) Rx(b *pmd.Burst) { s.asked, b.N = s.asked+1, 0 }

// Of many silent queues each is looked at before long, and few in one turn.
func TestEverySilentQueueIsLookedAtBeforeLong(t *testing.T) {
	const n = 10 * glances
	w, ports := &Worker{}, make([]*silent, n)
	for i := range ports {
		ports[i] = &silent{}
		w.rota.add(&Queue{port: ports[i], polled: true}, &guest{})
	}
	for round := range 3 {
		for range n / glances {
			before := 0
			for _, p := range ports {
				before += p.asked
			}
			require.Zero(t, w.turn())
			for _, p := range ports {
				before -= p.asked
			}
			require.Equal(t, -glances, before)
		}
		for i, p := range ports {
			require.Equal(t, round+1, p.asked, "queue %d", i)
		}
	}
	require.Zero(t, w.GlanceAll())
	for i, p := range ports {
		require.Equal(t, 4, p.asked, "queue %d", i)
	}
}

// A guest that sends is looked at in each turn, and no more when it has been
// silent for long. The uplink always is.
func TestWhoSendsIsLookedAtInEachTurn(t *testing.T) {
	x := newRig(t)
	w := x.w
	for range 10 * glances {
		w.rota.add(&Queue{port: &silent{}, polled: true}, &guest{})
	}
	sends := func(port string) bool {
		require.True(t, x.ports[port].Inject(make([]byte, 13)))
		return w.Poll(x.now) > 0
	}
	turns := 1
	for sent := sends("eni-a1"); !sent; turns++ {
		sent = w.Poll(x.now) > 0
	}
	require.LessOrEqual(t, turns, len(w.polls)/glances+1)
	for range 20 {
		require.True(t, sends("eni-a1"))
		require.True(t, sends(Uplink))
	}
	for range wakefuls + 1 {
		require.Zero(t, w.Poll(x.now))
	}
	require.Len(t, w.awake, 1, "the uplink")
	require.True(t, sends(Uplink))
	x.ports["eni-a1"].Inject(make([]byte, 13))
	require.Positive(t, w.PollAlone(x.now)+w.PollAlone(x.now), "who asks for 0 is told of each frame")
}
