package wire_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

func TestMACText(t *testing.T) {
	var m wire.MAC
	require.NoError(t, m.UnmarshalText([]byte("02-00-5E-10-00-01")))
	require.Equal(t, wire.MAC{2, 0, 0x5e, 0x10, 0, 1}, m)
	require.Equal(t, "02:00:5e:10:00:01", m.String())

	b, err := json.Marshal(m)
	require.NoError(t, err)
	var again wire.MAC
	require.NoError(t, json.Unmarshal(b, &again))
	require.Equal(t, m, again)

	for _, s := range []string{"", "02:00", "02:00:5e:10:00:01:02:03", "02:00:5e:10:00:0g"} {
		require.ErrorContains(t, again.UnmarshalText([]byte(s)), "six bytes", s)
		require.Equal(t, m, again, "what was there stays")
	}
}

func TestMACKinds(t *testing.T) {
	require.True(t, wire.MAC{}.IsZero())
	require.False(t, wire.Broadcast.IsZero())
	require.True(t, wire.Broadcast.IsMulticast())
	require.True(t, wire.MAC{1, 0, 0x5e}.IsMulticast())
	require.False(t, wire.MAC{2}.IsMulticast())
}
