//go:build dpdk && cgo && linux

package dpdk

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// options are EAL's as the user gave them.
type options []string

// has tells whether one of these options is there: "-m" as "-m 64", "-m64" or
// "-m=64", "--vdev" as "--vdev x" or "--vdev=x".
func (o options) has(names ...string) bool {
	return slices.ContainsFunc(o, func(given string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			long := strings.HasPrefix(name, "--")
			return given == name || strings.HasPrefix(given, name+"=") || !long && strings.HasPrefix(given, name) && !strings.HasPrefix(given, "--")
		})
	})
}

// withDefaults adds what the user leaves open.
//
// One lcore, which DPDK wants, on all CPUs: workers are Go's, and pin
// themselves. No device unless it is asked for: 0000:00:00.0 is no network
// card, and naming any one keeps DPDK from taking all the others. Nothing in
// the file system: processes do not know each other, and leave nothing
// behind.
func (o options) withDefaults(free hugepages) []string {
	args := append([]string{"nitrocard"}, o.memory(free)...)
	for _, d := range []struct{ unless, args []string }{
		{[]string{"-l", "-c", "--lcores"}, []string{"--lcores", "0@(" + allowedCPUs() + ")"}},
		{[]string{"-a", "--allow", "-b", "--block", "--no-pci"}, []string{"-a", "0000:00:00.0"}},
		{[]string{"--file-prefix"}, []string{"--file-prefix", "nitrocard"}},
		{[]string{"--telemetry", "--no-telemetry"}, []string{"--no-telemetry"}},
	} {
		if !o.has(d.unless...) {
			args = append(args, d.args...)
		}
	}
	return append(args, o...)
}

// enough is the memory that a card with a few ports needs.
const enough = 256 << 20

// memory is in huge pages if there are enough of them, or the user wants
// them.
func (o options) memory(free hugepages) []string {
	var args []string
	switch {
	case o.has("--no-huge"):
		args = []string{"--no-shconf"}
	case free >= enough, free > 0 && o.has("-m", "--socket-mem"), o.has("--huge-dir", "--in-memory"):
		if o.has("--huge-dir", "--file-prefix", "--proc-type", "--in-memory", "--legacy-mem") {
			return nil
		}
		return []string{"--in-memory"}
	default:
		args = []string{"--no-huge", "--no-shconf"}
	}
	if !o.has("-m") {
		args = append(args, "-m", strconv.Itoa(enough>>20))
	}
	return args
}

// hugepages are bytes in huge pages that nobody uses.
type hugepages uint64

func freeHugepages() hugepages {
	var sum hugepages
	dirs, _ := filepath.Glob("/sys/kernel/mm/hugepages/hugepages-*kB")
	for _, dir := range dirs {
		var kB, free hugepages
		fmt.Sscanf(filepath.Base(dir), "hugepages-%dkB", &kB)
		text, _ := os.ReadFile(filepath.Join(dir, "free_hugepages"))
		fmt.Sscan(string(text), &free)
		sum += free * kB << 10
	}
	return sum
}

// allowedCPUs are the CPUs of this process, such as "0,1,5".
func allowedCPUs() string {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return "0"
	}
	var cpus []string
	for i := range 8 * len(set) * 8 {
		if set.IsSet(i) {
			cpus = append(cpus, strconv.Itoa(i))
		}
	}
	return strings.Join(cpus, ",")
}
