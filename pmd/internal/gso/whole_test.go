package gso

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// stream is a merged frame as a sender's kernel leaves it, in a tunnel or not, with
// its header. options are those of IPv4 and of TCP, in words.
func stream(tunneled bool, options [2]int, flags uint8, size int, payload []byte) (frame []byte, h Header) {
	ip := 20 + 4*(options[0]%11)
	tcp := 20 + 4*(options[1]%11)
	inner := make([]byte, 14+ip+tcp+len(payload))
	copy(inner, "\x02\x00\x00\x0a\x01\x05\x02\x00\x00\x0b\x01\x05\x08\x00")
	packet(inner[14:], ip, wire.ProtoTCP)
	seg := inner[14+ip:]
	binary.BigEndian.PutUint32(seg[0:], 0x12345678)
	binary.BigEndian.PutUint32(seg[4:], 0xfffffff0)
	seg[12], seg[13] = uint8(tcp/4)<<4, flags
	copy(seg[tcp:], payload)
	v := wire.IPv4(inner[14:])
	partial := wire.PseudoSum(wire.AddrFrom4(v.Src()), wire.AddrFrom4(v.Dst()), wire.ProtoTCP, len(seg))
	binary.BigEndian.PutUint16(seg[16:], ^wire.Sum(nil, partial))
	frame, start := inner, 14+ip
	if tunneled {
		frame = append(make([]byte, wire.OuterLen), inner...)
		copy(frame, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00")
		packet(frame[14:], 20, wire.ProtoUDP)
		udp := wire.UDP(frame[34:])
		udp.SetSrcPort(50000)
		binary.BigEndian.PutUint16(udp[2:], wire.PortVXLAN)
		udp.SetLength(len(udp))
		wire.VXLAN(frame[42:]).Set(5001)
		start += wire.OuterLen
	}
	return frame, Header{flags: needsSum, kind: tcp4, size: size, start: start, offset: tcpSum}
}

// packet writes an IPv4 header of n bytes to b, which is the packet.
func packet(b []byte, n int, proto uint8) {
	b[0], b[8], b[9] = 0x40|uint8(n/4), 64, proto
	for i := 20; i < n; i++ {
		b[i] = 1 // no operation
	}
	ip := wire.IPv4(b)
	ip.SetTotalLen(len(b))
	ip.SetID(0xfffe)
	copy(b[12:], "\x0a\x00\x01\x05\x0a\x00\x02\x05")
	ip.SetChecksum(wire.Sum(b[:n], 0))
}

// cut are the packets of what h says of a frame, cut as on reception.
func cut(t *testing.T, frame []byte, h Header) (packets [][]byte) {
	var c Cutter
	require.True(t, c.Start(bytes.Clone(frame), &h, pmd.MaxFrame))
	for buf := make([]byte, pmd.MaxFrame); c.Active(); {
		packets = append(packets, bytes.Clone(buf[:c.Next(buf)]))
	}
	return packets
}

// Whole and cut, a stream is the same bytes at the end: what is lent as merged has its addresses
// rewritten once, takes a tunnel off or on, and is cut then; or is cut first and each packet is rewritten.
func FuzzWholeAndCut(f *testing.F) {
	f.Add(true, true, 0, 0, uint8(wire.TCPAck|wire.TCPPsh), 1400, 60000, []byte{1, 2, 3})
	f.Add(false, true, 2, 3, uint8(wire.TCPAck|wire.TCPFin|wire.TCPCwr), 8949, 30000, []byte{255})
	f.Add(true, false, 1, 0, uint8(wire.TCPAck), 100, 200, []byte{})
	f.Add(false, false, 0, 10, uint8(wire.TCPAck), 1, 64, []byte{9})
	f.Fuzz(func(t *testing.T, tunneled, rewrite bool, ipOptions, tcpOptions int, flags uint8, size, length int, seed []byte) {
		payload := make([]byte, uint16(length))
		for i := range payload {
			payload[i] = byte(i * 7)
			if len(seed) > 0 {
				payload[i] ^= seed[i%len(seed)]
			}
		}
		frame, h := stream(tunneled, [2]int{int(uint8(ipOptions)), int(uint8(tcpOptions))}, flags, int(uint16(size)), payload)
		mem := append(make([]byte, pmd.Headroom), frame...)
		if tunneled && len(seed)%2 == 1 {
			mem[pmd.Headroom+outerUDP+udpSum] = seed[0] // an outer checksum, left unfinished
		}
		given := bytes.Clone(mem[pmd.Headroom:])
		segment, ok := Whole(mem[pmd.Headroom:], &h, tunneled)
		if !ok {
			require.Equal(t, given, mem[pmd.Headroom:], "what is not lent is left as it was")
			return
		}
		change := func(f *pmd.Frame) {
			if tunneled {
				f.Pull(wire.OuterLen)
			}
			if rewrite {
				var h wire.Headers
				require.Equal(t, wire.NoFault, wire.Parse(f.Bytes(), &h))
				wire.RewriteSrc(f.Bytes(), &h, wire.AddrFrom4(0x234802ff))
			}
		}
		var want [][]byte
		for _, p := range cut(t, frame, h) {
			var one pmd.Frame
			one.Lend(p, 0, len(p))
			change(&one)
			want = append(want, one.Bytes())
		}
		var whole pmd.Frame
		whole.LendMerged(mem, pmd.Headroom, len(frame), segment)
		require.LessOrEqual(t, whole.Packets(), pmd.MaxBurst)
		change(&whole)
		bytesInAll := 0
		for _, p := range want {
			bytesInAll += len(p)
		}
		require.Equal(t, [2]int{len(want), bytesInAll}, [2]int{whole.Packets(), whole.WireLen()})

		var c pmd.Cutter
		c.Start(&whole)
		buf := make([]byte, pmd.MaxFrame)
		for i, p := range want {
			require.Equal(t, oneZero(p), oneZero(buf[:c.Next(buf)]), "packet %d", i)
			require.LessOrEqual(t, len(p), whole.Longest())
		}
		require.Zero(t, c.Next(buf))

		// And so it is if the port that it leaves by has the kernel cut it.
		var header [HeaderLen]byte
		PutWhole(header[:], &whole)
		got := cut(t, whole.Bytes(), Read(header[:]))
		require.Len(t, got, len(want))
		for i, p := range got {
			require.Equal(t, oneZero(want[i]), oneZero(p), "packet %d", i)
		}
	})
}

// oneZero is a copy of a TCP packet in which a checksum of 0 is 0xffff: both are zero in
// one's complement, and a checksum that was changed may be either (RFC 1624 section 3).
func oneZero(frame []byte) []byte {
	b := bytes.Clone(frame)
	ip := b[wire.EthernetLen:]
	sum := ip[wire.IPv4(ip).HeaderLen()+tcpSum:][:2]
	if sum[0]|sum[1] == 0 {
		sum[0], sum[1] = 0xff, 0xff
	}
	return b
}
