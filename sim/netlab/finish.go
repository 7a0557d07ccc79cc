//go:build linux

package netlab

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Finish has every frame that the host sends on the link leave finished: its
// checksums complete, and no segments merged, for the kernel merges none on a
// link that does not take unfinished checksums (`ethtool -K LINK tx off`).
func (h *Host) Finish(link string) error {
	if err := h.ethtool(link, unix.ETHTOOL_STXCSUM, 0); err != nil {
		return fmt.Errorf("having %s.%s send finished frames: %w", h.Name, link, err)
	}
	return nil
}
