package main

import (
	"fmt"
	"io"
	"time"

	"nitrocard/nic/follow"
)

// hostTable lists the cards and edges of a controller.
func hostTable(w io.Writer, all []follow.HostView) error {
	t := newTable(w, "HOST", "ROLE", "ZONE", "RACK", "VTEP", "ENIS", "CONNECTED", "REVISION", "BEHIND", "LAG", "REPORTED", "ROOT", "ERROR")
	for _, h := range all {
		reported, lag, root := "", "", ""
		if !h.Reported.IsZero() {
			reported = h.Reported.Local().Format(time.TimeOnly)
		}
		if h.Behind > 0 {
			lag = age(h.Lag)
		}
		if h.Root > 0 {
			root = fmt.Sprint(h.Root)
		}
		t.row(h.Name, h.Role, h.Zone, h.Rack, h.Vtep, h.ENIs, map[bool]string{true: "yes", false: "no"}[h.Connected], h.Revision, h.Behind, lag, reported, root, h.Error)
	}
	return t.flush()
}
