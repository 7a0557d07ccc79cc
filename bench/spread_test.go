package bench

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSpreads(t *testing.T) {
	require.Equal(t, Spread{3, 3, 3}, SpreadOf([]float64{3}))
	require.Equal(t, Spread{2.5, 1, 9}, SpreadOf([]float64{1, 2, 3, 9}))
	require.Equal(t, Spread{2, 1, 9}, SpreadOf([]float64{9, 1, 2}))
	require.Equal(t, "2.0 (1.0–9.0)", Spread{2, 1, 9}.String())
}
