package bench

import (
	"fmt"
	"strconv"

	"nitrocard/pmd"
)

// FrameSize is the length of a benchmark's frame unless told: 64 bytes, in a
// tunnel.
const FrameSize = 114

// Sizes are the lengths of frames on the underlay, in bytes, without the
// checksum. Flows take them in turn. A guest's frame has no tunnel and is 50
// bytes shorter.
type Sizes []int

// imix is the "simple IMIX" of the field, 64, 570 and 1518 bytes as 7 : 4 : 1,
// in tunnels.
var imix = Sizes{114, 620, 114, 114, 620, 114, 1568, 114, 620, 114, 114, 620}

// ParseSizes reads a number of bytes, or imix.
func ParseSizes(text string) (Sizes, error) {
	if text == "imix" {
		return imix, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < leastFrame || n > pmd.MaxFrame-4 {
		return nil, fmt.Errorf("frame-size %q: a number of bytes from %d to %d, tunnel included, or imix is expected", text, leastFrame, pmd.MaxFrame-4)
	}
	return Sizes{n}, nil
}

// String is what ParseSizes reads.
func (s Sizes) String() string {
	if len(s) == 1 {
		return strconv.Itoa(s[0])
	}
	return "imix"
}
