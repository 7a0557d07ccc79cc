package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// packages are Debian's that this needs.
const packages = "dpdk libdpdk-dev openvswitch-switch-dpdk"

// need tells what is missing before anything is measured.
func need() error {
	if os.Geteuid() != 0 {
		return errors.New("a network namespace and interfaces are to be made; run it as root")
	}
	if runtime.NumCPU() < 2 {
		return errors.New("two CPUs are needed: one forwards, the other one does the rest")
	}
	var missing []string
	for _, program := range []string{"dpdk-testpmd", vswitchd, "ovsdb-server", "ovsdb-tool", "ovs-vsctl", "ovs-ofctl", "ovs-appctl"} {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s not found; on Debian: apt-get install --no-install-recommends %s (its service need not run)", strings.Join(missing, ", "), packages)
	}
	return nil
}
