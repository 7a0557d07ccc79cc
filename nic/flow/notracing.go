//go:build !race

package flow

import "nitrocard/nic/wire"

// Packet counts a packet of so many bytes in direction d and makes the connection
// young again. tick is the low half of TickOf.
//
// Packet stores without atomic instructions: an atomic store costs about twenty
// cycles, and a lost count harms nobody.
func (c *Conn) Packet(d wire.Direction, bytes int, tick uint32) {
	c.Packets[d&1]++
	c.Bytes[d&1] += uint64(bytes)
	c.Seen = tick
}

// More counts packets in direction d beyond that which Packet counted, with so many bytes.
func (c *Conn) More(d wire.Direction, packets, bytes int) {
	c.Packets[d&1] += uint64(packets)
	c.Bytes[d&1] += uint64(bytes)
}
