package dpdk

import (
	"regexp"
	"strings"
)

// spec is what a user names: a PCI address or a virtual device, and its
// driver's arguments.
type spec struct {
	name string // 0000:17:00.0, net_vhost0
	args string // iface=/run/a.sock,queues=2
}

var pciAddress = regexp.MustCompile(`^([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]$`)

func parse(text string) spec {
	var s spec
	s.name, s.args, _ = strings.Cut(text, ",")
	if s.pci() {
		s.name = strings.ToLower(s.name)
		if strings.Count(s.name, ":") == 1 {
			s.name = "0000:" + s.name
		}
	}
	return s
}

func (s spec) pci() bool { return pciAddress.MatchString(s.name) }

// driver is the name without its number: net_vhost of net_vhost0.
func (s spec) driver() string { return strings.TrimRight(s.name, "0123456789") }

// devargs is what DPDK reads.
func (s spec) devargs() string {
	if s.args == "" {
		return s.name
	}
	return s.name + "," + s.args
}

// arg is the value of a driver's argument, empty if it is not given.
func (s spec) arg(key string) string {
	for a := range strings.SplitSeq(s.args, ",") {
		if k, v, _ := strings.Cut(a, "="); k == key {
			return v
		}
	}
	return ""
}

// given tells whether a driver's argument that switches something is on.
func (s spec) given(key string) bool { return s.arg(key) != "" && s.arg(key) != "0" }

// keys are the driver's arguments as the user named them.
func (s spec) keys() []string {
	var keys []string
	for a := range strings.SplitSeq(s.args, ",") {
		if k, _, _ := strings.Cut(a, "="); k != "" {
			keys = append(keys, k)
		}
	}
	return keys
}
