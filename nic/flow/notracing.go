//go:build !race

package flow

// Packet counts a packet of so many bytes and makes the connection young
// again. tick is the low half of TickOf.
//
// Its stores are plain: nobody waits for what they wrote, and an atomic one
// costs a packet about twenty cycles.
func (c *Conn) Packet(d Dir, bytes int, tick uint32) {
	c.Packets[d&1]++
	c.Bytes[d&1] += uint64(bytes)
	c.Seen = tick
}
