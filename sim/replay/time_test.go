package replay

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTimeKeepsEveryDigit(t *testing.T) {
	for _, c := range []struct {
		text string
		want Time
	}{
		{`0`, 0},
		{`1767268800`, 1767268800_000000000},
		{`1767268800.5`, 1767268800_500000000},
		{`1767268800.123456789`, 1767268800_123456789},
		{`1767268800.1234567899`, 1767268800_123456789},
		{`1.7672688e9`, 1767268800_000000000},
		{`4294967295.999999999`, 4294967295_999999999},
		{`"2026-01-01T12:00:00Z"`, 1767268800_000000000},
		{`"2026-01-01T13:00:00.000000001+01:00"`, 1767268800_000000001},
	} {
		var got Time
		require.NoError(t, json.Unmarshal([]byte(c.text), &got), c.text)
		require.Equal(t, c.want, got, c.text)
		back, err := json.Marshal(got)
		require.NoError(t, err)
		var again Time
		require.NoError(t, json.Unmarshal(back, &again))
		require.Equal(t, got, again)
	}
	text, err := json.Marshal(Time(1767268800_000000001))
	require.NoError(t, err)
	require.Equal(t, "1767268800.000000001", string(text))
}

func TestTimeRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`-1`, "outside 1970 to 2106"},
		{`4294967296`, "outside 1970 to 2106"},
		{`1e999999999`, "time 1e999999999"},
		{`"noon"`, "RFC 3339"},
		{`"2107-01-01T00:00:00Z"`, "outside 1970 to 2106"},
		{`null`, "neither Unix seconds"},
		{`true`, "neither Unix seconds"},
		{`[]`, "neither Unix seconds"},
	} {
		var got Time
		require.ErrorContains(t, got.UnmarshalJSON([]byte(c.text)), c.want, c.text)
	}
}
