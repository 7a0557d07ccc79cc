package nat

import (
	"encoding/binary"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/siit"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// refuse makes frame i, a segment from inside on a connection that is no more, a RST to the
// host that sent it (VPC user guide, "NAT gateway timeout"): the gateway sends RST and no FIN,
// to the inside alone, and only when the host goes on. The numbers are those of a closed port
// (RFC 9293 section 3.10.7.1).
func (a *Appliance) refuse(i int) pipeline.Verdict {
	f, h := &a.frames[i], &a.headers[i]
	if h.Flags&wire.TCPRst != 0 {
		return pipeline.NATUnknown // nobody answers a RST
	}
	host := h.Src
	if !host.Is4() && !siit.To4(f, h, siit.Ends{Src: wire.AddrFrom4(0), Dst: embedded(h.Dst)}, 0) {
		return pipeline.NATFamily
	}
	answer(f, h)
	wire.Parse(f.Bytes(), h)
	if !host.Is4() && !siit.To6(f, h, siit.Ends{Src: h.Src.Converted(), Dst: host}) {
		return pipeline.NATFamily
	}
	a.send(i, true)
	return pipeline.Sent
}

// answer makes a segment in IPv4 the RST to its sender.
func answer(f *pmd.Frame, h *wire.Headers) {
	frame := f.Bytes()
	segment := wire.TCP(frame[h.L4:h.End])
	seq, ack, flags := uint32(0), segment.Seq()+length(segment), uint8(wire.TCPRst|wire.TCPAck)
	if h.Flags&wire.TCPAck != 0 {
		seq, ack, flags = segment.Ack(), 0, wire.TCPRst
	}
	ip := wire.IPv4(frame[h.L3:])
	const total = wire.IPv4Len + wire.TCPLen
	ip[0], ip[1], ip[8] = 0x45, 0, 64
	ip.SetTotalLen(total)
	binary.BigEndian.PutUint32(ip[4:], 0x4000) // no identification, do not fragment
	ip.SetSrc(h.Dst.As4())
	ip.SetDst(h.Src.As4())
	ip.SetChecksum(0)
	ip.SetChecksum(wire.Sum(ip[:wire.IPv4Len], 0))
	tcp := wire.TCP(ip[wire.IPv4Len:total])
	binary.BigEndian.PutUint16(tcp[0:], h.DstPort)
	binary.BigEndian.PutUint16(tcp[2:], h.SrcPort)
	tcp.SetSeq(seq)
	binary.BigEndian.PutUint32(tcp[8:], ack)
	clear(tcp[12:])
	tcp[12] = wire.TCPLen / 4 << 4
	tcp.SetFlags(flags)
	wire.PutSum(tcp[16:18], wire.Sum(tcp, wire.PseudoSum(h.Dst, h.Src, wire.ProtoTCP, wire.TCPLen)))
	f.Whole(int(h.L3) + total)
}

// length is how many numbers a segment takes: its data, and one for SYN and FIN each.
func length(s wire.TCP) uint32 {
	n := uint32(len(s) - s.HeaderLen())
	for _, flag := range []uint8{wire.TCPSyn, wire.TCPFin} {
		if s.Flags()&flag != 0 {
			n++
		}
	}
	return n
}
