//go:build linux

package lab

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

// A command that is run from a terminal gets a terminal of its own, because
// ours controls our session and not the lab's: a pseudoterminal (pty(7))
// whose other side we copy to and from ours, which is raw meanwhile. So
// Ctrl-C, job control and the window's size are the command's.

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// onTerminal does the errand on a pseudoterminal.
func (e *errand) onTerminal(c *net.UnixConn) (exit int, err error) {
	master, slave, err := openTerminal()
	if err != nil {
		return 0, fmt.Errorf("a terminal for the command: %w", err)
	}
	defer master.Close()
	e.Tty = true
	err = e.send(c, slave, slave, slave)
	slave.Close()
	if err != nil {
		return 0, err
	}
	restore, err := raw(os.Stdin)
	if err != nil {
		return 0, err
	}
	defer restore()
	defer followSize(master)()
	go io.Copy(master, os.Stdin) // ends with the process: nothing wakes a terminal's reader
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		io.Copy(os.Stdout, master) // until the last one there closes its side
	}()
	exit, err = hear(c)
	select {
	case <-drained:
	case <-time.After(time.Second): // somebody in the background still holds it
	}
	return exit, err
}

// openTerminal makes a pseudoterminal. The slave comes from the master
// itself (TIOCGPTPEER), so it does not matter whose /dev/pts is mounted.
func openTerminal() (master, slave *os.File, err error) {
	master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	fd := master.Fd()
	if err := unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err != nil {
		master.Close()
		return nil, nil, err
	}
	peer, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if errno != 0 {
		master.Close()
		return nil, nil, errno
	}
	return master, os.NewFile(peer, "terminal"), nil
}

// raw makes a terminal hand over every key as it is pressed (cfmakeraw in
// termios(3)), and returns how to undo it.
func raw(f *os.File) (restore func(), err error) {
	old, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		return nil, err
	}
	t := *old
	t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, &t); err != nil {
		return nil, err
	}
	return func() { _ = unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, old) }, nil
}

// followSize gives the pseudoterminal our window's size, now and whenever it
// changes.
func followSize(master *os.File) (stop func()) {
	copySize := func() {
		if size, err := unix.IoctlGetWinsize(int(os.Stdin.Fd()), unix.TIOCGWINSZ); err == nil {
			_ = unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, size)
		}
	}
	copySize()
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, unix.SIGWINCH)
	go func() {
		for range changed {
			copySize()
		}
	}()
	return func() { signal.Stop(changed); close(changed) }
}
