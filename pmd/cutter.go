package pmd

import (
	"encoding/binary"

	"nitrocard/nic/wire"
)

// Cutter cuts a merged frame into its packets, for a port that takes no merged
// frame. Its zero value has none.
type Cutter struct {
	frame        []byte
	ip           int // where the inner IPv4 header is
	tcp, payload int
	segment      int
	at           int    // payload that was not cut yet
	number       uint16 // of the next segment
}

// Start begins with a merged frame, which is the cutter's until its last packet was cut.
func (c *Cutter) Start(f *Frame) {
	*c = Cutter{frame: f.Bytes(), ip: wire.EthernetLen, segment: int(f.segment)}
	c.tcp, c.payload = f.Headers()
	if c.tunneled() {
		c.ip += wire.OuterLen
	}
	c.at = c.payload
}

func (c *Cutter) tunneled() bool { return c.frame[wire.EthernetLen+9] == wire.ProtoUDP }

// Next writes the next packet to buf, which has room for MaxFrame bytes, and returns
// its length: 0 after the last, and where the packet has no room.
func (c *Cutter) Next(buf []byte) int {
	if c.at >= len(c.frame) || c.payload+c.segment > len(buf) {
		return 0
	}
	n := copy(buf, c.frame[:c.payload])
	n += copy(buf[n:], c.frame[c.at:min(c.at+c.segment, len(c.frame))])
	seg := buf[:n]
	if c.ip > wire.EthernetLen {
		outer := wire.IPv4(seg[wire.EthernetLen:])
		setTotal(outer, 0)
		wire.UDP(outer[wire.IPv4Len:]).SetLength(len(outer) - wire.IPv4Len)
	}
	ip := wire.IPv4(seg[c.ip:])
	setTotal(ip, c.number)
	c.finish(ip, seg[c.tcp:])
	c.at += n - c.payload
	c.number++
	return n
}

// setTotal writes the length of a packet, which is that of ip, adds to its
// identification and sums its header.
func setTotal(ip wire.IPv4, number uint16) {
	ip.SetTotalLen(len(ip))
	ip.SetID(ip.ID() + number)
	ip.SetChecksum(0)
	ip.SetChecksum(wire.Sum(ip[:ip.HeaderLen()], 0))
}

// finish writes sequence number, flags and checksum of TCP.
func (c *Cutter) finish(ip wire.IPv4, tcp wire.TCP) {
	flags := tcp.Flags()
	if c.number > 0 {
		flags &^= wire.TCPCwr // RFC 3168 section 6.1.2: said once
	}
	if c.at+c.segment < len(c.frame) {
		flags &^= wire.TCPFin | wire.TCPPsh
	}
	tcp.SetFlags(flags)
	tcp.SetSeq(tcp.Seq() + uint32(c.at-c.payload))
	sum := tcp[16:18]
	clear(sum)
	pseudo := wire.PseudoSum(wire.AddrFrom4(ip.Src()), wire.AddrFrom4(ip.Dst()), wire.ProtoTCP, len(tcp))
	binary.BigEndian.PutUint16(sum, nonZero(wire.Sum(tcp, pseudo)))
}

// nonZero is a checksum, which is never written as 0: a datagram's would say that it
// has none (RFC 768), and TCP's is as good as 0xffff.
func nonZero(sum uint16) uint16 {
	if sum == 0 {
		return 0xffff
	}
	return sum
}
