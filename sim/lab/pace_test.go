//go:build linux

package lab

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhoWaitsForACPUSaysSo(t *testing.T) {
	before := cpuTime{5 * time.Second, 50 * time.Second}
	require.Empty(t, cpuTime{25 * time.Second, 60 * time.Second}.since(before), "it ran longer than it waited")
	require.Equal(t, "; its threads ran for 10 s and waited 31 s for a CPU, for this machine is busy", cpuTime{15 * time.Second, 81 * time.Second}.since(before))
	require.Empty(t, slow(59*time.Second, before))
	require.Equal(t, "this run took 60 s; its threads ran for 5 s and waited 50 s for a CPU, for this machine is busy\n", slow(time.Minute, before))
}

// In its cage the lab reads what its own threads ran.
func TestTheLabKnowsWhatItRan(t *testing.T) {
	before := scheduled()
	if before == (cpuTime{}) {
		t.Skip("this system does not tell, or a container hides it")
	}
	for end := time.Now().Add(patience); scheduled().ran <= before.ran; {
		require.True(t, time.Now().Before(end))
	}
}
