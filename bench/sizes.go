package bench

import (
	"fmt"
	"strconv"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
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
// in tunnels. The longest is without its checksum, because the internet carries
// packets of 1,500 bytes.
var imix = Sizes{114, 620, 114, 114, 620, 114, longestOut, 114, 620, 114, 114, 620}

// longestOut is the longest frame that leaves for the internet in one piece: a longer
// packet is sent in fragments (EC2 User Guide, "Network maximum transmission unit").
const longestOut = int(vpc.InternetMTU) + wire.EthernetLen + wire.OuterLen

// Set reads a number of bytes, or imix.
func (s *Sizes) Set(text string) error {
	if text == "imix" {
		*s = imix
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < leastFrame || n > pmd.MaxFrame-4 {
		return fmt.Errorf("a number of bytes from %d to %d, tunnel included, or imix is expected", leastFrame, pmd.MaxFrame-4)
	}
	*s = Sizes{n}
	return nil
}

// Type is how help names sizes.
func (s *Sizes) Type() string { return "bytes" }

// String is what Set reads.
func (s Sizes) String() string {
	if len(s) == 1 {
		return strconv.Itoa(s[0])
	}
	return "imix"
}
