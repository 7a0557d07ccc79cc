package nic

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"nitrocard/nic/vpc"
)

// descriptors is how many the process has open.
func descriptors(t *testing.T) int {
	dir, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(dir)
}

// A process that may have 1,024 descriptors has 2,000 cards that are polled: only
// what Run sleeps on takes descriptors.
func TestACardThatIsPolledTakesNoDescriptor(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 2,000 cards")
	}
	var had unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &had))
	few := had
	few.Cur = min(1024, had.Cur)
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &few))
	t.Cleanup(func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &had)) })

	config, err := vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	before := descriptors(t)
	for range 2000 {
		card, err := New(config, Options{Card: "x", MaxConnections: 64})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, card.Close()) })
		card.Poll(1)
	}
	require.Equal(t, before, descriptors(t))
}
