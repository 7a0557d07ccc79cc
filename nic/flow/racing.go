//go:build race

package flow

import (
	"sync/atomic"

	"nitrocard/nic/wire"
)

// Packet is atomic under the race detector, which would report the plain stores of
// the other Packet. Those may lose counts, as Conn says.
func (c *Conn) Packet(d wire.Direction, bytes int, tick uint32) {
	atomic.AddUint64(&c.Packets[d&1], 1)
	atomic.AddUint64(&c.Bytes[d&1], uint64(bytes))
	atomic.StoreUint32(&c.Seen, tick)
}

// More is atomic as Packet is.
func (c *Conn) More(d wire.Direction, packets, bytes int) {
	atomic.AddUint64(&c.Packets[d&1], uint64(packets))
	atomic.AddUint64(&c.Bytes[d&1], uint64(bytes))
}
