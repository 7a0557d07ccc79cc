package nic

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAWorkerWhoseCPUOthersWantSleepsSooner(t *testing.T) {
	w := &thread{card: &Card{options: Options{IdleSleep: DefaultIdleSleep}}}
	turn := func(now int64, frames bool) {
		w.load.turn(now)
		w.load.idle = !frames
	}
	turn(1000, true)
	turn(1000+away+1, false)
	now := w.load.last + away
	turn(now, false)
	require.EqualValues(t, DefaultIdleSleep, w.patience(now), "the long turn brought frames, and the idle one was short")

	now += away + 1
	turn(now, false)
	require.EqualValues(t, hasty, w.patience(now), "somebody else had the CPU")
	require.EqualValues(t, hasty, w.patience(now+crowd-1))
	require.EqualValues(t, DefaultIdleSleep, w.patience(now+crowd))

	w.load.slept()
	turn(now+crowd, false)
	require.EqualValues(t, DefaultIdleSleep, w.patience(now+crowd), "a sleep is no turn")

	w.card.options.IdleSleep = time.Nanosecond
	require.EqualValues(t, 1, w.patience(now), "no longer than was told")
	w.card.options.IdleSleep = -1
	require.EqualValues(t, math.MaxInt64, w.patience(now), "it never sleeps")
}
