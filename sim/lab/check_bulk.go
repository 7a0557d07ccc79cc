//go:build linux

package lab

import (
	"context"
	"fmt"
	"strings"
	"time"

	"nitrocard/sim/netlab"
)

// gibibyte is how much check bulk moves each way.
const gibibyte = 1 << 30

// bulk: 1 GiB to a1 and 1 GiB back, checksums compared, and no kernel on the
// way saw a packet with a bad one.
func (s *story) bulk(ctx context.Context) (string, error) {
	before, err := s.counters()
	if err != nil {
		return "", err
	}
	web := s.a1.public(webPort)
	began := time.Now()
	if err := s.client.connection(web).upload(ctx, gibibyte); err != nil {
		return "", fmt.Errorf("1 GiB to %s: %w", web, err)
	}
	turned := time.Now()
	if err := s.client.connection(web).download(ctx, gibibyte); err != nil {
		return "", fmt.Errorf("1 GiB from %s: %w", web, err)
	}
	done := time.Now()
	after, err := s.counters()
	if err != nil {
		return "", err
	}
	if bad := badPackets(before, after); bad != "" {
		return "", fmt.Errorf("kernels saw bad packets: %s", bad)
	}
	return fmt.Sprintf("to a1 at %s, back at %s, checksums equal; no bad packet at any guest, the edge or the client",
		rate(turned.Sub(began)), rate(done.Sub(turned))), nil
}

func rate(d time.Duration) string { return fmt.Sprintf("%.1f Gbit/s", gibibyte*8/d.Seconds()/1e9) }

// counters reads the kernel's counters of every host.
func (s *stage) counters() (map[string]netlab.Counters, error) {
	all := map[string]netlab.Counters{}
	for _, h := range s.hosts {
		c, err := h.Counters()
		if err != nil {
			return nil, fmt.Errorf("counters of %s: %w", h.Name, err)
		}
		all[h.Name] = c
	}
	return all, nil
}

// faults are the counters of packets that arrived broken.
var faults = []string{"Ip.InHdrErrors", "Icmp.InCsumErrors", "Tcp.InCsumErrors", "Udp.InCsumErrors"}

// badPackets names every fault counter that rose.
func badPackets(before, after map[string]netlab.Counters) string {
	var bad []string
	for host, now := range after {
		rise := now.Since(before[host])
		for _, f := range faults {
			if rise[f] != 0 {
				bad = append(bad, fmt.Sprintf("%s %s %d", host, f, rise[f]))
			}
		}
	}
	return strings.Join(bad, ", ")
}
