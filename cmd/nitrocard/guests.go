package main

import (
	"cmp"
	"fmt"
	"strings"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/pmd"
)

// guestPorts are the ports of guests.
type guestPorts struct {
	given   map[string]guestPort // --guest, by ENI
	drivers []driver             // of ports that the configuration names
	rights  rights               // to open them
}

type guestPort struct {
	spec string
	open nic.Opener
}

// guestPorts reads --guest, and checks it against the ENIs of this card: a
// misspelt one would go unnoticed, and its guest get a tap.
func (o *runOptions) guestPorts(cfg *vpc.Config) (*guestPorts, error) {
	if o.edge != nil {
		return &guestPorts{}, nil
	}
	policy, err := vpc.Compile(cfg, vpc.CompileOptions{Card: o.card})
	if err != nil {
		return nil, err
	}
	ports := &guestPorts{given: map[string]guestPort{}, drivers: configured(o.pcapDir, o.ring)}
	for _, g := range o.guests {
		eni, port, ok := strings.Cut(g, "=")
		if !ok || eni == "" || port == "" {
			return nil, fmt.Errorf("--guest %s: ENI=PORT is expected, such as eni-a1=tap:a1", shown(g))
		}
		if policy.ENI(eni) == nil {
			return nil, fmt.Errorf("--guest %s: card %s has no ENI %s", g, policy.Card.Name, eni)
		}
		if _, has := ports.given[eni]; has {
			return nil, fmt.Errorf("--guest %s: %s has a port already", g, eni)
		}
		open, err := opener(drivers(o.ring), port, 1)
		if err != nil {
			return nil, fmt.Errorf("--guest %s: %w", g, err)
		}
		ports.given[eni] = guestPort{port, open}
	}
	return ports, o.apart(policy, ports)
}

// apart holds each ENI and the uplink to a port of their own: two on one would
// hear each other's frames.
func (o *runOptions) apart(policy *vpc.Policy, ports *guestPorts) error {
	owners := map[string]string{o.uplink: nic.Uplink}
	for e := range policy.All() {
		port := ports.spec(e)
		if other, taken := owners[port]; taken {
			return fmt.Errorf("%s is the port of both %s and %s; each needs one of its own", port, other, e.ID)
		}
		owners[port] = e.ID
	}
	return nil
}

// spec names an ENI's port: as --guest says, or else as the configuration does.
func (ports *guestPorts) spec(e *vpc.OwnENI) string { return cmp.Or(ports.given[e.ID].spec, e.Port) }

// open names an ENI's port and gives its opener: as --guest says, or else as
// the configuration does.
func (ports *guestPorts) open(e *vpc.OwnENI) (string, nic.Opener) {
	if g, ok := ports.given[e.ID]; ok {
		return g.spec, g.open
	}
	open, err := opener(ports.drivers, e.Port, 1)
	if err != nil {
		return e.Port, func() (pmd.Port, error) { return nil, err }
	}
	return e.Port, ports.rights.opener(e.Port, open)
}
