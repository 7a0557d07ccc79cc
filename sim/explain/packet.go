package explain

import (
	"fmt"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/serial"
)

// Packet is the headers of a packet at some place of its way, in host byte order.
type Packet struct {
	Protocol         uint8 // IANA's number
	Src, Dst         netip.Addr
	SrcPort, DstPort uint16 // of TCP and UDP
	Flags            uint8  // of TCP, as wire has them
	Seq, Ack         uint32 // of TCP
	Type, Code       uint8  // of ICMP, for each family its own
	ID               uint16 // of an ICMP query and its answer
}

// hasPorts tells whether the protocol has ports that rules ask for.
func (p *Packet) hasPorts() bool { return p.Protocol == wire.ProtoTCP || p.Protocol == wire.ProtoUDP }

// isICMP tells whether the packet is a control message of its family.
func (p *Packet) isICMP() bool {
	return p.Protocol == wire.ProtoICMP && p.Src.Is4() || p.Protocol == wire.ProtoICMPv6 && p.Src.Is6()
}

// Answer is the first packet that the receiver sends back.
func (p Packet) Answer() Packet {
	a := p
	a.Src, a.Dst, a.SrcPort, a.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
	switch {
	case p.Protocol == wire.ProtoTCP:
		a.Flags, a.Seq, a.Ack = wire.TCPSyn|wire.TCPAck, p.Seq^0x5a5a5a, p.Seq+1
	case p.isICMP() && p.Type == wire.ICMPEcho && p.Src.Is4():
		a.Type = wire.ICMPEchoReply
	case p.isICMP() && p.Type == wire.ICMPv6Echo:
		a.Type = wire.ICMPv6EchoReply
	}
	return a
}

// String is the packet in a line, such as "tcp 10.0.1.5:40000 > 10.0.2.5:80".
func (p Packet) String() string {
	switch {
	case p.hasPorts():
		return fmt.Sprintf("%s %v > %v", wire.ProtocolName(p.Protocol), netip.AddrPortFrom(p.Src, p.SrcPort), netip.AddrPortFrom(p.Dst, p.DstPort))
	case p.isICMP():
		return fmt.Sprintf("%s %v > %v type %d code %d", wire.ProtocolName(p.Protocol), p.Src, p.Dst, p.Type, p.Code)
	}
	return fmt.Sprintf("%s %v > %v", wire.ProtocolName(p.Protocol), p.Src, p.Dst)
}

// frame is the packet as a frame between two stations, right to the last checksum.
func (p *Packet) frame(from, to wire.MAC) ([]byte, error) {
	return serial.Frame(p.layers(from, to)...)
}

// layers are the frame's headers and payload.
func (p *Packet) layers(from, to wire.MAC) []gopacket.SerializableLayer {
	ethernet := &layers.Ethernet{SrcMAC: from[:], DstMAC: to[:], EthernetType: layers.EthernetTypeIPv4}
	var network gopacket.SerializableLayer
	if p.Src.Is4() {
		network = &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocol(p.Protocol), SrcIP: p.Src.AsSlice(), DstIP: p.Dst.AsSlice()}
	} else {
		ethernet.EthernetType = layers.EthernetTypeIPv6
		network = &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocol(p.Protocol), SrcIP: p.Src.AsSlice(), DstIP: p.Dst.AsSlice()}
	}
	return append([]gopacket.SerializableLayer{ethernet, network}, p.transport()...)
}

// payload is what a packet without a transport header of its own carries.
var payload = gopacket.Payload("nitrocard explain")

// transport is the transport header, and the payload behind it.
func (p *Packet) transport() []gopacket.SerializableLayer {
	switch {
	case p.Protocol == wire.ProtoTCP:
		return []gopacket.SerializableLayer{&layers.TCP{SrcPort: layers.TCPPort(p.SrcPort), DstPort: layers.TCPPort(p.DstPort), Seq: p.Seq, Ack: p.Ack, Window: 65535,
			SYN: p.Flags&wire.TCPSyn != 0, ACK: p.Flags&wire.TCPAck != 0, RST: p.Flags&wire.TCPRst != 0, FIN: p.Flags&wire.TCPFin != 0}}
	case p.Protocol == wire.ProtoUDP:
		return []gopacket.SerializableLayer{&layers.UDP{SrcPort: layers.UDPPort(p.SrcPort), DstPort: layers.UDPPort(p.DstPort)}, payload}
	case p.isICMP() && p.Src.Is4():
		return []gopacket.SerializableLayer{&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(p.Type, p.Code), Id: p.ID, Seq: 1}, payload}
	case p.isICMP():
		return []gopacket.SerializableLayer{&layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(p.Type, p.Code)}, &layers.ICMPv6Echo{Identifier: p.ID, SeqNumber: 1}, payload}
	}
	return []gopacket.SerializableLayer{payload}
}

// read is the packet in a frame that a card sent.
func read(frame []byte) (Packet, error) {
	var h wire.Headers
	if fault := wire.Parse(frame, &h); fault != wire.NoFault {
		return Packet{}, fmt.Errorf("a card sent a frame that is malformed: %s", fault.Sentence())
	}
	p := Packet{Protocol: h.Proto, Src: h.Src.Netip(), Dst: h.Dst.Netip()}
	switch {
	case p.hasPorts():
		p.SrcPort, p.DstPort = h.SrcPort, h.DstPort
	case p.isICMP():
		p.Type, p.Code, p.ID = h.Type, h.Code, h.SrcPort
	}
	if p.Protocol == wire.ProtoTCP {
		t := wire.TCP(frame[h.L4:])
		p.Flags, p.Seq, p.Ack = h.Flags, t.Seq(), t.Ack()
	}
	return p, nil
}
