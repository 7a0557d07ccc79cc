package service_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest/ample"
	"nitrocard/nic/wire"
)

// hostSlots is how many connections an ENI's host of the metadata service has open at one time.
const hostSlots = 32

// Who holds all connections that the metadata service gives an ENI, takes nothing from a
// neighbour, and has one more when its time is over: a client that says nothing, one that stops in
// the midst of a request, and one that asks and has no room for the answer.
func TestASlowClientOfMetadataWaitsForItself(t *testing.T) {
	for name, hold := range map[string]func(connection){
		"silent":         func(c connection) { c.send(c.text("", 1<<15)) },
		"half a request": func(c connection) { c.send(c.text(getMAC[:20], 1<<15)) },
		"no window":      func(c connection) { c.send(c.text(getMAC, 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slow, neighbour := newPeers(t)
			for range hostSlots {
				hold(slow.dial())
			}
			neighbour.fetch()
			slow.fetch()
		})
	}
}

// Connections that are half open are forgotten: after any number of them, a guest opens a whole
// one, and they keep no thread.
func TestHalfOpenConnectionsOfMetadataAreForgotten(t *testing.T) {
	a1, _ := newPeers(t)
	a1.fetch()
	before := runtime.NumGoroutine()
	for range 10_000 {
		a1.send(a1.segment(a1.nextPort(), wire.TCPSyn).Seq(1, 0).Bytes())
		a1.now += 1e9 / 512 // within the ENI's allowance
	}
	a1.port.Sent()
	a1.fetch()
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+16 }, ample.Time, time.Millisecond)
}
