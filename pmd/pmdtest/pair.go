// Package pmdtest is what every driver must do, as one suite of tests.
//
//	pair.go         Pair: a port and the other end of its wire
//	suite.go        Run: what holds while the link is up
//	link.go         … and when it goes away and comes back
//	frame.go        the frames that the suite sends
//	bench_linux.go  Best, Lane: how fast frames are forwarded
//
// A driver's own test makes pairs and calls Run; what only that driver has is
// tested beside it.
package pmdtest

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
)

// Pair is a port and the other end of its wire. What a driver has no way to
// do is nil.
type Pair struct {
	Port pmd.Port
	Max  int // longest frame the wire carries

	OnlyDot1Q bool // the driver puts a VLAN tag of IEEE 802.1ad back as one of 802.1Q

	Give   func(frame []byte) bool     // sends to the port; false: no room now
	Take   func(fn func(frame []byte)) // passes what the port sent since the last call, each frame valid within fn
	Down   func()                      // pulls the cable
	Up     func()                      // and plugs it in again
	Remove func()                      // takes the device away
}

// patience is how long a kernel may take to do what it was asked to, on a busy
// machine.
const patience = 5 * time.Minute

// Until waits for a condition that the kernel brings about.
func Until(t testing.TB, what string, reached func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !reached(); time.Sleep(50 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

// give sends frames to the port.
func (p *Pair) give(t *testing.T, frames ...[]byte) {
	t.Helper()
	for _, f := range frames {
		Until(t, "room for a frame to the port", func() bool { return p.Give(f) })
	}
}

// receive polls the port until fn has seen n of the suite's frames.
func (p *Pair) receive(t *testing.T, n int, fn func(f *pmd.Frame)) {
	t.Helper()
	var b pmd.Burst
	got := 0
	Until(t, "all frames received", func() bool {
		p.Port.Rx(&b)
		for i := range b.N {
			if ours(b.Frames[i].Bytes()) {
				got++
				fn(&b.Frames[i])
			}
		}
		return got >= n
	})
	require.Equal(t, n, got)
}

// arrive waits until the other end has heard n of the suite's frames.
func (p *Pair) arrive(t *testing.T, n int) [][]byte {
	t.Helper()
	var got [][]byte
	Until(t, "all frames arrived", func() bool {
		p.Take(func(frame []byte) {
			if ours(frame) {
				got = append(got, bytes.Clone(frame))
			}
		})
		return len(got) >= n
	})
	require.Len(t, got, n)
	return got
}
