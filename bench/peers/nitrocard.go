package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"nitrocard/bench"
)

// report is what this program reads of nitrocard's.
type report struct {
	Flows       int     `json:"flows"`
	Connections int     `json:"connections"`
	CPUSeconds  float64 `json:"process_cpu_seconds"`
	Total       struct {
		RxPackets uint64 `json:"rx_packets"`
		TxPackets uint64 `json:"tx_packets"`
	} `json:"total"`
	Drops map[string]uint64 `json:"drops"`
}

// sample is the report's.
func (r *report) sample() sample {
	return sample{frames: r.Total.TxPackets, arrived: r.Total.RxPackets, cpu: time.Duration(r.CPUSeconds * 1e9), connections: r.Connections}
}

// nitrocardArgs are a benchmark's over ports, in memory unless named.
func (p *peers) nitrocardArgs(m bench.Mode, c cell, ports ...string) []string {
	args := []string{
		p.binary, "bench", "--forward-mode", m.String(), "--flows", strconv.Itoa(c.flows), "--enis", strconv.Itoa(c.enis),
		"--frame-size", c.size, "--burst", burst,
	}
	if len(ports) > 0 {
		args = append(args, fmt.Sprintf("--eal=-m%d", c.memory()))
	}
	for _, port := range ports {
		args = append(args, "--port", port)
	}
	return args
}

// nitrocard runs a benchmark for a while.
func (p *peers) nitrocard(args []string, d time.Duration) (*report, error) {
	out, err := p.ask(append(args, "--duration", d.String(), "--stats-period", "0", "--output", "json")...)
	if err != nil {
		return nil, err
	}
	return readReport(out)
}

// readReport reads what nitrocard said, and refuses one with drops.
func readReport(text string) (*report, error) {
	r := &report{}
	if err := json.Unmarshal([]byte(text), r); err != nil {
		return nil, fmt.Errorf("nitrocard's report: %w", err)
	}
	if len(r.Drops) > 0 {
		return nil, fmt.Errorf("nitrocard dropped frames: %v", r.Drops)
	}
	return r, nil
}

// nitrocardPcap measures a mode on the capture; further ports are those of
// guests, or io's other.
func (p *peers) nitrocardPcap(m bench.Mode, ports ...string) measure {
	return func(c *capture) (sample, error) {
		all := append([]string{"dpdk:" + input("net_pcap0", c.data)}, ports...)
		r, err := p.nitrocard(p.nitrocardArgs(m, c.cell, all...), p.duration)
		if err != nil {
			return sample{}, err
		}
		return r.sample(), nil
	}
}

// nitrocardMemory measures a mode from warm buffers.
func (p *peers) nitrocardMemory(m bench.Mode) measure {
	return func(c *capture) (sample, error) {
		r, err := p.nitrocard(p.nitrocardArgs(m, c.cell), p.duration)
		if err != nil {
			return sample{}, err
		}
		return r.sample(), nil
	}
}
