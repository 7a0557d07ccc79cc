package tables_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/tables"
	"nitrocard/tables/oracle"
)

const all = 1 << 30 // a budget that is never used up

func newWheel(t testing.TB, n, slots int) *tables.Wheel {
	w, err := tables.NewWheel(n, slots)
	require.NoError(t, err)
	t.Cleanup(w.Close)
	return w
}

// fired advances a wheel and returns the entries that fired, in order.
func fired(w interface {
	Advance(uint64, int, func(uint32)) bool
}, now uint64, budget int) (got []uint32, done bool) {
	done = w.Advance(now, budget, func(i uint32) { got = append(got, i) })
	return got, done
}

func TestWheelStory(t *testing.T) {
	w := newWheel(t, 4, 10)
	w.Set(0, 3)
	w.Set(1, 2)
	w.Set(2, 3)
	w.Set(3, 3)
	w.Set(3, 5) // later after all
	w.Cancel(2)

	got, done := fired(w, 1, all)
	require.Empty(t, got, "nothing is due")
	require.True(t, done)
	got, _ = fired(w, 3, all)
	require.Equal(t, []uint32{1, 0}, got, "in the order of their ticks")
	got, _ = fired(w, 4, all)
	require.Empty(t, got, "a timer fires once")
	got, _ = fired(w, 100, all)
	require.Equal(t, []uint32{3}, got)
}

func TestWheelStaysInBudget(t *testing.T) {
	w := newWheel(t, 5, 10)
	for i := range uint32(5) {
		w.Set(i, uint64(1+i/3))
	}
	got, done := fired(w, 9, 0)
	require.Empty(t, got)
	require.False(t, done)
	got, done = fired(w, 9, 2)
	require.Equal(t, []uint32{0, 1}, got)
	require.False(t, done)
	w.Set(0, 0) // overdue, behind what is due already
	got, done = fired(w, 9, 3)
	require.Equal(t, []uint32{2, 3, 4}, got)
	require.False(t, done)
	got, done = fired(w, 9, 3)
	require.Equal(t, []uint32{0}, got)
	require.True(t, done)
}

func TestWheelTimerBeyondItsReachFiresEarly(t *testing.T) {
	w := newWheel(t, 1, 10)
	w.Set(0, 1000)
	got, _ := fired(w, 8, all)
	require.Empty(t, got)
	got, _ = fired(w, 9, all)
	require.Equal(t, []uint32{0}, got)
}

func TestWheelFireMaySetAndCancel(t *testing.T) {
	w := newWheel(t, 3, 10)
	w.Set(0, 1)
	w.Set(1, 1)
	w.Set(2, 2)
	var got []uint32
	w.Advance(5, all, func(i uint32) {
		got = append(got, i)
		if len(got) == 1 {
			w.Cancel(1) // due in the same tick
			w.Set(0, 4) // itself, again before 5
			w.Set(2, 7) // not before 5 any more
		}
	})
	require.Equal(t, []uint32{0, 0}, got)
	got, _ = fired(w, 7, all)
	require.Equal(t, []uint32{2}, got)
}

// After a night's sleep: each timer fires once, each slot is visited once.
func TestWheelJump(t *testing.T) {
	w := newWheel(t, 100, 64)
	for i := range uint32(100) {
		w.Set(i, uint64(i))
	}
	_, done := fired(w, 40, 10)
	require.False(t, done, "some are due and left")
	got, done := fired(w, 1<<60, all)
	require.True(t, done)
	slices.Sort(got)
	require.Len(t, slices.Compact(got), 90)
	w.Set(0, 1<<60+5)
	got, _ = fired(w, 1<<60+4, all)
	require.Empty(t, got)
	got, _ = fired(w, 1<<60+5, all)
	require.Equal(t, []uint32{0}, got)
}

func TestWheelClockThatGoesBack(t *testing.T) {
	w := newWheel(t, 1, 8)
	fired(w, 100, all)
	w.Set(0, 101)
	got, done := fired(w, 7, all)
	require.Empty(t, got)
	require.True(t, done)
	got, _ = fired(w, 101, all)
	require.Equal(t, []uint32{0}, got)
}

func TestWheelThatCannotBe(t *testing.T) {
	for _, c := range []struct{ n, slots int }{
		{-1, 10}, {10, 1}, {10, 0}, {10, -5}, {1 << 32, 10}, {10, 1 << 32}, {1<<32 - 12, 11},
	} {
		_, err := tables.NewWheel(c.n, c.slots)
		require.ErrorContains(t, err, "at least 2 slots", "%+v", c)
	}
	w := newWheel(t, 0, 2)
	_, done := fired(w, 10, all)
	require.True(t, done)
}

// Half a million random steps. Timers are set within the wheel's reach and beyond, before and while others fire; the clock
// stands still, ticks, and skips less than a revolution.
func TestWheelAgainstOracle(t *testing.T) {
	const entries, slots = 200, 50
	r := oracle.Random(t)
	w, o := newWheel(t, entries, slots), &oracle.Wheel{Slots: slots}
	now := uint64(0)
	for range 500_000 {
		i, tick := r.Uint32N(entries), now+r.Uint64N(2*slots)
		switch r.IntN(4) {
		case 0, 1:
			w.Set(i, tick)
			o.Set(i, tick)
		case 2:
			w.Cancel(i)
			o.Cancel(i)
		case 3:
			if w := o.Tick + slots/2; now < w {
				now += r.Uint64N(min(4, w-now))
			}
			budget := r.IntN(6)
			again := func(set func(uint32, uint64), got *[]uint32) func(uint32) {
				return func(f uint32) {
					*got = append(*got, f)
					if f == i {
						set((i+1)%entries, tick)
					}
				}
			}
			var got, want []uint32
			done := w.Advance(now, budget, again(w.Set, &got))
			wanted := o.Advance(now, budget, again(o.Set, &want))
			require.Equal(t, want, got)
			require.Equal(t, wanted, done)
		}
	}
	got, _ := fired(w, now+2*slots, all)
	require.Len(t, got, o.Len(), "all that are left")
}

func BenchmarkWheelSet(b *testing.B) {
	const entries = 1 << 16
	w := newWheel(b, entries, 4096)
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		w.Set(uint32(i*7919)%entries, uint64(i)>>8)
	}
}

// Each entry fires and is set again, as a connection is that has seen a packet since.
func BenchmarkWheelFire(b *testing.B) {
	const entries, slots = 1 << 16, 4096
	w := newWheel(b, entries, slots)
	for i := range uint32(entries) {
		w.Set(i, uint64(i%slots))
	}
	b.ReportAllocs()
	b.ResetTimer()
	for now, n := uint64(0), 0; n < b.N; now++ {
		w.Advance(now, b.N-n, func(i uint32) { w.Set(i, now+slots-1); n++ })
	}
}
