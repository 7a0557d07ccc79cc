//go:build linux

package lab

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What is never answered is sent as often as a SYN, and each time the wait is twice as long.
func TestWhatIsResentHasABound(t *testing.T) {
	var waits []time.Duration
	never := func(wait time.Duration) (bool, error) { waits = append(waits, wait/time.Second); return false, nil }
	_, err := resent(t.Context(), never)
	require.ErrorContains(t, err, "no answer to what was sent 7 times")
	require.Equal(t, []time.Duration{1, 2, 4, 8, 16, 32, 64}, waits)

	third, err := resent(t.Context(), func(wait time.Duration) (bool, error) { return wait == 4*time.Second, nil })
	require.NoError(t, err)
	require.Equal(t, " (sent 3 times)", third.again())

	broken := errors.New("broken")
	_, err = resent(t.Context(), func(time.Duration) (bool, error) { return false, broken })
	require.ErrorIs(t, err, broken)

	over, cancel := context.WithCancel(t.Context())
	sent, err := resent(over, func(time.Duration) (bool, error) { cancel(); return false, nil })
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.EqualValues(t, 1, sent)
}
