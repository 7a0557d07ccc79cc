package main

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
)

// machine tells in a sentence what was measured where.
func (p *peers) machine() (string, error) {
	versions, err := p.ask(vswitchd, "--version")
	if err != nil {
		return "", err
	}
	ovs, dpdk := version(versions, `Open vSwitch\) (\S+)`), version(versions, `DPDK (\S+)`)
	cpus, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "", err
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%d CPUs (%s), Linux %s, DPDK %s, Open vSwitch %s, %s; medians (least–most) of %d, %v each.", runtime.NumCPU(),
		version(string(cpus), `model name\s*: (.*)`), strings.TrimSpace(string(kernel)), dpdk, ovs, runtime.Version(), p.rounds, p.duration), err
}

// version finds what stands where in a text.
func version(text, where string) string {
	m := regexp.MustCompile(where).FindStringSubmatch(text)
	if m == nil {
		return "unknown"
	}
	return m[1]
}
