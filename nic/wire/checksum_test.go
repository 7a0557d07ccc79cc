package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The example of RFC 1071 section 3.
func TestSumOfTheRFC(t *testing.T) {
	b := []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}
	require.Equal(t, ^uint16(0xddf2), Sum(b, 0))
}

// The example of RFC 1624 section 4: the older equation yields 0xffff here.
func TestUpdateOfTheRFC(t *testing.T) {
	require.Equal(t, uint16(0x0000), Update16(0xdd2f, 0x5555, 0x3285))
}
