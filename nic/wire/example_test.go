package wire_test

import (
	"encoding/binary"
	"fmt"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

func ExampleParse() {
	frame := wiretest.TCP("10.0.1.5:40000", "10.0.1.6:80").Flags(wire.TCPSyn).Bytes()

	var h wire.Headers
	fmt.Println(wire.Parse(frame, &h))
	fmt.Printf("%s %v:%d > %v:%d\n", wire.ProtocolName(h.Proto), h.Src, h.SrcPort, h.Dst, h.DstPort)
	fmt.Println("IPv4 at", h.L3, "TCP at", h.L4, "end at", h.End)

	fmt.Println(wire.Parse(frame[:50], &h).Sentence())
	// Output:
	// none
	// tcp 10.0.1.5:40000 > 10.0.1.6:80
	// IPv4 at 14 TCP at 34 end at 54
	// the IPv4 packet says it is longer than the frame
}

// A packet leaves for the internet with the public address of its sender.
func ExampleRewriteSrc() {
	frame := wiretest.TCP("10.0.1.5:80", "203.0.113.9:40000").Payload("hello").Bytes()

	var h wire.Headers
	wire.Parse(frame, &h)
	wire.RewriteSrc(frame, &h, wiretest.Addr("35.72.2.8"))

	fmt.Println(h.Src, ">", h.Dst)
	fmt.Println("wrong checksums:", wiretest.Check(frame))
	// Output:
	// 35.72.2.8 > 203.0.113.9
	// wrong checksums: <nil>
}

// A tunnel's headers go in front of a frame that stays where it is.
func ExampleVXLAN() {
	inner := wiretest.Echo("10.0.1.5", "10.0.1.6", 7).Bytes()
	frame := append(make([]byte, wire.OuterLen), inner...)

	eth := wire.Ethernet(frame)
	eth.SetDst(wire.MAC{2, 0, 0, 0, 0, 0x12})
	eth.SetSrc(wire.MAC{2, 0, 0, 0, 0, 0x11})
	eth.SetEtherType(wire.EtherTypeIPv4)

	ip := wire.IPv4(frame[wire.EthernetLen:])
	ip[0], ip[8], ip[9] = 0x45, 64, wire.ProtoUDP // version and header length, time to live, protocol
	ip.SetTotalLen(len(ip))
	ip.SetSrc(0xac10000b) // 172.16.0.11
	ip.SetDst(0xac10000c) // 172.16.0.12
	ip.SetChecksum(wire.Sum(ip[:wire.IPv4Len], 0))

	udp := wire.UDP(ip[wire.IPv4Len:])
	udp.SetSrcPort(49152)
	binary.BigEndian.PutUint16(udp[2:], wire.PortVXLAN)
	udp.SetLength(len(udp))
	wire.VXLAN(udp[wire.UDPLen:]).Set(5001)

	fmt.Printf("% x\n", frame[42:wire.OuterLen])
	fmt.Println("wrong checksums:", wiretest.Check(frame))
	// Output:
	// 08 00 00 00 00 13 89 00
	// wrong checksums: <nil>
}

func ExampleParseVXLAN() {
	inner := wiretest.Echo("10.0.1.5", "10.0.1.6", 7).Bytes()
	frame := wiretest.VXLAN("172.16.0.11", "172.16.0.12", 5001, inner).Bytes()

	var o wire.Outer
	tunnel, fault := wire.ParseVXLAN(frame, &o)
	fmt.Println(tunnel, fault)
	fmt.Printf("VNI %d, %v > %v, inner frame at %d to %d\n", o.VNI, o.Src, o.Dst, o.Inner, o.End)

	var h wire.Headers
	fmt.Println(wire.Parse(frame[o.Inner:o.End], &h), wire.ProtocolName(h.Proto))
	// Output:
	// true none
	// VNI 5001, 172.16.0.11 > 172.16.0.12, inner frame at 50 to 92
	// none icmp
}
