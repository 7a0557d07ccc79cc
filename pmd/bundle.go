package pmd

import (
	"encoding/binary"

	"nitrocard/nic/wire"
)

// A bundle is the packets of a merged frame in a tunnel behind one outer UDP header, as
// the kernel carries datagrams of one size that it cuts late, on a virtual link never:
//
//	|Ethernet|IPv4|UDP|VXLAN|packet 0|VXLAN|packet 1| … |VXLAN|last|
//	|   OuterHead     |<--- size --->|<--- size --->|   |<= size ->|
//
// Unlike a merged frame, a bundle is whole packets: who knows nothing of the tunnel cuts
// it rightly.

// OuterHead is the length of the headers that a bundle has once.
const OuterHead = wire.OuterLen - wire.VXLANLen

// MaxBundle is the length of the longest bundle. Linux cuts a longer one before the device, even
// if the device would (gso_max_size in linux/netdevice.h).
const MaxBundle = 1<<16 - 1

// Bundle writes as many of the cutter's packets, which are in outer headers, as a bundle has
// room for to buf, of MaxBundle+MaxFrame bytes. It returns the bundle, the bytes of each
// packet but the last with its VXLAN header, and the count of packets: 0 after the last. One
// packet is a frame as Next writes it.
func (c *Cutter) Bundle(buf []byte) (bundle []byte, size, packets int) {
	end := c.Next(buf)
	if end == 0 {
		return nil, 0, 0
	}
	size = end - OuterHead
	for packets = 1; OuterHead+(packets+1)*size <= MaxBundle; packets++ {
		// The next packet's outer headers come to lie over the end of the one before.
		at := packets * size
		kept := [OuterHead]byte(buf[at:])
		n := c.Next(buf[at:])
		copy(buf[at:], kept[:])
		if n == 0 {
			break
		}
		end = at + n
	}
	if packets > 1 {
		setOuterLength(buf[:end])
	}
	return buf[:end], size, packets
}

// Joiner makes bundles merged frames again. Its zero value is ready.
type Joiner struct {
	bundle  []byte
	size    int
	first   layout
	segment [MaxFrame]byte // headers as a cutter would write them
}

// layout is where the headers of a bundle's packets are, from its VXLAN header on.
type layout struct{ ip, tcp, payload int }

// Join makes a bundle of packets of so many bytes the merged frame that it was made of, in
// place, and returns the frame and its segments' payload bytes. It is false, and the
// bundle as it was, unless a Cutter would make of that frame the bundle's packets, byte for
// byte, checksums included.
func (j *Joiner) Join(bundle []byte, size int) (merged []byte, segment int, ok bool) {
	j.bundle, j.size = bundle, size
	if !j.begins() || !j.goesOn() {
		return nil, 0, false
	}
	return j.join(), size - j.first.payload, true
}

// begins tells whether outer headers and first packet are sound, and finds its headers.
func (j *Joiner) begins() bool {
	const inner = wire.VXLANLen
	if j.size < inner+len(wire.Plain{}) || OuterHead+j.size > MaxFrame || len(j.bundle) <= OuterHead+j.size || len(j.bundle) > MaxBundle ||
		!isOuter(j.bundle) || !soundIPv4(j.packet(0)[inner:], wire.ProtoTCP) {
		return false
	}
	tcp, payload := headersOf(j.packet(0)[inner:])
	j.first = layout{inner + wire.EthernetLen, inner + tcp, inner + payload}
	return payload >= tcp+wire.TCPLen && j.first.payload < j.size && j.packets() <= MaxBurst &&
		len(j.packet(j.packets()-1)) > j.first.payload
}

func (j *Joiner) packets() int { return (len(j.bundle) - OuterHead + j.size - 1) / j.size }

// packet is the packet of a number with its VXLAN header.
func (j *Joiner) packet(i int) []byte {
	at := OuterHead + i*j.size
	return j.bundle[at:min(at+j.size, len(j.bundle))]
}

// goesOn tells whether each packet is what a cutter makes of the merged frame, whose flags
// are the first's and of the last FIN and PSH.
func (j *Joiner) goesOn() bool {
	flags := j.tcp(0).Flags() | j.tcp(j.packets()-1).Flags()&(wire.TCPFin|wire.TCPPsh)
	for i := range j.packets() {
		packet := j.packet(i)
		want := j.segment[:len(packet)]
		copy(want, j.packet(0)[:j.first.payload])
		wire.IPv4(want[j.first.ip:]).Segment(uint16(i))
		tcp := wire.TCP(want[j.first.tcp:])
		tcp.SetFlags(flags)
		tcp.Segment(i*(j.size-j.first.payload), i == j.packets()-1)
		copy(tcp[tcpSum:tcpSum+2], packet[j.first.tcp+tcpSum:])
		if string(want[:j.first.payload]) != string(packet[:j.first.payload]) || !rightSum(packet, j.first) {
			return false
		}
	}
	return true
}

func (j *Joiner) tcp(i int) wire.TCP { return wire.TCP(j.packet(i)[j.first.tcp:]) }

// rightSum tells whether the checksum of TCP is right.
func rightSum(packet []byte, at layout) bool {
	tcp := packet[at.tcp:]
	return wire.Sum(tcp, pseudoOf(packet[at.ip:], tcp)) == 0
}

// join moves the payloads together and finishes the headers in front of them.
func (j *Joiner) join() []byte {
	last := j.packets() - 1
	end := j.tcp(last).Flags() & (wire.TCPFin | wire.TCPPsh)
	n := OuterHead + j.size
	for i := 1; i <= last; i++ {
		n += copy(j.bundle[n:], j.packet(i)[j.first.payload:])
	}
	merged := j.bundle[:n]
	setOuterLength(merged)
	ip := wire.IPv4(merged[OuterHead+j.first.ip:])
	ip.Segment(0)
	tcp := wire.TCP(merged[OuterHead+j.first.tcp:])
	tcp.SetFlags(tcp.Flags() | end)
	binary.BigEndian.PutUint16(tcp[tcpSum:], wire.Sum(nil, pseudoOf(ip, tcp)))
	return merged
}

// tcpSum is where a TCP header has its checksum.
const tcpSum = 16

// pseudoOf is the sum of the pseudo-header of a TCP segment in a packet of either family.
func pseudoOf(packet, tcp []byte) uint32 {
	if ip := wire.IPv4(packet); ip[0]>>4 == 4 {
		return wire.PseudoSum(wire.AddrFrom4(ip.Src()), wire.AddrFrom4(ip.Dst()), wire.ProtoTCP, len(tcp))
	}
	return wire.PseudoSum(wire.IPv6(packet).Src(), wire.IPv6(packet).Dst(), wire.ProtoTCP, len(tcp))
}
