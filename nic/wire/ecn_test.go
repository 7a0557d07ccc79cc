package wire_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// RFC 6040 figure 4, row by row; -1 is a packet to drop.
func TestLeaveIsTheRFC(t *testing.T) {
	const drop = -1
	outer := []wire.ECN{wire.NotECT, wire.ECT0, wire.ECT1, wire.CE}
	for inner, row := range map[wire.ECN][4]int{
		0b00: {0b00, 0b00, 0b00, drop},
		0b10: {0b10, 0b10, 0b01, 0b11},
		0b01: {0b01, 0b01, 0b01, 0b11},
		0b11: {0b11, 0b11, 0b11, 0b11},
	} {
		for i, want := range row {
			left, ok := inner.Leave(outer[i])
			require.Equal(t, want != drop, ok)
			if ok {
				require.EqualValues(t, want, left, "inner %02b, outer %02b", inner, outer[i])
			}
		}
	}
}

// A mark changes two bits and what the checksum owes to them.
func TestSetECN(t *testing.T) {
	for tos := range 256 {
		for e := range wire.ECN(4) {
			frame := tcp.TOS(uint8(tos)).Bytes()
			wire.IPv4(frame[14:]).SetECN(e)
			require.Equal(t, tcp.TOS(uint8(tos)&^wire.ECNMask|uint8(e)).Bytes(), frame)
			require.Equal(t, e, wire.IPv4(frame[14:]).ECN())
		}
	}
	frame := wiretest.Put(tcp.Bytes(), 24, 0xba, 0xad)
	wire.IPv4(frame[14:]).SetECN(wire.CE)
	require.Error(t, wiretest.Check(frame), "a wrong checksum stays wrong")
}
