package main

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAProgramThatFailsIsQuoted(t *testing.T) {
	var told strings.Builder
	s := &shell{ctx: t.Context(), verbose: &told, env: []string{"WORD=so"}}
	out, err := s.ask("sh", "-c", "echo $WORD")
	require.NoError(t, err)
	require.Equal(t, "so\n", out)
	require.Equal(t, "+ sh -c echo $WORD\n", told.String())
	_, err = s.ask("sh", "-c", "echo first; echo not this way >&2; exit 3")
	require.EqualError(t, err, "sh: exit status 3: not this way")
}

func TestWaitingEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &shell{ctx: ctx}
	n := 0
	require.NoError(t, s.until("thrice", func() (bool, error) { n++; return n == 3, nil }))
	broken := errors.New("broken")
	require.ErrorIs(t, s.until("never", func() (bool, error) { return false, broken }), broken)
	cancel()
	require.ErrorIs(t, s.until("never", func() (bool, error) { return false, nil }), context.Canceled)
}

func TestCPUTimeIsThatOfAllThreads(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("/proc is Linux's")
	}
	before, err := cpuTime(os.Getpid())
	require.NoError(t, err)
	for {
		after, err := cpuTime(os.Getpid())
		require.NoError(t, err)
		if after > before {
			break
		}
	}
	_, err = cpuTime(1 << 30)
	require.ErrorContains(t, err, "tells no CPU time")
}
