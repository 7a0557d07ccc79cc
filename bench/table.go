package bench

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// Write tells people what r holds.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s in bursts of %d, %s%.2f s\n\n", r.Mode, r.frames(), r.Burst, r.flows(), r.Seconds)
	writePorts(&b, append(slices.Clone(r.Ports), r.Total))
	if r.Cores > 1 {
		fmt.Fprintf(&b, "\n%-10s %.2f Mpps  %.2f Gbit/s by clock\n", fmt.Sprintf("%d cores", r.Cores), r.WallMpps, r.WallGbps)
		for i, c := range r.PerCore {
			fmt.Fprintf(&b, "core %-5d %.2f Mpps  %.1f ns/packet  %.2f by clock\n", i, c.Mpps, c.NsPerPacket, c.WallMpps)
		}
	}
	fmt.Fprintf(&b, "\na core     %.2f Mpps  %.1f ns/packet  %.2f Gbit/s  (%s: %.2f s)\n", r.Mpps, r.NsPerPacket, r.Gbps, r.CPUClock, r.CPUSeconds)
	fmt.Fprintf(&b, "by clock   %.2f Mpps  %.2f Gbit/s\n", r.WallMpps, r.WallGbps)
	g := r.Gaps
	fmt.Fprintf(&b, "burst gap  p50 %.1f  p99 %.1f  p99.9 %.1f  p99.99 %.1f  max %.1f µs\n", g.P50, g.P99, g.P999, g.P9999, g.Max)
	r.writeDrops(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// frames says how long they are.
func (r *Report) frames() string {
	switch {
	case r.FrameSize == "imix":
		return "imix frames"
	case r.FrameSize == "" && r.Total.RxPackets == 0:
		return "no frames"
	case r.FrameSize == "":
		return fmt.Sprintf("frames as they came, of %d bytes on average,", r.Total.RxBytes/r.Total.RxPackets)
	}
	return "frames of " + r.FrameSize + " bytes"
}

// flows says what was connected or made for it; of frames that came from
// elsewhere only a card knows flows.
func (r *Report) flows() string {
	if r.FrameSize == "" && r.Connections == 0 {
		return ""
	}
	if r.Mode == Edge {
		return fmt.Sprintf("%d flows of %d public addresses, ", r.Flows, r.Addresses)
	}
	return fmt.Sprintf("%d flows over %d ENIs, ", r.Flows, r.ENIs)
}

// writeDrops tells what was dropped, the most frequent reason first.
func (r *Report) writeDrops(w io.Writer) {
	if len(r.Drops) == 0 {
		fmt.Fprintf(w, "dropped    none\n")
		return
	}
	reasons := slices.SortedFunc(maps.Keys(r.Drops), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.Drops[b], r.Drops[a]), cmp.Compare(a, b))
	})
	for _, reason := range reasons {
		fmt.Fprintf(w, "dropped    %d  %s\n", r.Drops[reason], reason)
	}
}

// writePorts writes a line for each port.
func writePorts(w io.Writer, ports []PortStats) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "RX-packets\tRX-dropped\tRX-total\tTX-packets\tTX-dropped\tTX-total\t  port")
	for _, p := range ports {
		fmt.Fprintf(t, "%d\t%d\t%d\t%d\t%d\t%d\t  %s\n", p.RxPackets, p.RxDropped, p.RxTotal, p.TxPackets, p.TxDropped, p.TxTotal, p.Port)
	}
	t.Flush()
}

// writeDrivers writes a line for each port, with what only its driver counts.
func writeDrivers(w io.Writer, ports []PortStats) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "RX-packets\tRX-missed\tRX-bytes\tTX-packets\tTX-errors\tTX-bytes\t  port")
	for _, p := range ports {
		fmt.Fprintf(t, "%d\t%d\t%d\t%d\t%d\t%d\t  %s\n", p.RxPackets, p.RxDropped, p.RxBytes, p.TxPackets, p.TxDropped, p.TxBytes, p.Port)
	}
	t.Flush()
}

// Write tells people the rate from an older sample to s.
func (s Sample) Write(w io.Writer, older Sample) {
	r := s.Since(older)
	fmt.Fprintf(w, "%6.1f s  %6.2f Mpps a core  %6.2f Mpps by clock  %6.2f Gbit/s\n", s.Wall.Seconds(), r.Mpps, r.WallMpps, r.WallGbps)
}
