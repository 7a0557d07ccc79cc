package flow

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

func TestKeyHoldsItsParts(t *testing.T) {
	k := makeKey(1<<22-1, wire.ProtoUDP, Ends{0x0a000105, 0x08080808, 40000, 53})
	require.Equal(t, uint32(1<<22-1), k.ENI())
	require.Equal(t, uint8(wire.ProtoUDP), k.Proto())
	require.False(t, k.IsFragment())

	f := k.Fragment(0xbeef)
	require.True(t, f.IsFragment())
	require.Equal(t, k.ENI(), f.ENI())
	require.Equal(t, k.Proto(), f.Proto())
	require.Equal(t, k.Local, f.Local)
	require.Equal(t, k.Remote, f.Remote)
	require.NotEqual(t, f, k.Fragment(0xbeee))
}

// A fragment's key never equals a whole packet's, whatever its ID.
func TestFragmentsMeetNoConnection(t *testing.T) {
	whole := makeKey(7, wire.ProtoUDP, Ends{1, 2, 0xbeef, 0})
	require.NotEqual(t, whole, whole.Fragment(0xbeef))
}
