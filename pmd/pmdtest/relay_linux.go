package pmdtest

import (
	"encoding/binary"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// relay passes frames between two ports, as a card does, and looks at each.
type relay struct {
	ports [2]pmd.Port
	stop  chan struct{}
	done  sync.WaitGroup

	longest int
	unsound error // what was wrong with the first frame that was not finished
}

// start begins to relay, until the test ends.
func start(t testing.TB, a, b pmd.Port) *relay {
	r := &relay{ports: [2]pmd.Port{a, b}, stop: make(chan struct{})}
	r.done.Go(r.run)
	t.Cleanup(r.end)
	return r
}

// end stops the relay. After it, its fields may be read.
func (r *relay) end() {
	select {
	case <-r.stop:
	default:
		close(r.stop)
	}
	r.done.Wait()
}

func (r *relay) run() {
	var fds []unix.PollFd
	for _, p := range r.ports {
		fds = append(fds, unix.PollFd{Fd: int32(p.(pmd.Waiter).Fd()), Events: unix.POLLIN})
	}
	for {
		select {
		case <-r.stop:
			return
		default:
		}
		if r.pass(r.ports[0], r.ports[1])+r.pass(r.ports[1], r.ports[0]) == 0 {
			unix.Poll(fds, 10)
		}
	}
}

func (r *relay) pass(from, to pmd.Port) int {
	var b pmd.Burst
	from.Rx(&b)
	var frames []*pmd.Frame
	for i := range b.N {
		f := &b.Frames[i]
		r.longest = max(r.longest, f.Len())
		frames = append(frames, f)
		if f.Merged() {
			continue // whoever cuts it sums it
		}
		if err := sound(f.Bytes()); err != nil && r.unsound == nil {
			r.unsound = fmt.Errorf("%w in %x", err, f.Bytes())
		}
	}
	to.Tx(frames)
	return b.N
}

// sound tells what is wrong with the checksums of a frame, in a tunnel too.
func sound(frame []byte) error {
	var h wire.Headers
	if fault := wire.Parse(frame, &h); fault != wire.NoFault {
		return fmt.Errorf("%v", fault)
	}
	if h.L4 == 0 {
		return nil // no IPv4
	}
	b := frame[h.L4:h.End]
	pseudo := wire.PseudoSum(h.Src, h.Dst, h.Proto, len(b))
	switch {
	case h.Proto == wire.ProtoTCP && wire.Sum(b, pseudo) != 0:
		return fmt.Errorf("TCP checksum wrong")
	case h.Proto == wire.ProtoUDP && binary.BigEndian.Uint16(b[6:]) != 0 && wire.Sum(b, pseudo) != 0:
		return fmt.Errorf("UDP checksum wrong")
	case h.Proto == wire.ProtoUDP && h.DstPort == 4789:
		return sound(b[16:])
	}
	return nil
}

// finished ends the relay and checks what it saw.
func (r *relay) finished(t testing.TB, longest int) {
	t.Helper()
	r.end()
	require.NoError(t, r.unsound)
	require.LessOrEqual(t, r.longest, longest, "merged frames were handed out")
}
