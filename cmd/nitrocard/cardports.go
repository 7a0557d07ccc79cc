package main

import (
	"fmt"
	"os"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
)

// cardPorts are the ports of a card. They open when the card attaches them.
type cardPorts struct {
	uplink   nic.Opener
	internet nic.Opener // nil: the card is no edge
	guests   *guestPorts
}

// ports reads the flags that name ports, and checks them against cfg.
func (o *runOptions) ports(cfg *vpc.Config) (*cardPorts, error) {
	var ports cardPorts
	var err error
	if ports.uplink, err = opener(drivers(o.ring), o.uplink, o.workers); err != nil {
		return nil, fmt.Errorf("--uplink: %w", err)
	}
	if info, err := os.Stat(o.pcapDir); o.pcapDir != "" && (err != nil || !info.IsDir()) {
		return nil, fmt.Errorf("--pcap-dir %s: there is no such folder", o.pcapDir)
	}
	if ports.guests, err = o.guestPorts(cfg); err != nil {
		return nil, err
	}
	if o.edge == nil {
		return &ports, nil
	}
	if o.edge.port == o.uplink {
		return nil, fmt.Errorf("%s is --port and --uplink: the internet and the underlay need a port each", o.uplink)
	}
	if ports.internet, err = opener(drivers(o.ring), o.edge.port, o.workers); err != nil {
		return nil, fmt.Errorf("--port: %w", err)
	}
	return &ports, nil
}

// attach opens the ports that are not of guests. The card opens those of guests by itself.
func (ports *cardPorts) attach(card *nic.Card) error {
	if err := card.Attach(nic.Uplink, ports.uplink); err != nil {
		return fmt.Errorf("--uplink: %w", err)
	}
	if ports.internet == nil {
		return nil
	}
	if err := card.Attach(nic.Internet, ports.internet); err != nil {
		return fmt.Errorf("--port: %w", err)
	}
	return nil
}
