package main

import (
	"fmt"
	"strings"

	"nitrocard/nic"
	"nitrocard/nic/sandbox"
	"nitrocard/pmd"
	"nitrocard/pmd/afpacket"
	"nitrocard/pmd/dpdk"
	"nitrocard/pmd/pcap"
	"nitrocard/pmd/tap"
)

// driver opens ports of one kind.
type driver struct {
	name, usage string
	open        func(spec string, queues int) (pmd.Port, error) // with as many queues, or fewer
	needs       []sandbox.Capability                            // to open a port
}

// drivers are those of this build. One that the system lacks says so when it
// is asked to open a port. The rings of packet sockets have room for so many frames.
func drivers(ring int) []driver {
	return []driver{
		{"afpacket", "afpacket:INTERFACE", one(func(spec string) (pmd.Port, error) { return afpacket.OpenRing(spec, ring) }), []sandbox.Capability{sandbox.NetRaw}},
		{"tap", "tap:NAME", one(tap.Open), []sandbox.Capability{sandbox.NetAdmin}},
		{"dpdk", "dpdk:DEVICE[,ARGUMENTS]", openDPDK, nil},
		{"pcap", "pcap:FILE[,out=FILE][,loop]", one(func(spec string) (pmd.Port, error) { return pcap.Open(spec) }), nil},
	}
}

// configured are the drivers for ports that a configuration names, whose author
// may not be who started the card: captures are written below folder alone.
func configured(folder string, ring int) []driver {
	all := drivers(ring)
	for i := range all {
		if all[i].name == "pcap" {
			all[i].open = one(func(spec string) (pmd.Port, error) { return pcap.OpenIn(folder, spec) })
		}
	}
	return all
}

// one is for drivers whose ports have one queue.
func one(open func(string) (pmd.Port, error)) func(string, int) (pmd.Port, error) {
	return func(spec string, _ int) (pmd.Port, error) { return open(spec) }
}

// openDPDK opens a device with that many queues, or with one if it does not
// have them.
func openDPDK(spec string, queues int) (pmd.Port, error) {
	if queues > 1 {
		if all, err := dpdk.OpenQueues(spec, queues); err == nil {
			return pmd.Join(all), nil
		}
	}
	return dpdk.Open(spec)
}

// opener reads a port as users name it, DRIVER:WHAT, and returns what opens
// it, with so many queues if it can have them.
func opener(drivers []driver, port string, queues int) (nic.Opener, error) {
	name, spec, _ := strings.Cut(port, ":")
	for _, d := range drivers {
		if d.name != name {
			continue
		}
		if spec == "" {
			return nil, fmt.Errorf("port %q: %s is expected", port, d.usage)
		}
		return func() (pmd.Port, error) { return d.open(spec, queues) }, nil
	}
	return nil, fmt.Errorf("port %q: this build has no driver %q; it has %s", port, name, portUsage())
}

// portUsage tells how ports are named.
func portUsage() string {
	var usage []string
	for _, d := range drivers(afpacket.DefaultRing) {
		usage = append(usage, d.usage)
	}
	return strings.Join(usage, ", ")
}
