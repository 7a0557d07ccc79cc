package seat

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"nitrocard/nic/nictest/ample"
)

// slicesOf are the slices of the process's threads.
func slicesOf(t *testing.T) map[int]time.Duration {
	all := map[int]time.Duration{}
	for _, tid := range threads() {
		if attr, err := unix.SchedGetAttr(tid, 0); err == nil {
			all[tid] = time.Duration(attr.Runtime)
		}
	}
	require.NotEmpty(t, all)
	return all
}

// While there are seats every thread has a short slice, also one that begins meanwhile.
// Afterwards each has what the kernel gives.
func TestSlicesAreShortWhileThereAreSeats(t *testing.T) {
	spread(t)
	var usual time.Duration
	for _, usual = range slicesOf(t) {
	}
	if usual <= shortSlice {
		t.Skip("the kernel gives no slices to threads")
	}
	s := NewSeats(1)
	_, _, leave := sitting(s.Of(0))
	blocked(t, 2)
	require.Eventually(t, func() bool {
		for _, slice := range slicesOf(t) {
			if slice != shortSlice {
				return false
			}
		}
		return true
	}, ample.Time, time.Millisecond)
	leave()
	s.End()
	for _, slice := range slicesOf(t) {
		require.Equal(t, usual, slice)
	}
}
