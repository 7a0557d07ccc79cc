//go:build linux

package netlab

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// OwnQueue has what one end of a cable sends wait for the other end's kernel in a queue of the cable's own. Without
// it, frames wait in a queue of the CPU that sends them, which all links share: other links' floods fill it, and
// frames from two CPUs overtake each other. A veth link has a queue of its own for GRO, for frames that no segments
// were merged to (`ethtool -K FROM tso off`, `ethtool -K TO gro on`), and may merge segments of TCP there.
func OwnQueue(from, to End) error {
	err := from.Host.ethtool(from.Name, unix.ETHTOOL_STSO, 0)
	if err == nil {
		err = to.Host.ethtool(to.Name, unix.ETHTOOL_SGRO, 1)
	}
	if err != nil {
		return fmt.Errorf("giving %s.%s a queue of its own to %s.%s: %w", from.Host.Name, from.Name, to.Host.Name, to.Name, err)
	}
	return nil
}
