package wire

import "encoding/binary"

// VXLAN is a tunnel's header (RFC 7348 section 5); the inner frame follows:
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|R|R|R|R|I|R|R|R|            Reserved                           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                VXLAN Network Identifier (VNI) |   Reserved    |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type VXLAN []byte

// vniFlag is the I flag, which says that the VNI is valid.
const vniFlag = 0x08

// valid tells whether the I flag is set.
func (b VXLAN) valid() bool { return b[0]&vniFlag != 0 }

// vni is the network's number, 24 bits.
func (b VXLAN) vni() uint32 { return binary.BigEndian.Uint32(b[4:8]) >> 8 }

// Set writes all 8 bytes of the header for the network with the number vni.
func (b VXLAN) Set(vni uint32) {
	binary.BigEndian.PutUint64(b[0:8], vniFlag<<56|uint64(vni)<<8)
}

// Outer is ParseVXLAN's description of the headers around a tunneled frame.
type Outer struct {
	Station    uint64 // destination MAC of the outer frame, as MAC.Bits
	Src, Dst   Addr   // tunnel ends
	VNI        uint32
	Inner, End uint16 // offsets of the inner frame's start and end
	SrcPort    uint16 // a hash of the inner flow, for load balancing (RFC 7348 section 5)
	ECN        ECN    // the underlay's congestion mark
	Tagged     bool   // whether a tag names a VLAN
	SentOn     bool   // a card sent it on (SendOn)
}

// ParseVXLAN judges a frame from the underlay. is tells whether the frame is a
// tunnel's; o then describes the tunnel. Any other sound frame, such as ARP, is
// neither a tunnel's nor a fault. The reserved bits are ignored, as RFC 7348
// section 5 asks, but for the one of SendOn.
//
// A fragment is a fault: RFC 7348 section 4.3 lets a receiver discard fragmented
// tunnels. Later fragments of any UDP packet are faults too, because they carry no
// port to tell a tunnel's fragments from others.
func ParseVXLAN(frame []byte, o *Outer) (is bool, f Fault) {
	var h Headers
	if f := Parse(frame, &h); f != NoFault {
		return false, f
	}
	if h.Proto != ProtoUDP || h.DstPort != PortVXLAN && h.Frag != LaterFragment {
		return false, NoFault
	}
	if h.Frag != Whole {
		return false, FaultOuterFragment
	}
	if is, f = parseTunnel(frame[h.L4:h.End], &h, o); is {
		o.Station, o.ECN, o.Tagged = Ethernet(frame).DstBits(), h.ECN(frame), h.Tagged
	}
	return is, f
}

// parseTunnel reads the datagram at the start of b, the packet's payload.
func parseTunnel(b []byte, h *Headers, o *Outer) (is bool, f Fault) {
	n := UDP(b).Length()
	if n < UDPLen+VXLANLen {
		return false, FaultVXLANTruncated
	}
	p := (*[UDPLen + VXLANLen]byte)(b)
	if UDP(p[:]).Checksum() != 0 && Sum(b[:n], PseudoSum(h.Src, h.Dst, ProtoUDP, n)) != 0 {
		return false, FaultOuterChecksum
	}
	vxlan := VXLAN(p[UDPLen:])
	if !vxlan.valid() {
		return false, FaultVXLANFlags
	}
	*o = Outer{
		Src: h.Src, Dst: h.Dst, VNI: vxlan.vni(), SrcPort: h.SrcPort,
		Inner: h.L4 + UDPLen + VXLANLen, End: h.L4 + uint16(n), SentOn: vxlan[VXLANLen-1]&sentOn != 0,
	}
	return true, NoFault
}
