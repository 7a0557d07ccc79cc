package flow_test

import (
	"fmt"
	"time"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
)

// A client's SYN opens a connection, the server's answer finds it by the same key, and an idle connection ends.
func ExampleTable() {
	limits := flow.DefaultTimeouts()
	limits.Established = 350 * time.Second
	table, err := flow.New(flow.Options{
		Capacity: 1000, Seed: 42, Readers: 1, // a real seed comes from crypto/rand
		Timeouts: func(eni uint32) *flow.Timeouts { return &limits },
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	var k flow.Key
	k.Set(7, wire.ProtoTCP, flow.Ends{Local: 0x0a000105, Remote: 0xcb007109, LocalPort: 443, RemotePort: 51000})
	now := int64(1_780_000_000e9)
	tick := flow.TickOf(now)

	table.Lock()
	at, result := table.Open(&flow.Opening{
		Key: k, Dir: wire.In, TCPFlags: wire.TCPSyn, First: 1000, Found: flow.Found{Epoch: 1}, Owner: 1, Limit: 100, Now: tick,
	})
	table.Unlock()
	fmt.Println(result == flow.Opened)
	table.Conn(at).Packet(wire.In, 60, uint32(tick))

	found, _, status := table.Find(&k)
	fmt.Println(found == at, status.State())

	c := table.Conn(at)
	c.Packet(wire.Out, 60, uint32(tick))
	c.TCP(wire.Out, wire.TCPSyn|wire.TCPAck)
	c.Packet(wire.In, 52, uint32(tick))
	c.TCP(wire.In, wire.TCPAck)
	fmt.Println(c.Status().State(), c.Packets)

	table.Advance(flow.TickOf(now+351e9), 1000)
	fmt.Println("left:", table.Len())
	// Output:
	// true
	// true SYN_SENT
	// ESTABLISHED [2 1]
	// left: 0
}
