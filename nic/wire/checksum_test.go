package wire_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/tables/oracle"
)

// The example of RFC 1071 section 3.
func TestSumOfTheRFC(t *testing.T) {
	b := []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}
	require.Equal(t, ^uint16(0xddf2), wire.Sum(b, 0))
}

// The example of RFC 1624 section 4: the equation it replaces yields 0xffff.
func TestUpdateOfTheRFC(t *testing.T) {
	require.Equal(t, uint16(0x0000), wire.Update16(0xdd2f, 0x5555, 0x3285))
}

func FuzzSum(f *testing.F) {
	f.Add([]byte{}, uint32(0))
	f.Add([]byte{0xff}, uint32(0xffffffff))
	f.Add([]byte{1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, uint32(0)) // folds four times
	f.Add(bytes.Repeat([]byte{0xff}, 15), uint32(0))                   // carries out of the last word
	f.Add(make([]byte, 33), uint32(0))
	f.Add(tcp.Size(99).Bytes(), uint32(0x10001))
	f.Fuzz(func(t *testing.T, b []byte, partial uint32) {
		part := []byte{byte(partial >> 24), byte(partial >> 16), byte(partial >> 8), byte(partial)}
		require.Equal(t, ^wiretest.Sum(part, b), wire.Sum(b, partial))
	})
}

// All lengths around the steps of eight and thirty-two bytes, with many carries.
func TestSumOfAllLengths(t *testing.T) {
	r := oracle.Random(t)
	for n := range 200 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32() | r.Uint32() | r.Uint32())
		}
		require.Equal(t, ^wiretest.Sum(b), wire.Sum(b, 0), "%x", b)
	}
}

// Long packets have the same sum with and without assembly, wherever they begin.
func TestSumOfLongPackets(t *testing.T) {
	defer func(had bool) { *wire.UseAVX2 = had }(*wire.UseAVX2)
	r := oracle.Random(t)
	for range 500 {
		b := bytes.Repeat([]byte{0xff}, r.IntN(10_000))
		for i := range b[r.IntN(len(b)+1):] {
			b[i] = byte(r.Uint32())
		}
		b = b[min(r.IntN(70), len(b)):]
		sum := wire.Sum(b, 0x10001)
		require.Equal(t, ^wiretest.Sum([]byte{0, 1, 0, 1}, b), sum, "%x", b)
		had := *wire.UseAVX2
		*wire.UseAVX2 = false
		require.Equal(t, sum, wire.Sum(b, 0x10001), "%x", b)
		*wire.UseAVX2 = had
	}
}

// An update yields what adding everything anew would.
func FuzzUpdate(f *testing.F) {
	f.Add([]byte("01234567"), uint16(0))
	f.Add([]byte{0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0}, uint16(0))
	f.Add([]byte{0, 1, 0, 0, 0, 0, 0, 0}, uint16(0xffff))
	f.Fuzz(func(t *testing.T, b []byte, new uint16) {
		if len(b) < 8 || wiretest.Sum(b[:2], b[6:]) == 0 {
			return // with nothing but zeros beside the word, zero has two forms
		}
		before, was := wire.Sum(b, 0), binary.BigEndian.Uint16(b[4:])
		binary.BigEndian.PutUint16(b[4:], new)
		require.Equal(t, wire.Sum(b, 0), wire.Update16(before, was, new))
	})
}

// zeroSum is p with a payload that makes its checksum 0; at is where that is.
func zeroSum(p wiretest.Packet, at int) wiretest.Packet {
	return p.Payload(string(p.Payload("\x00\x00").Bytes()[at : at+2]))
}
