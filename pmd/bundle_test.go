package pmd

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// mergedInTunnel is a merged frame with so many bytes of payload.
func mergedInTunnel(flags uint8, payload, segment int) *Frame {
	body := make([]byte, payload)
	for i := range body {
		body[i] = byte(i * 7)
	}
	frame := wiretest.VXLAN("172.16.0.11", "172.16.0.12", 5001,
		wiretest.TCP("10.0.1.5:40000", "10.0.2.5:80").Payload(string(body)).Bytes()).Bytes()
	tcp := wire.TCP(frame[wire.OuterLen+wire.EthernetLen+wire.IPv4Len:])
	tcp.SetFlags(flags)
	binary.BigEndian.PutUint16(tcp[tcpSum:], wire.Sum(nil, pseudoOf(frame[wire.OuterLen+wire.EthernetLen:], tcp)))
	f := new(Frame)
	f.LendMerged(frame, 0, len(frame), segment)
	return f
}

// packetsOf are the packets that a merged frame stands for.
func packetsOf(f *Frame) (packets [][]byte) {
	var c Cutter
	c.Start(f)
	var buf [MaxFrame]byte
	for n := c.Next(buf[:]); n > 0; n = c.Next(buf[:]) {
		packets = append(packets, bytes.Clone(buf[:n]))
	}
	return packets
}

// bundlesOf are the bundles of a merged frame, with the size of their packets.
func bundlesOf(f *Frame) (bundles [][]byte, sizes []int) {
	var c Cutter
	c.Start(f)
	buf := make([]byte, MaxBundle+MaxFrame)
	for {
		bundle, size, packets := c.Bundle(buf)
		if packets == 0 {
			return bundles, sizes
		}
		bundles, sizes = append(bundles, bytes.Clone(bundle)), append(sizes, size)
	}
}

// A merged frame, made a bundle and joined again, is the same frame, flags of the first and
// of the last segment included.
func TestABundleIsJoinedAgain(t *testing.T) {
	for _, flags := range []uint8{wire.TCPAck, wire.TCPAck | wire.TCPFin | wire.TCPPsh, wire.TCPAck | wire.TCPCwr} {
		for _, size := range []struct{ payload, segment int }{{30000, 8949}, {40000, 1448}, {3000, 1500}, {64, 1}} {
			f := mergedInTunnel(flags, size.payload, size.segment)
			bundles, sizes := bundlesOf(f)
			require.Len(t, bundles, 1)
			var j Joiner
			merged, segment, ok := j.Join(bundles[0], sizes[0])
			require.True(t, ok)
			require.Equal(t, size.segment, segment)
			require.Equal(t, f.Bytes(), merged)
		}
	}
}

// A merged frame that is too long for one bundle, as its packets' headers take room, becomes
// two; together they have all packets.
func TestABundleEndsWhereIPv4sLengthDoes(t *testing.T) {
	f := mergedInTunnel(wire.TCPAck, 64*1000, 1000)
	bundles, sizes := bundlesOf(f)
	require.Len(t, bundles, 2)
	require.Greater(t, len(bundles[0]), MaxBundle-sizes[0])
	require.LessOrEqual(t, len(bundles[0]), MaxBundle)
	var got [][]byte
	for i, bundle := range bundles {
		var j Joiner
		merged, segment, ok := j.Join(bundle, sizes[i])
		require.True(t, ok)
		var part Frame
		part.LendMerged(merged, 0, len(merged), segment)
		got = append(got, packetsOf(&part)...)
	}
	require.Equal(t, packetsOf(f), got)
}

