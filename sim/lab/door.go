//go:build linux

package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"nitrocard/sim/netlab"
)

// The door to a lab that was kept is a Unix socket in the abstract name
// space: no file stays behind. Such a socket has no mode, so both sides ask
// the kernel who the other one is. The outer process opens it, because the
// name belongs to a network namespace, and those who knock are outside.
//
// Whoever knocks sends one errand with standard input, output and error
// (SCM_RIGHTS), and gets one answer. Hanging up ends the errand's processes.

// doorName is the user's own.
func doorName() string { return fmt.Sprintf("@nitrocard-lab-%d", os.Geteuid()) }

// openDoor listens for those who want to go in. The user may keep one lab.
func openDoor() (*os.File, error) {
	l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: doorName(), Net: "unixpacket"})
	if errors.Is(err, unix.EADDRINUSE) {
		return nil, errors.New("you keep a lab already: go in with `nitrocard lab exec`, or stop it first")
	}
	if err != nil {
		return nil, fmt.Errorf("the door of the lab: %w", err)
	}
	defer l.Close()
	return l.File()
}

// indoors is what errands are done in.
type indoors interface {
	host(name string) (*netlab.Host, error)
	travel(context.Context, Question) (*Journey, error)
}

// keepDoor lets the lab's user in until ctx ends.
func keepDoor(ctx context.Context, door *os.File, in indoors) error {
	l, err := net.FileListener(door)
	door.Close()
	if err != nil {
		return fmt.Errorf("the door of the lab: %w", err)
	}
	context.AfterFunc(ctx, func() { l.Close() })
	go func() {
		for {
			c, err := l.(*net.UnixListener).AcceptUnix()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				go admit(ctx, c, in)
			}
		}
	}()
	return nil
}

// admit does one errand and answers it.
func admit(ctx context.Context, c *net.UnixConn, in indoors) {
	defer c.Close()
	exit, err := serveErrand(ctx, c, in)
	a := answer{Exit: exit}
	if err != nil {
		a.Error = err.Error()
	}
	if text, err := json.Marshal(a); err == nil {
		_, _ = c.Write(text) // they may have hung up
	}
}

func serveErrand(ctx context.Context, c *net.UnixConn, in indoors) (exit int, err error) {
	if err := sameUser(c); err != nil {
		return 0, err
	}
	e, files, err := receive(c)
	for _, f := range files {
		defer f.Close()
	}
	if err != nil {
		return 0, err
	}
	if len(files) != 3 {
		return 0, errors.New("an errand needs its three standard files")
	}
	if e.Journey != nil {
		return 0, e.travel(ctx, c, in, files[1])
	}
	host, err := in.host(e.Host)
	if err != nil {
		return 0, err
	}
	if len(e.Argv) == 0 {
		return 0, errors.New("an errand needs a command")
	}
	return e.run(c, host, files)
}

// sameUser asks the kernel whether the other side is us.
func sameUser(c *net.UnixConn) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var peer *unix.Ucred
	var asked error
	if err := raw.Control(func(fd uintptr) {
		peer, asked = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return err
	}
	if asked != nil {
		return asked
	}
	if int(peer.Uid) != os.Geteuid() {
		return errors.New("the lab is another user's")
	}
	return nil
}
