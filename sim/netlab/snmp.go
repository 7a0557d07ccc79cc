//go:build linux

package netlab

import (
	"bytes"
	"os"
	"strconv"
)

// Counters are the kernel's protocol counters of one host by protocol and
// name, such as "Tcp.InCsumErrors" (RFC 1213 and Linux's own).
type Counters map[string]int64

// Counters reads the host's counters.
func (h *Host) Counters() (Counters, error) {
	var text []byte
	err := h.Do(func() (err error) {
		text, err = os.ReadFile("/proc/thread-self/net/snmp")
		return err
	})
	return parseCounters(text), err
}

// parseCounters reads /proc/net/snmp: a line of names and a line of values
// for each protocol.
func parseCounters(text []byte) Counters {
	c := Counters{}
	var names [][]byte
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(names) == 0 {
			names = fields
			continue
		}
		for i := 1; i < min(len(fields), len(names)); i++ {
			value, _ := strconv.ParseInt(string(fields[i]), 10, 64) // the kernel writes numbers
			c[string(names[0][:len(names[0])-1])+"."+string(names[i])] = value
		}
		names = nil
	}
	return c
}

// Since is how much each counter rose since an earlier reading; counters
// that did not move are left out.
func (c Counters) Since(earlier Counters) Counters {
	d := Counters{}
	for name, value := range c {
		if rise := value - earlier[name]; rise != 0 {
			d[name] = rise
		}
	}
	return d
}
