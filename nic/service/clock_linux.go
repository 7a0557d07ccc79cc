package service

import (
	"time"

	"golang.org/x/sys/unix"
)

// hostClock reads the host's clock, and asks the kernel how well it is disciplined
// (adjtimex(2)).
func hostClock() Reading {
	r := Reading{Time: time.Now()}
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil || state == unix.TIME_ERROR || t.Status&unix.STA_UNSYNC != 0 {
		return r
	}
	r.Synchronized, r.Uncertainty = true, time.Duration(t.Maxerror)*time.Microsecond
	return r
}
