//go:build linux

package lab

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"nitrocard/sim/cage/cagetest"
	"nitrocard/sim/netlab"
)

func TestMain(m *testing.M) {
	exit := cagetest.Main(m)
	os.RemoveAll(programDir)
	os.Exit(exit)
}

// aDoor is a lab's door with one host behind it, "here".
func aDoor(t *testing.T) {
	here, err := netlab.NewHost("here")
	require.NoError(t, err)
	t.Cleanup(here.Close)
	door, err := openDoor()
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(func() {
		cancel()
		require.Eventually(t, func() bool {
			_, err := Exec(context.Background(), "here", []string{"true"})
			return err != nil && strings.Contains(err.Error(), "keep no lab")
		}, patience, time.Millisecond)
	})
	require.NoError(t, keepDoor(ctx, door, room{here}))
}

// room is what is behind that door.
type room struct{ here *netlab.Host }

func (r room) host(name string) (*netlab.Host, error) {
	if name != "here" {
		return nil, errors.New("no host " + name)
	}
	return r.here, nil
}

func (r room) travel(_ context.Context, q Question) (*Journey, error) {
	if q.To.Port() != 80 {
		return nil, errors.New("no such port")
	}
	return &Journey{To: q.To, Answer: "here"}, nil
}

// A journey behind the door comes back whole, or the reason why there is none.
func TestAJourneyBehindTheDoor(t *testing.T) {
	_, err := travelThere(t.Context(), Question{})
	require.ErrorIs(t, err, errNoLab)
	aDoor(t)
	to := netip.MustParseAddrPort("35.72.2.8:80")
	j, err := travelThere(t.Context(), Question{to})
	require.NoError(t, err)
	require.Equal(t, &Journey{To: to, Answer: "here"}, j)
	_, err = travelThere(t.Context(), Question{netip.AddrPortFrom(to.Addr(), 81)})
	require.EqualError(t, err, "no such port")
}

// goIn runs a command behind the door and returns what it wrote.
func goIn(t *testing.T, input string, argv ...string) (output string, exit int, err error) {
	in, feed, err := os.Pipe()
	require.NoError(t, err)
	read, out, err := os.Pipe()
	require.NoError(t, err)
	oldIn, oldOut := os.Stdin, os.Stdout
	os.Stdin, os.Stdout = in, out
	defer func() { os.Stdin, os.Stdout = oldIn, oldOut }()
	_, err = feed.WriteString(input)
	require.NoError(t, err)
	require.NoError(t, feed.Close())

	exit, err = Exec(t.Context(), "here", argv)
	in.Close()
	out.Close()
	var text strings.Builder
	buf := make([]byte, 4096)
	for n, e := read.Read(buf); e == nil; n, e = read.Read(buf) {
		text.Write(buf[:n])
	}
	read.Close()
	return text.String(), exit, err
}

func TestACommandBehindTheDoorHasOurFilesAndItsOwnNetwork(t *testing.T) {
	aDoor(t)
	out, exit, err := goIn(t, "word", "sh", "-c", "cat; wc -l < /proc/self/net/dev; exit 3")
	require.NoError(t, err)
	require.Equal(t, 3, exit)
	require.Equal(t, "word3\n", out, "two lines of titles and a loopback")
}

func TestADeadlySignalIsAnExitStatus(t *testing.T) {
	aDoor(t)
	_, exit, err := goIn(t, "", "sh", "-c", "kill -TERM $$")
	require.NoError(t, err)
	require.Equal(t, 128+15, exit)
}

func TestWhatCannotBeRunIsSaid(t *testing.T) {
	aDoor(t)
	_, _, err := goIn(t, "", "no-such-command")
	require.ErrorContains(t, err, "no-such-command")
	_, err = Exec(t.Context(), "nowhere", []string{"true"})
	require.ErrorContains(t, err, "no host nowhere")
}

func TestOneUserKeepsOneLab(t *testing.T) {
	_, err := Exec(t.Context(), "here", []string{"true"})
	require.ErrorContains(t, err, "nitrocard lab --keep")
	aDoor(t)
	_, err = openDoor()
	require.ErrorContains(t, err, "you keep a lab already")
}

func TestHangingUpEndsTheCommand(t *testing.T) {
	aDoor(t)
	c, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: doorName(), Net: "unixpacket"})
	require.NoError(t, err)
	read, out, err := os.Pipe()
	require.NoError(t, err)
	defer read.Close()
	e := errand{Host: "here", Argv: []string{"sh", "-c", "echo $$; exec sleep 1000"}, Env: os.Environ(), Dir: "/"}
	require.NoError(t, e.send(c, os.Stdin, out, out))
	out.Close()
	_, err = read.Read(make([]byte, 64)) // it has begun
	require.NoError(t, err)

	require.NoError(t, c.Close())
	require.NoError(t, read.SetReadDeadline(time.Now().Add(patience)))
	_, err = read.Read(make([]byte, 64))
	require.ErrorContains(t, err, "EOF", "the last one with the pipe in hand is gone")
}

func TestACommandFromATerminalGetsOne(t *testing.T) {
	aDoor(t)
	c, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: doorName(), Net: "unixpacket"})
	require.NoError(t, err)
	defer c.Close()
	master, slave, err := openTerminal()
	require.NoError(t, err)
	defer master.Close()
	require.NoError(t, unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 11, Col: 42}))
	e := errand{Host: "here", Argv: []string{"sh", "-c", "stty size < /dev/tty"}, Env: os.Environ(), Dir: "/", Tty: true}
	require.NoError(t, e.send(c, slave, slave, slave))
	exit, err := hear(c)
	require.NoError(t, err)
	require.Zero(t, exit)
	buf := make([]byte, 64)
	n, err := master.Read(buf)
	require.NoError(t, err)
	require.Equal(t, "11 42\r\n", string(buf[:n]))
	slave.Close()
}