// What differs from what a cutter makes keeps a bundle from being joined: the packets must
// reach their receiver as they are.
func TestABundleOfOtherPacketsIsLeft(t *testing.T) {
	const segment, second = 1000, OuterHead + 8 + 14 + 20 + 20 + 1000 // where the second packet begins
	for _, c := range []struct {
		what string
		at   int
	}{
		{"outer checksum", 24}, {"outer UDP length", 38}, {"another port than VXLAN's", 37},
		{"another VNI", second + 4}, {"another MAC", second + 8}, {"another TTL", second + 8 + 14 + 8},
		{"an identification out of turn", second + 8 + 14 + 5}, {"another address", second + 8 + 14 + 15},
		{"a gap in the sequence", second + 8 + 34 + 7}, {"another acknowledgment", second + 8 + 34 + 11},
		{"a FIN in between", second + 8 + 34 + 13}, {"another window", second + 8 + 34 + 15},
		{"a wrong checksum", second + 8 + 34 + 16}, {"a payload that was damaged", second + 8 + 54 + 100},
		{"the first one's payload damaged", OuterHead + 8 + 54 + 100},
	} {
		bundles, sizes := bundlesOf(mergedInTunnel(wire.TCPAck, 3500, segment))
		bundles[0][c.at] ^= 1
		before := bytes.Clone(bundles[0])
		_, _, ok := new(Joiner).Join(bundles[0], sizes[0])
		require.False(t, ok, c.what)
		require.Equal(t, before, bundles[0], c.what)
	}
}

// Packets longer than any port carries are joined no more than a port would lend them merged.
func TestABundleOfLongPacketsIsLeft(t *testing.T) {
	for segment, joined := range map[int]bool{MaxFrame - wire.OuterLen - 54: true, MaxFrame - wire.OuterLen - 53: false, 20000: false} {
		f := mergedInTunnel(wire.TCPAck, 2*segment, segment)
		bundle := bytes.Clone(f.Bytes()[:OuterHead])
		for i := range 2 { // as no Cutter makes them
			inner := wiretest.TCP("10.0.1.5:40000", "10.0.2.5:80").Flags(wire.TCPAck).Payload(string(make([]byte, segment))).Bytes()
			ip := wire.IPv4(inner[wire.EthernetLen:])
			ip.Segment(uint16(i))
			tcp := wire.TCP(ip[wire.IPv4Len:])
			tcp.SetSeq(tcp.Seq() + uint32(i*segment))
			clear(tcp[tcpSum : tcpSum+2])
			wire.PutSum(tcp[tcpSum:], wire.Sum(tcp, pseudoOf(ip, tcp)))
			bundle = append(append(bundle, f.Bytes()[OuterHead:wire.OuterLen]...), inner...)
		}
		setOuterLength(bundle)
		_, _, ok := new(Joiner).Join(bundle, wire.VXLANLen+54+segment)
		require.Equal(t, joined, ok, segment)
	}
}

// FuzzJoin tries whatever comes as a bundle. What is joined may be lent as merged and is cut
// into the bundle's packets; what is not is left as it was.
func FuzzJoin(f *testing.F) {
	bundles, sizes := bundlesOf(mergedInTunnel(wire.TCPAck|wire.TCPPsh, 350, 100))
	f.Add(bundles[0], sizes[0])
	f.Add(bundles[0][:OuterHead+sizes[0]+70], sizes[0])
	f.Fuzz(func(t *testing.T, bundle []byte, size int) {
		before := bytes.Clone(bundle)
		merged, segment, ok := new(Joiner).Join(bundle, int(uint16(size)))
		if !ok {
			require.Equal(t, before, bundle)
			return
		}
		var whole Frame
		whole.LendMerged(merged, 0, len(merged), segment)
		tcp, _ := whole.Headers()
		require.True(t, MayMerge(merged, tcp, segment, true))
		rest := before[OuterHead:]
		for _, packet := range packetsOf(&whole) {
			inner := packet[OuterHead:]
			sum := tcp - OuterHead + tcpSum
			copy(inner[sum:sum+2], rest[sum:]) // a zero may be written in two ways (RFC 1624 section 3)
			require.Equal(t, inner, rest[:len(inner)])
			rest = rest[len(inner):]
		}
		require.Empty(t, rest)
	})
}
