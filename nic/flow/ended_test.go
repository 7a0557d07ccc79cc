package flow

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

// Whoever needs to know learns of each connection's end once, with what the record
// held: idle ones, those of an ENI that went, those in whose place another begins, and
// those whose owner has no room for the next one.
func TestEndsAreTold(t *testing.T) {
	r := newRig(t, 64)
	var told []string
	r.Table.ended = func(at uint32, k *Key, c *Conn) {
		told = append(told, fmt.Sprintf("ENI %d port %d: rule %d, first %d, %v packets, %v", k.ENI(), k.LocalPort, r.Rule(at), r.First(at), c.Packets, c.state()))
	}
	is := func(want ...string) {
		t.Helper()
		slices.Sort(told)
		require.Equal(t, want, told)
		told = nil
	}
	opening := func(eni uint32, port uint16, first uint32) Opening {
		k := makeKey(eni, wire.ProtoTCP, Ends{Local: 0x0a000105, Remote: 9, LocalPort: port, RemotePort: 443})
		return Opening{Key: k, Dir: wire.Out, TCPFlags: syn, First: first, Rule: first + 1, Owner: uint64(eni), Limit: 10, Found: Found{Epoch: 1}, Now: r.tick()}
	}
	r.open(opening(1, 1, 10))
	at := r.open(opening(1, 2, 20))
	r.packet(at, wire.In, syn|ack)
	is()

	again := opening(1, 2, 30)
	require.Equal(t, Opened, r.Restart(at, &again))
	is("ENI 1 port 2: rule 21, first 20, [1 1] packets, SYN_RECEIVED")
	again.Limit = 1
	require.Equal(t, AllowanceExceeded, r.Restart(at, &again))
	is("ENI 1 port 2: rule 31, first 30, [0 0] packets, SYN_SENT")

	r.open(opening(2, 3, 40))
	r.gone[2] = true
	r.wait(20 * time.Second)
	is("ENI 2 port 3: rule 41, first 40, [0 1] packets, SYN_SENT")
	r.wait(time.Minute)
	is("ENI 1 port 1: rule 11, first 10, [0 1] packets, SYN_SENT")
	r.wait(24 * time.Hour)
	is()
}
