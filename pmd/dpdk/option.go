//go:build dpdk && cgo && linux

package dpdk

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Options of EAL, with a colon where a value follows. They explain a failure;
// a newer DPDK may know more.
const (
	shortOptions = "a:b:c:d:h l:S:s:m:n:r:v "
	longOptions  = "allow: base-virtaddr: block: create-uio-dev file-prefix: force-max-simd-bitwidth: help huge-dir: huge-unlink huge-worker-stack " +
		"in-memory iova-mode: lcores: legacy-mem log-color log-level: log-timestamp main-lcore: match-allocations mbuf-pool-ops-name: no-hpet no-huge " +
		"no-pci no-shconf no-telemetry proc-type: single-file-segments socket-limit: socket-mem: syslog telemetry trace: trace-bufsz: trace-dir: " +
		"trace-mode: vdev: vfio-intr: vfio-vf-token: vmware-tsc-map"
)

// check refuses what DPDK would not: a call for help, which it answers with
// exit, words that it passes over, and an amount that it takes for nothing.
func (o options) check() error {
	for i, given := range o {
		short := strings.TrimLeft(strings.TrimPrefix(given, "-"), "v")
		switch {
		case strings.ContainsRune(given, 0):
			return errors.New("--eal: an option holds a zero byte")
		case strings.HasPrefix(given, "-") && strings.HasPrefix(short, "h"), strings.HasPrefix(given, "--he"):
			return fmt.Errorf("--eal %s: DPDK's options are listed by `dpdk-testpmd --help`", given)
		case strings.HasPrefix(given, "--proc"):
			return fmt.Errorf("--eal %s: a card is a DPDK process of its own; leave this option out", given)
		case !strings.HasPrefix(given, "-") && (i == 0 || !takesValue(o[i-1])):
			return fmt.Errorf("--eal %s: DPDK's options begin with a dash; `dpdk-testpmd --help` lists them", given)
		}
	}
	return o.checkMegabytes()
}

// checkMegabytes looks at -m.
func (o options) checkMegabytes() error {
	for i, given := range o {
		value, ok := strings.CutPrefix(given, "-m")
		if !ok {
			continue
		}
		if value == "" && i+1 < len(o) {
			value = o[i+1]
		}
		if n, err := strconv.Atoi(value); err != nil || n <= 0 {
			return fmt.Errorf("--eal -m %s: a number of megabytes is expected, such as -m 512", value)
		}
	}
	return nil
}

// takesValue tells whether the value of an option is the next word.
func takesValue(given string) bool {
	if name, long := strings.CutPrefix(given, "--"); long {
		known := lookUp(name)
		return known == "" || strings.HasSuffix(known, ":")
	}
	return len(given) == 2 && given[0] == '-' && (!strings.Contains(shortOptions, given[1:]) || strings.Contains(shortOptions, given[1:]+":"))
}

// lookUp is the long option that name means, which may be short of its end.
func lookUp(name string) string {
	all := strings.Fields(longOptions)
	if i := slices.IndexFunc(all, func(o string) bool { return strings.HasPrefix(o, name) }); i >= 0 {
		return all[i]
	}
	return ""
}

// suspect is the first option that DPDK cannot have understood, and why. It
// is empty if there is none.
func (o options) suspect() (given, why string) {
	for i, given := range o {
		if !strings.HasPrefix(given, "-") {
			continue // the value of the one before
		}
		name, _, valued := strings.Cut(strings.TrimPrefix(given, "--"), "=")
		known := lookUp(name)
		if !strings.HasPrefix(given, "--") {
			at := strings.Index(shortOptions, given[1:min(2, len(given))])
			known, valued = "", len(given) > 2
			if len(given) > 1 && at >= 0 {
				known = strings.TrimSpace(shortOptions[at : at+2])
			}
		}
		switch needs := strings.HasSuffix(known, ":"); {
		case known == "":
			return given, "DPDK has no such option; `dpdk-testpmd --help` lists them"
		case needs && !valued && i+1 == len(o):
			return given, "a value is expected after it"
		case !needs && valued && strings.HasPrefix(given, "--"):
			return given, "this option takes no value"
		}
	}
	return "", ""
}
