//go:build linux

package lab

import "fmt"

// times is how often a question was asked until its answer came. A machine that is busy elsewhere loses a packet.
type times int

// String is "" of a question that was asked once.
func (n times) String() string {
	if n <= 1 {
		return ""
	}
	return fmt.Sprintf(" (asked %d times)", int(n))
}

// again is "" of what was sent once.
func (n times) again() string {
	if n <= 1 {
		return ""
	}
	return fmt.Sprintf(" (sent %d times)", int(n))
}
