//go:build race

package flow

import "sync/atomic"

// Packet is the same for the race detector, which need not look at what may be
// lost.
func (c *Conn) Packet(d Dir, bytes int, tick uint32) {
	atomic.AddUint64(&c.Packets[d&1], 1)
	atomic.AddUint64(&c.Bytes[d&1], uint64(bytes))
	atomic.StoreUint32(&c.Seen, tick)
}
