package bench

import "nitrocard/pmd"

// PortStats are one port's frames, in testpmd's words.
type PortStats struct {
	Port      string `json:"port"`
	RxPackets uint64 `json:"rx_packets"`
	RxDropped uint64 `json:"rx_dropped"` // that found no room before they were taken, or that the driver could not hand on
	RxTotal   uint64 `json:"rx_total"`
	TxPackets uint64 `json:"tx_packets"`
	TxDropped uint64 `json:"tx_dropped"` // that the port had no room for, or would not carry
	TxTotal   uint64 `json:"tx_total"`
	RxBytes   uint64 `json:"rx_bytes"`
	TxBytes   uint64 `json:"tx_bytes"`
}

// forwarded are a driver's counts as PortStats.
func forwarded(name string, s pmd.Stats) PortStats {
	unsent, unread := s.TxFull+s.TxDropped, uint64(0)
	for _, l := range s.Losses() {
		unread += l.Frames
	}
	return PortStats{
		Port:      name,
		RxPackets: s.RxPackets, RxDropped: unread, RxTotal: s.RxPackets + unread, RxBytes: s.RxBytes,
		TxPackets: s.TxPackets, TxDropped: unsent, TxTotal: s.TxPackets + unsent, TxBytes: s.TxBytes,
	}
}

// counts are the drivers' of the ports, of each all cores' together; none
// before the first start.
func (s *Session) counts() []pmd.Stats {
	var all []pmd.Stats
	for core, r := range s.rigs {
		if core == 0 {
			all = make([]pmd.Stats, len(r.ports))
		}
		for i, p := range r.ports {
			all[i] = all[i].Plus(p.Stats(), 1)
		}
	}
	return all
}

// since are the ports since their counts were base.
func (s *Session) since(base []pmd.Stats) []PortStats {
	var ports []PortStats
	for i, now := range s.counts() {
		ports = append(ports, forwarded(s.rigs[0].ports[i].Info().Name, now.Plus(base[i], -1)))
	}
	return ports
}

// Forwarded are the ports since Start, or since they were cleared after it.
func (s *Session) Forwarded() []PortStats { return s.since(s.forwarded) }

// Ports are the ports since they were set up or cleared, connecting of flows
// left out.
func (s *Session) Ports() []PortStats { return s.since(s.ported) }

// ClearForwarded makes Forwarded begin anew.
func (s *Session) ClearForwarded() { s.forwarded = s.counts() }

// ClearPorts makes Ports begin anew for the ports from first up to end.
func (s *Session) ClearPorts(first, end int) { copy(s.ported[first:end], s.counts()[first:end]) }

// sum adds ports up.
func sum(ports []PortStats) PortStats {
	total := PortStats{Port: "accumulated"}
	for _, p := range ports {
		total.RxPackets += p.RxPackets
		total.RxDropped += p.RxDropped
		total.RxTotal += p.RxTotal
		total.TxPackets += p.TxPackets
		total.TxDropped += p.TxDropped
		total.TxTotal += p.TxTotal
		total.RxBytes += p.RxBytes
		total.TxBytes += p.TxBytes
	}
	return total
}
