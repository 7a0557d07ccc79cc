package main

import (
	"bytes"
	"encoding/binary"

	"nitrocard/nic/wire"
)

// Where the fields of a tunneled TCP segment lie.
const (
	innerMACs  = wire.OuterLen
	innerIP    = wire.OuterLen + wire.EthernetLen
	innerAddrs = innerIP + 12
	innerTCP   = innerIP + wire.IPv4Len
	tcpFlags   = innerTCP + 12 // and the header's length
	tcpWindow  = innerTCP + 14
	tcpSum     = innerTCP + 16
)

// reply is the answer, SYN and ACK, to a SYN in a tunnel. It comes by the same
// tunnel, as a tracker asks only for the connection's ends. Its window is as
// wide as can be: OVS holds the segments that follow to it.
func reply(syn []byte) []byte {
	f := bytes.Clone(syn)
	exchange(f[innerMACs:], 6)
	exchange(f[innerAddrs:], 4)
	exchange(f[innerTCP:], 2)
	put(f, tcpFlags, binary.BigEndian.Uint16(f[tcpFlags:])|0x10)
	put(f, tcpWindow, 0xffff)
	return f
}

// exchange swaps two neighbors of n bytes. No checksum notices.
func exchange(b []byte, n int) {
	first := bytes.Clone(b[:n])
	copy(b, b[n:2*n])
	copy(b[n:], first)
}

// put sets a word of the TCP header, and its checksum.
func put(f []byte, at int, word uint16) {
	sum := wire.Update16(binary.BigEndian.Uint16(f[tcpSum:]), binary.BigEndian.Uint16(f[at:]), word)
	binary.BigEndian.PutUint16(f[tcpSum:], sum)
	binary.BigEndian.PutUint16(f[at:], word)
}
