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

// DPDK would print a page and exit, wait for ever, or pass them over.
func TestOptionsThatDPDKWouldNotRefuse(t *testing.T) {
	const help = "DPDK's options are listed by `dpdk-testpmd --help`"
	for given, want := range map[string]string{
		"-h":                    "--eal -h: " + help,
		"--help":                "--eal --help: " + help,
		"--hel":                 "--eal --hel: " + help,
		"-vh":                   "--eal -vh: " + help,
		"-m 64 -hv":             "--eal -hv: " + help,
		"--proc-type secondary": "--eal --proc-type: a card is a DPDK process of its own; leave this option out",
		"-m 64 512":             "--eal 512: DPDK's options begin with a dash; `dpdk-testpmd --help` lists them",
		"--no-pci x":            "--eal x: DPDK's options begin with a dash; `dpdk-testpmd --help` lists them",
		"-m x":                  "--eal -m x: a number of megabytes is expected, such as -m 512",
		"-m":                    "--eal -m : a number of megabytes is expected, such as -m 512",
		"-m-1":                  "--eal -m -1: a number of megabytes is expected, such as -m 512",
	} {
		require.EqualError(t, options(strings.Fields(given)).check(), want)
	}
	for _, given := range []string{"-v", "--huge-dir=/x", "-m 64", "-m64 --vdev net_null0", "--new-option 3", "--file-prefix x -v", "-Z x"} {
		require.NoError(t, options(strings.Fields(given)).check(), given)
	}
}

func TestTheOptionThatDPDKDidNotUnderstandIsNamed(t *testing.T) {
	for given, want := range map[string]string{
		"-m 64 --nope":              "--nope",
		"-Z":                        "-Z",
		"-":                         "-",
		"-m 64 --vdev":              "--vdev",
		"--no-huge=3 -m 64":         "--no-huge=3",
		"-l 999 --vdev=net_null0":   "",
		"--lcores a -n x --no-pci":  "",
		"--log-le=x -v -a 00:00.0 ": "",
	} {
		option, why := options(strings.Fields(given)).suspect()
		require.Equal(t, want, option, given)
		require.Equal(t, want == "", why == "", given)
	}
}
