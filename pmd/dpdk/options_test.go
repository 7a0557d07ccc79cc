//go:build dpdk && cgo && linux

package dpdk

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOptionsFillWhatTheUserLeavesOpen(t *testing.T) {
	const plenty = 1 << 30
	cpus := "0@(" + allowedCPUs() + ")"
	rest := " --lcores " + cpus + " -a 0000:00:00.0 --file-prefix nitrocard --no-telemetry"
	for _, c := range []struct {
		given string
		free  hugepages
		want  string
	}{
		{"", 0, "--no-huge --no-shconf -m 256" + rest},
		{"", enough - 1, "--no-huge --no-shconf -m 256" + rest},
		{"", plenty, "--in-memory" + rest},
		{"-m 64", enough - 1, "--in-memory" + rest + " -m 64"},
		{"-m 64", 0, "--no-huge --no-shconf" + rest + " -m 64"},
		{"-m64", 0, "--no-huge --no-shconf" + rest + " -m64"},
		{"--no-huge", plenty, "--no-shconf -m 256" + rest + " --no-huge"},
		{"--huge-dir=/x", 0, strings.TrimSpace(rest) + " --huge-dir=/x"},
		{"-l 1 --allow=0000:17:00.0 --file-prefix x --telemetry", plenty, "-l 1 --allow=0000:17:00.0 --file-prefix x --telemetry"},
	} {
		o := options(strings.Fields(c.given))
		require.Equal(t, "nitrocard "+c.want, strings.Join(o.withDefaults(c.free), " "), c.given)
	}
}

// DPDK would print a page and exit.
func TestACallForHelpIsRefused(t *testing.T) {
	for _, given := range []string{"-h", "--help", "--hel", "-vh", "-hv"} {
		require.ErrorContains(t, options{given}.check(), "--eal "+given+": DPDK's options are listed by")
	}
	for _, given := range []string{"-v", "--huge-dir=/x", "", "-m", "x"} {
		require.NoError(t, options{given}.check())
	}
}
