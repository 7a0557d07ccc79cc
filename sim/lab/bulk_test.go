package lab

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestStreamKeepsTheChecksumOfWhatItYields(t *testing.T) {
	for _, n := range []int64{0, 1, 7, 8, 9, 4097} {
		s := newStream(n)
		text, err := io.ReadAll(s)
		require.NoError(t, err)
		got, sum, err := digest(bytes.NewReader(text))
		require.NoError(t, err)
		require.Equal(t, n, got)
		require.Equal(t, s.digest(), sum)
	}
}

func TestStreamHasNoTwoAlikePlaces(t *testing.T) {
	text, err := io.ReadAll(newStream(1 << 16))
	require.NoError(t, err)
	_, sum, err := digest(bytes.NewReader(text))
	require.NoError(t, err)

	swapped := bytes.Clone(text)
	copy(swapped[:1448], text[1448:2896])
	copy(swapped[1448:2896], text[:1448])
	_, other, err := digest(bytes.NewReader(swapped))
	require.NoError(t, err)
	require.NotEqual(t, sum, other)
}

func TestDigestTellsHowFarItCame(t *testing.T) {
	got, _, err := digest(iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(make([]byte, 10)))))
	require.ErrorIs(t, err, iotest.ErrTimeout)
	require.EqualValues(t, 1, got)
}
