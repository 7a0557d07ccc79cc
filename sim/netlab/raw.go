//go:build linux

package netlab

import (
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Raw sends whole Ethernet frames on a link, whatever they say.
type Raw struct {
	file *os.File
}

// Raw opens the link for sending frames.
func (h *Host) Raw(link string) (*Raw, error) {
	file, err := h.packetSocket(link, 0)
	if err != nil {
		return nil, err
	}
	return &Raw{file}, nil
}

// Send sends one frame, from its Ethernet header on.
func (r *Raw) Send(frame []byte) error {
	_, err := r.file.Write(frame)
	return err
}

// Close closes the link again.
func (r *Raw) Close() error { return r.file.Close() }

// Watch keeps the frames that arrive at a link and that its filter likes.
type Watch struct {
	file *os.File
	raw  syscall.RawConn // of file
	done chan struct{}

	mu     sync.Mutex
	frames [][]byte
}

// Watch starts watching what arrives at the link; what the host sends itself
// is not seen. like sees a frame that it must not keep.
func (h *Host) Watch(link string, like func(frame []byte) bool) (*Watch, error) {
	file, err := h.packetSocket(link, unix.ETH_P_ALL)
	if err != nil {
		return nil, err
	}
	raw, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("packet socket on %s.%s: %w", h.Name, link, err)
	}
	w := &Watch{file: file, raw: raw, done: make(chan struct{})}
	go w.run(like)
	return w, nil
}

func (w *Watch) run(like func([]byte) bool) {
	defer close(w.done)
	buf := make([]byte, 1<<17) // merged segments are longer than any MTU
	for {
		n, err := w.file.Read(buf)
		if err != nil {
			break // Stop's deadline
		}
		w.see(buf[:n], like)
	}
	_ = w.raw.Control(func(fd uintptr) { // Read takes nothing after a deadline
		for {
			n, err := unix.Read(int(fd), buf)
			if err != nil && err != unix.EINTR {
				return // no more is there
			}
			w.see(buf[:max(n, 0)], like)
		}
	})
}

func (w *Watch) see(frame []byte, like func([]byte) bool) {
	if len(frame) > 0 && like(frame) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.frames = append(w.frames, append([]byte(nil), frame...))
	}
}

// Frames are the frames seen so far, oldest first.
func (w *Watch) Frames() [][]byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([][]byte(nil), w.frames...)
}

// Stop ends the watch and returns what it saw: whatever has arrived by now.
func (w *Watch) Stop() [][]byte {
	_ = w.file.SetReadDeadline(time.Now()) // it is closed: stopped before
	<-w.done
	w.file.Close()
	return w.Frames()
}

// packetSocket is an AF_PACKET socket (packet(7)) on the link that yields
// frames of this EtherType, 0 for none.
func (h *Host) packetSocket(link string, etherType uint16) (*os.File, error) {
	var file *os.File
	err := h.Do(func() error {
		ifi, err := net.InterfaceByName(link)
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return err
		}
		file = os.NewFile(uintptr(fd), link)
		_ = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1) // Linux 4.20
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20)     // or a smaller buffer
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: etherType<<8 | etherType>>8, Ifindex: ifi.Index})
	})
	if err != nil {
		if file != nil {
			file.Close()
		}
		return nil, fmt.Errorf("packet socket on %s.%s: %w", h.Name, link, err)
	}
	return file, nil
}
