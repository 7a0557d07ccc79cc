//go:build dpdk && cgo && linux

package dpdk

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
)

// What a test writes into an mbuf, where DPDK's stable ABI has it; a test cannot
// ask C.
const (
	atSegs, atFlags, atLen, atNext, atOffload = 20, 24, 36, 64, 72

	lro, tcpSeg, udpSeg, vxlan = 1 << 16, 1 << 50, 1 << 42, 1 << 45
)

// offload is l2_len, l3_len and tso_segsz.
func offload(l2, l3, size int) uint64 { return uint64(l2 | l3<<7 | size<<24) }

// mark writes what a device says of a lent frame.
func mark(f *pmd.Frame, flags, offload uint64) {
	m := *(*mbuf)(unsafe.Add(nil, f.Ref))
	*(*uint64)(m.at(atFlags)) |= flags
	*(*uint64)(m.at(atOffload)) = offload
}

const size = 1000

// stream is a segment of 4 * size bytes, from one byte to another.
func stream(from, to int, flags uint8) []byte {
	text := strings.Repeat("0123456789", 4*size/10)
	return wiretest.TCP("203.0.113.9:1", "10.0.1.5:80").Seq(1+uint32(from), 7).ID(uint16(from / size)).Flags(flags).Payload(text[from:to]).Bytes()
}

// segments are what the whole stream is cut into.
func segments() (all [][]byte) {
	for n := range 4 {
		flags := uint8(wire.TCPAck)
		if n == 3 {
			flags |= wire.TCPPsh
		}
		all = append(all, stream(n*size, (n+1)*size, flags))
	}
	return all
}

func tunnel(frame []byte) []byte {
	return wiretest.VXLAN("172.16.0.1", "172.16.0.11", 5001, frame).Bytes()
}

// A cable carries what a device says of a frame from port to port. What is
// merged arrives as its segments, in its place among the others.
func TestAMergedFrameIsCut(t *testing.T) {
	merged := stream(0, 4*size, wire.TCPAck|wire.TCPPsh)
	datagram := wiretest.UDP("203.0.113.9:1", "10.0.1.5:53").Size(3000).Bytes()
	for name, c := range map[string]struct {
		frame          []byte
		flags, offload uint64
		want           [][]byte // nil: it is lost
		tunnel         bool
	}{
		"by the device":               {merged, lro, offload(0, 0, size), segments(), false},
		"by a guest":                  {merged, tcpSeg, offload(14, 20, size), segments(), false},
		"in a tunnel":                 {tunnel(merged), lro, offload(0, 0, size), segments(), true},
		"by a guest in a tunnel":      {tunnel(merged), tcpSeg | vxlan, offload(8+8+14, 20, size) | 14<<49 | 20<<40, segments(), true},
		"without a size":              {merged, lro, 0, nil, false},
		"with the wrong place":        {merged, tcpSeg, offload(18, 20, size), nil, false},
		"of datagrams":                {datagram, lro, offload(0, 0, size), nil, false},
		"of fragments":                {datagram, udpSeg, offload(14, 20, size), nil, false},
		"in layers that nobody knows": {wiretest.Ethernet(0x88b5, merged).Bytes(), lro, offload(0, 0, size), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			in, far := cable(t)
			out, end := cable(t)
			for _, frame := range [][]byte{pattern(100), c.frame, pattern(101)} {
				send(t, far, frame)
			}
			var b, got pmd.Burst
			in.Rx(&b)
			require.Equal(t, 3, b.N)
			mark(&b.Frames[1], c.flags, c.offload)
			require.Equal(t, 3, out.Tx([]*pmd.Frame{&b.Frames[0], &b.Frames[1], &b.Frames[2]}))
			end.Rx(&got)
			require.Equal(t, 2+len(c.want), got.N)
			require.Equal(t, pattern(100), got.Frames[0].Bytes())
			require.Equal(t, pattern(101), got.Frames[got.N-1].Bytes())
			for i, want := range c.want {
				f := got.Frames[1+i].Bytes()
				require.NoError(t, wiretest.Check(f))
				if c.tunnel {
					f = f[len(f)-len(want):]
				}
				require.Equal(t, want, f)
			}
			s := end.Stats()
			if c.want == nil {
				require.Equal(t, pmd.Stats{RxPackets: 2, RxBytes: 201, RxUncut: 1}, s)
			} else {
				require.Equal(t, [4]uint64{2 + 4, 1, 0, 0}, [4]uint64{s.RxPackets, s.Mended, s.RxUncut, s.RxTooLong})
			}
		})
	}
}

// Far more segments than a burst has room for, of a frame in pieces, come in as
// many bursts as they need, and in order; memory that they take comes back.
func TestSegmentsOfAFrameInPieces(t *testing.T) {
	in, far := cable(t)
	out, end := cable(t)
	merged := stream(0, 4*size, wire.TCPAck)
	for range 2 * int(eal.mbufs) / (4 * size / 10) {
		send(t, far, merged[:3001])
		send(t, far, merged[3001:])
		send(t, far, pattern(100))
		var b pmd.Burst
		in.Rx(&b)
		require.Equal(t, 3, b.N)
		first, second := *(*mbuf)(unsafe.Add(nil, b.Frames[0].Ref)), takeOver(&b.Frames[1])
		mark(&b.Frames[0], lro, offload(0, 0, 10))
		require.Equal(t, 2, out.Tx([]*pmd.Frame{&b.Frames[0], &b.Frames[2]}))
		*(*uint16)(first.at(atSegs)) = 2
		*(*uint32)(first.at(atLen)) = uint32(len(merged))
		*(*mbuf)(first.at(atNext)) = second

		var payload []byte
		for n := 0; n <= 4*size/10; n += b.N {
			end.Rx(&b)
			require.NotZero(t, b.N)
			for _, f := range b.Frames[:b.N] {
				if f.Len() != 100 {
					payload = append(payload, f.Bytes()[54:]...)
				}
			}
		}
		require.Equal(t, merged[54:], payload)
		require.Equal(t, pattern(100), b.Frames[b.N-1].Bytes(), "what came behind is behind")
	}
}
