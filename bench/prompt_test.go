package bench

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
)

// screen is what a prompt wrote so far.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

// shows waits until the screen holds text, and clears it.
func (s *screen) shows(t *testing.T, text string) string {
	for end := time.Now().Add(patience); ; {
		s.mu.Lock()
		all := s.text.String()
		if strings.Contains(all, text) && strings.HasSuffix(all, "bench> ") {
			s.text.Reset()
			s.mu.Unlock()
			return all
		}
		s.mu.Unlock()
		require.True(t, time.Now().Before(end), "%q is not shown: %q", text, all)
	}
}

// person types at a prompt and reads what it answers.
type person struct {
	*screen
	keys io.Writer
	done chan error
}

func sit(t *testing.T, ctx context.Context) *person {
	in, keys := io.Pipe()
	p := &person{&screen{}, keys, make(chan error, 1)}
	t.Cleanup(func() { keys.Close() })
	go func() { p.done <- Prompt(ctx, *small(SG), in, p.screen) }()
	p.shows(t, "")
	return p
}

// says types a line and returns the answer, which holds want.
func (p *person) says(t *testing.T, line, want string) string {
	_, err := io.WriteString(p.keys, line+"\n")
	require.NoError(t, err)
	return p.shows(t, want)
}

func TestASessionByHand(t *testing.T) {
	p := sit(t, t.Context())
	p.says(t, "show fwd stats all", "no port is set up yet; start does it")
	p.says(t, "stop", "no frames are being forwarded; start first")
	p.says(t, "set burst 65", "burst 65: a number from 1 to 64 is expected")
	p.says(t, "set burst x", `burst "x": a number from 1 to 64 is expected`)
	p.says(t, "clear port stats 0", "no port is set up yet; start does it")
	p.says(t, "clear fwd stats all", "no port is set up yet; start does it")
	p.says(t, "set fwd flow", `there is no forward mode "flow"; there are io, macswap, decap, sg, encap, full`)
	p.says(t, "set fwd", `"set fwd" is no command; help lists them`)
	p.says(t, "stop now", `"stop now" is no command`)
	p.says(t, "set  burst 32", "32 frames are taken from a port at a time")
	p.says(t, "start", "bench>")
	p.says(t, "start", "frames are being forwarded already")
	p.says(t, "set fwd io", "frames are being forwarded; stop first")
	require.Contains(t, p.says(t, "show port stats all", "RX-missed"), "mem:eni-1")
	p.says(t, "show fwd stats all", "accumulated")
	p.says(t, "show port stats 3", `there is no port "3"; a number from 0 to 2 or all is expected`)
	p.says(t, "show port stats eni-0", `there is no port "eni-0"; a number from 0 to 2`)
	untouched := regexp.MustCompile(`\n +0 +0 +0 +0 +0 +0 +mem:`)
	for end := time.Now().Add(patience); untouched.MatchString(p.says(t, "show port stats all", "mem:eni-1")); {
		require.True(t, time.Now().Before(end), "each port forwards")
	}
	require.NotContains(t, p.says(t, "stop", "sg: frames of 114 bytes in bursts of 32, 100 flows over 2 ENIs"), "cleared")
	p.says(t, "clear port stats 1", "bench>")
	require.NotContains(t, p.says(t, "show port stats 0", "mem:edge"), "mem:eni")
	require.Regexp(t, `\n +0 +0 +0 +0 +0 +0 +mem:eni-0\n`, p.says(t, "show port stats 1", "mem:eni-0"))
	require.NotRegexp(t, untouched, p.says(t, "show port stats 2", "mem:eni-1")+p.says(t, "show port stats 0", "mem:edge"))
	p.says(t, "clear port stats all", "bench>")
	require.Len(t, untouched.FindAllString(p.says(t, "show port stats all", "mem:eni-1"), -1), 3)
	p.says(t, "start", "bench>")
	p.says(t, "clear fwd stats all", "bench>")
	p.says(t, "stop", "the ports' counts are since they were cleared; all else is since start")
	p.says(t, "set fwd io", "the forward mode is io")
	p.says(t, "start", "bench>")
	require.Contains(t, p.says(t, "stop", "burst gap"), "mem:1")
	require.Contains(t, p.says(t, "help", "set burst N"), "macswap")
	require.NotContains(t, p.says(t, strings.Repeat("x", 1000), "is no command"), strings.Repeat("x", 100))
	_, err := io.WriteString(p.keys, "quit\n")
	require.NoError(t, err)
	require.NoError(t, <-p.done)
}

func TestCtrlCAtAPromptShowsTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := sit(t, ctx)
	p.says(t, "start", "bench>")
	cancel()
	require.NoError(t, <-p.done)
	require.Contains(t, p.text.String(), "burst gap")
}

// The end of what is typed is the end of the session, told like any other; an
// end that is none is an error.
func TestTheEndOfInputEndsThePrompt(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Prompt(t.Context(), *small(IO), strings.NewReader("start\n"), &out))
	require.Contains(t, out.String(), "bench> bench> \nio: frames of 114 bytes")
	require.ErrorIs(t, Prompt(t.Context(), *small(IO), strings.NewReader(strings.Repeat("x", 1<<20)), &out), bufio.ErrTooLong)
	closed, nobody := io.Pipe()
	require.NoError(t, closed.Close())
	require.ErrorIs(t, Prompt(t.Context(), *small(IO), strings.NewReader("start\nquit\n"), nobody), io.ErrClosedPipe)
	require.ErrorIs(t, Prompt(t.Context(), *small(IO), iotest.ErrReader(os.ErrDeadlineExceeded), &out), os.ErrDeadlineExceeded)
}
