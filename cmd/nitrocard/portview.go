package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"nitrocard/nic"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

func portTable(w io.Writer, all []nic.PortView) error {
	t := newTable(w, "NAME", "PORT", "LINK", "MAC", "MTU", "RECEIVED", "SENT", "CONSUMED", "DROPPED", "DELIVERED", "BYTES IN", "BYTES OUT")
	for _, p := range all {
		var dropped uint64
		for _, n := range p.Dropped {
			dropped += n
		}
		t.row(p.Name, p.Port, p.Link, macText(p.MAC), p.MTU, p.Received, p.Sent, p.Consumed, dropped, p.Delivered,
			size(p.Driver.RxBytes), size(p.Driver.TxBytes))
	}
	return t.flush()
}

// macText leaves out the address that ports without one have.
func macText(m wire.MAC) string {
	if m.IsZero() {
		return ""
	}
	return m.String()
}

// portDetails shows ports one after the other, with all that is known of each.
func portDetails(w io.Writer, ports []nic.PortView) error {
	for i := range ports {
		if err := portDetail(w, &ports[i]); err != nil {
			return err
		}
	}
	return nil
}

func portDetail(w io.Writer, p *nic.PortView) error {
	if err := portTable(w, []nic.PortView{*p}); err != nil {
		return err
	}
	if p.Detail != nil {
		if err := deviceTable(w, p.Detail); err != nil {
			return err
		}
	}
	return countTable(w, p)
}

func deviceTable(w io.Writer, d *pmd.Detail) error {
	fmt.Fprintln(w)
	t := newTable(w, "SPEED", "QUEUES", "CHOSEN BY", "OFFLOADS")
	speed := ""
	if d.Speed > 0 {
		speed = fmt.Sprintf("%d Mbit/s", d.Speed)
	}
	t.row(speed, d.Queues, d.Spread, strings.Join(d.Offloads, ","))
	return t.flush()
}

// countTable is why packets were dropped, what the driver counts, and what the
// device does, zeros left out.
func countTable(w io.Writer, p *nic.PortView) error {
	fmt.Fprintln(w)
	t := newTable(w, "COUNTED BY", "WHAT", "NUMBER")
	d := &p.Driver
	driver := map[string]uint64{
		"rx_packets": d.RxPackets, "rx_bytes": d.RxBytes, "tx_packets": d.TxPackets, "tx_bytes": d.TxBytes,
		"tx_full": d.TxFull, "tx_dropped": d.TxDropped, "mended": d.Mended,
	}
	var device map[string]uint64
	if p.Detail != nil {
		device = p.Detail.Extended
	}
	for _, from := range []struct {
		name   string
		counts map[string]uint64
	}{{"dropped as", p.Dropped}, {"driver", driver}, {"device", device}} {
		for _, what := range slices.Sorted(maps.Keys(from.counts)) {
			if n := from.counts[what]; n > 0 {
				t.row(from.name, what, n)
			}
		}
	}
	return t.flush()
}
