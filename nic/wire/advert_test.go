package wire_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// advert is that a station has its address, told to another, or to all if to is "".
func advert(from, to string) []byte {
	frame, asker := make([]byte, wire.NeighborAdvertLen), wire.Neighbor{}
	if to != "" {
		asker = wire.Neighbor{MAC: wire.MAC{2, 0, 0, 0, 0, 7}, Addr: wiretest.Addr(to)}
	}
	wire.NeighborAdvert(frame, wire.Neighbor{MAC: wire.MAC{2, 0, 0, 0, 0, 9}, Addr: wiretest.Addr(from)}, asker, false)
	return frame
}

// summed6 is a message with the right checksum of what it says.
func summed6(frame []byte) []byte {
	frame = bytes.Clone(frame)
	ip := wire.IPv6(frame[wire.EthernetLen:])
	b := ip[wire.IPv6Len:]
	clear(b[2:4])
	wire.PutSum(b[2:4], wire.Sum(b, wire.PseudoSum(ip.Src(), ip.Dst(), wire.ProtoICMPv6, len(b))))
	return frame
}

// What NeighborAdvert and NeighborSolicit write is read again; each byte that RFC 4861 section
// 7.1 asks for is asked for.
func TestParseAdvertisement(t *testing.T) {
	read := func(frame []byte) (wire.Neighbor, bool, bool) {
		var h wire.Headers
		if wire.Parse(frame, &h) != wire.NoFault {
			return wire.Neighbor{}, false, false
		}
		return wire.ParseAdvertisement(frame, &h)
	}
	for to, answer := range map[string]bool{"": false, "2001:db8::7": true} {
		frame := advert("2001:db8::9", to)
		require.NoError(t, wiretest.Check(frame))
		from, is, ok := read(frame)
		require.Equal(t, []any{wire.Neighbor{MAC: wire.MAC{2, 0, 0, 0, 0, 9}, Addr: wiretest.Addr("2001:db8::9")}, answer, true}, []any{from, is, ok})
		for _, c := range []struct {
			what string
			at   int
			to   byte
		}{
			{"a router forwarded it", 14 + 7, 254}, {"a code", 14 + 40 + 1, 1}, {"another type", 14 + 40, 137}, {"a multicast target", 14 + 40 + 8, 0xff},
			{"an option of no length", 14 + 40 + 25, 0}, {"an option that is too long", 14 + 40 + 25, 2},
		} {
			bad := bytes.Clone(frame)
			bad[c.at] = c.to
			_, _, ok := read(bad)
			require.False(t, ok, "%s, its checksum wrong", c.what)
			_, _, ok = read(summed6(bad))
			require.False(t, ok, c.what)
		}
	}
	_, _, ok := read(summed6(advert("2001:db8::9", "2001:db8::7")))
	require.True(t, ok)
	loud := advert("2001:db8::9", "")
	loud[14+40+4] |= 0x40 // answers, and goes to all
	_, _, ok = read(summed6(loud))
	require.False(t, ok)
	question := wire.NeighborSolicit(make([]byte, 128), wire.Neighbor{MAC: wire.MAC{2, 0, 0, 0, 0, 7}, Addr: wiretest.Addr("2001:db8::7")}, wiretest.Addr("2001:db8::12:3456"))
	require.NoError(t, wiretest.Check(question))
	require.Equal(t, wire.MAC{0x33, 0x33, 0xff, 0x12, 0x34, 0x56}, wire.Ethernet(question).Dst())
	var h wire.Headers
	require.Equal(t, wire.NoFault, wire.Parse(question, &h))
	require.Equal(t, wiretest.Addr("ff02::1:ff12:3456"), h.Dst)
	q, ok := wire.ParseSolicitation(question, &h)
	require.Equal(t, []any{wire.Solicitation{Target: wiretest.Addr("2001:db8::12:3456"), Source: wire.MAC{2, 0, 0, 0, 0, 7}}, true}, []any{q, ok})
}
