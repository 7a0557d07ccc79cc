//go:build linux

package lab

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"nitrocard/nic/wire"
	"nitrocard/sim/netlab"
)

// flood sends frames from a link until ctx ends, as many as a yielding thread can. next
// makes the i-th frame.
func flood(ctx context.Context, h *netlab.Host, link string, next func(i int) []byte) (string, error) {
	raw, err := h.Raw(link)
	if err != nil {
		return "", err
	}
	defer raw.Close()
	if err := yielding(); err != nil {
		return "", err
	}
	sent := 0
	for i := 0; ctx.Err() == nil; i++ {
		if raw.Send(next(i)) == nil { // a full queue refuses some
			sent++
		}
	}
	return fmt.Sprintf("%d frames", sent), nil
}

// yielding gives the goroutine a thread of its own that runs when nobody else wants the
// CPU: an attacker's CPUs are its own on a server, and here must not be taken from the
// card. The thread ends with the goroutine.
func yielding() error {
	runtime.LockOSThread()
	if err := unix.Setpriority(unix.PRIO_PROCESS, 0, 19); err != nil {
		return fmt.Errorf("lowering the priority of an attacker: %w", err)
	}
	return nil
}

// ports rewrites the source and destination ports of a frame of TCP or UDP, whose
// checksum stays right.
func ports(frame []byte, h *wire.Headers, src, dst uint16) {
	at := 16 // TCP's checksum
	if h.Proto == wire.ProtoUDP {
		at = 6
	}
	reword(frame[h.L4:], at, 0, src)
	reword(frame[h.L4:], at, 2, dst)
}

// reword writes a word of a transport header, whose checksum is at sum.
func reword(b []byte, sum, at int, word uint16) {
	old := uint16(b[at])<<8 | uint16(b[at+1])
	checksum := wire.Update16(uint16(b[sum])<<8|uint16(b[sum+1]), old, word)
	b[at], b[at+1] = byte(word>>8), byte(word)
	b[sum], b[sum+1] = byte(checksum>>8), byte(checksum)
}
