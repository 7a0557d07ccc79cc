package wire_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// random is a source whose seed a failing test prints, and NITROCARD_SEED sets.
func random(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	if s := os.Getenv("NITROCARD_SEED"); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 0, 64)
		require.NoError(t, err)
	}
	t.Logf("NITROCARD_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

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
	r := random(t)
	for n := range 200 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32() | r.Uint32() | r.Uint32())
		}
		require.Equal(t, ^wiretest.Sum(b), wire.Sum(b, 0), "%x", b)
	}
}

// An update yields what adding everything anew would.
func FuzzUpdate(f *testing.F) {
	f.Add([]byte("01234567"), uint32(0))
	f.Add([]byte{0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0}, uint32(0))
	f.Add([]byte{0, 1, 0, 0, 0, 0, 0, 0}, uint32(0xffffffff))
	f.Fuzz(func(t *testing.T, b []byte, new uint32) {
		if len(b) < 8 || wiretest.Sum(b[:2], b[6:]) == 0 {
			return // with nothing but zeros beside the word, zero has two forms
		}
		old := wire.ICMP(b[2:6])
		before, old16, old32 := wire.Sum(b, 0), old.Checksum(), uint32(b[2])<<24|uint32(b[3])<<16|uint32(b[4])<<8|uint32(b[5])
		old.SetChecksum(uint16(new))
		require.Equal(t, wire.Sum(b, 0), wire.Update16(before, old16, uint16(new)))
		b[2], b[3], b[4], b[5] = byte(new>>24), byte(new>>16), byte(new>>8), byte(new)
		require.Equal(t, wire.Sum(b, 0), wire.Update32(before, old32, new))
	})
}

func TestFillChecksums(t *testing.T) {
	for what, p := range map[string]wiretest.Packet{
		"TCP": tcp.Payload("odd"), "UDP": udp.Payload("odd").Pad(60), "ICMP": ping.Payload("odd").VLAN(1),
		"options": tcp.Options(1, 1, 1, 0), "UDP whose sum is 0": zeroSum(udp, 40), "GRE": wiretest.IP("10.0.1.5", "10.0.1.6", 47),
	} {
		t.Run(what, func(t *testing.T) {
			want := p.Bytes()
			h := parse(t, want)
			got := wiretest.Put(want, int(h.L3)+10, 0xba, 0xad)
			sum := map[uint8]int{wire.ProtoTCP: 16, wire.ProtoUDP: 6, wire.ProtoICMP: 2}
			if at, ok := sum[h.Proto]; ok {
				got = wiretest.Put(got, int(h.L4)+at, 0xba, 0xad)
			}
			wire.FillChecksums(got, &h)
			require.Equal(t, want, got)
		})
	}
	short := wiretest.Put(udp.Payload("not the datagram's").Bytes(), 38, 0, 8)
	h := parse(t, short)
	wire.FillChecksums(short, &h)
	require.NoError(t, wiretest.Check(short))

	first := tcp.Size(200).Fragments(64)[0]
	got := wiretest.Put(first, 24, 0xba, 0xad)
	h = parse(t, first)
	wire.FillChecksums(got, &h)
	require.Equal(t, first, got, "a fragment's transport checksum is the whole packet's")
}

// zeroSum is p with a payload that makes its checksum 0; at is where that is.
func zeroSum(p wiretest.Packet, at int) wiretest.Packet {
	return p.Payload(string(p.Payload("\x00\x00").Bytes()[at : at+2]))
}
