//go:build linux

package lab

import "nitrocard/nic"

// dropTimes knows drops by their times, in ns since 1970, and so tells which later drops are new. A count of the drops
// would not: a card keeps its latest drops alone, and loses an old one for each new one.
type dropTimes map[int64]bool

func (t dropTimes) add(d nic.LastDrop)      { t[d.Time.UnixNano()] = true }
func (t dropTimes) has(d nic.LastDrop) bool { return t[d.Time.UnixNano()] }
