package nic

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkNewCard is how long a card takes that has all of 100,000 ENIs, for four
// workers, and the heap that it keeps beside its configuration.
func BenchmarkNewCard(b *testing.B) {
	if testing.Short() {
		b.Skip("takes hundreds of MB")
	}
	c := province()
	for i := range c.Placement.Cards {
		c.Placement.Cards[i].NetworkInterfaces = nil // an ENI that no card names is on the first
	}
	for b.Loop() {
		before := heap()
		card, err := New(c, Options{Workers: 4})
		require.NoError(b, err)
		require.NotNil(b, card.Policy().ENI("eni-99-999"))
		b.StopTimer()
		b.ReportMetric(float64(heap()-before)/1e6, "MB")
		require.NoError(b, card.Close())
		b.StartTimer()
	}
	runtime.KeepAlive(c)
}

// heap is what is in use after a collection, in bytes.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
