package bench

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The report tells the length that frames have, which IPv6 makes longer.
func TestFramesOfIPv6AreAsLongAsTheyHaveToBe(t *testing.T) {
	for _, x := range []struct {
		uses  Uses
		sizes Sizes
		want  string
	}{
		{Uses{}, Sizes{FrameSize}, "114"},
		{Uses{IPv6: true}, Sizes{FrameSize}, "124"},
		{Uses{IPv6: true}, Sizes{300}, "300"},
		{Uses{IPv6: true}, imix, "imix"},
		{Uses{IPv6: true, NAT: true}, Sizes{FrameSize}, "114 and 124"},
	} {
		o := Options{Uses: x.uses, Sizes: x.sizes}
		require.Equal(t, x.want, o.frameSize())
	}
}
