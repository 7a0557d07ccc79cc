package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
)

// sent is a core's sample after so many frames.
func sent(n uint64) Sample { return Sample{CPU: time.Second, Total: pmd.Stats{TxPackets: n}} }

// told is what who tells rates hears now, nil if nothing.
func told(t *tally) *Sample {
	select {
	case s := <-t.samples:
		return &s
	default:
		return nil
	}
}

// A sample is of all cores at the end of the same period, whoever comes last.
func TestARateIsOfAllCores(t *testing.T) {
	y := newTally(2)
	y.add(1, sent(10))
	require.Nil(t, told(y), "the other core has sent something, too")
	y.add(2, sent(20))
	late := sent(11)
	late.Wall = time.Second
	y.add(1, late)
	require.Equal(t, &Sample{Wall: time.Second / 2, CPU: 2 * time.Second, Total: pmd.Stats{TxPackets: 21}}, told(y))
	y.end()
	y.add(2, sent(22))
	require.EqualValues(t, 42, told(y).Total.TxPackets, "the last one before the end, too")
	y.end()
	_, more := <-y.samples
	require.False(t, more)
}

// A core that stalls for longer than a period has no sample of it.
func TestAPeriodThatACoreMissedIsLeftOut(t *testing.T) {
	y := newTally(2)
	y.add(1, sent(10))
	y.add(2, sent(20))
	y.add(2, sent(21))
	require.EqualValues(t, 41, told(y).Total.TxPackets)
	require.Empty(t, y.moments)
}

// One that nobody fetches keeps no core waiting.
func TestASampleThatIsNotFetchedIsLeftOut(t *testing.T) {
	y := newTally(1)
	y.add(1, sent(10))
	y.add(2, sent(20))
	require.EqualValues(t, 10, told(y).Total.TxPackets)
	require.Nil(t, told(y))
}

// Periods end for all cores alike, however late one looks up.
func TestPeriodsDoNotDrift(t *testing.T) {
	w := &worker{start: 7, end: forever, period: 100}
	require.EqualValues(t, 107, w.due(7))
	require.EqualValues(t, 207, w.due(109))
	require.EqualValues(t, 407, w.due(399))
	w.end = 150
	require.EqualValues(t, 150, w.due(109))
	w.period = 0
	require.EqualValues(t, 150, w.due(7))
}
