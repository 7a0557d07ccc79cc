package afpacket

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Where no descriptor is left, the error says so, and not that the interface is gone.
func TestOpenWithoutADescriptor(t *testing.T) {
	var had unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &had))
	lowest, err := os.Open("/")
	require.NoError(t, err)
	none := unix.Rlimit{Cur: uint64(lowest.Fd()), Max: had.Max} // all numbers below are in use
	require.NoError(t, lowest.Close())
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &none))
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &had)
	_, err = Open("lo")
	require.ErrorIs(t, err, unix.EMFILE)
	require.ErrorContains(t, err, "no descriptor left (EMFILE); `ulimit -n` raises")
}
