package main

import (
	"fmt"
	"strings"

	"nitrocard/nic"
	"nitrocard/pmd"
	"nitrocard/pmd/afpacket"
	"nitrocard/pmd/dpdk"
	"nitrocard/pmd/pcap"
	"nitrocard/pmd/tap"
)

// driver opens ports of one kind.
type driver struct {
	name, usage string
	open        func(spec string) (pmd.Port, error)
}

// drivers are those of this build. One that the system lacks says so when it
// is asked to open a port.
func drivers() []driver {
	return []driver{
		{"afpacket", "afpacket:INTERFACE", afpacket.Open},
		{"tap", "tap:NAME", tap.Open},
		{"dpdk", "dpdk:DEVICE[,ARGUMENTS]", dpdk.Open},
		{"pcap", "pcap:FILE[,out=FILE][,loop]", func(spec string) (pmd.Port, error) { return pcap.Open(spec) }},
	}
}

// opener reads a port as users name it, DRIVER:WHAT, and returns what opens
// it.
func opener(port string) (nic.Opener, error) {
	name, spec, _ := strings.Cut(port, ":")
	for _, d := range drivers() {
		if d.name != name {
			continue
		}
		if spec == "" {
			return nil, fmt.Errorf("port %q: %s is expected", port, d.usage)
		}
		return func() (pmd.Port, error) { return d.open(spec) }, nil
	}
	return nil, fmt.Errorf("port %q: this build has no driver %q; it has %s", port, name, portUsage())
}

// portUsage tells how ports are named.
func portUsage() string {
	var usage []string
	for _, d := range drivers() {
		usage = append(usage, d.usage)
	}
	return strings.Join(usage, ", ")
}
