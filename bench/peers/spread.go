package main

import (
	"fmt"
	"time"

	"nitrocard/bench"
)

// sample is what one program did in one measurement.
type sample struct {
	frames, arrived uint64        // that left, and that came
	cpu             time.Duration // of all threads of the process
	connections     int           // that are tracked at the end
	setting         string        // that was best
}

// mpps is how many millions of frames left in a second of CPU time.
func (s sample) mpps() float64 {
	if s.cpu <= 0 {
		return 0
	}
	return float64(s.frames) / 1e6 / s.cpu.Seconds()
}

// since is what was done from an older sample to s.
func (s sample) since(older sample) sample {
	return sample{frames: s.frames - older.frames, arrived: s.arrived - older.arrived, cpu: s.cpu - older.cpu}
}

// spread is a Spread that is shown with three digits.
type spread bench.Spread

// spreadOf is that of figures, at least one.
func spreadOf(figures []float64) spread { return spread(bench.SpreadOf(figures)) }

// rates is the spread of samples' rates.
func rates(samples []sample) spread {
	var mpps []float64
	for _, s := range samples {
		mpps = append(mpps, s.mpps())
	}
	return spreadOf(mpps)
}

// ratio is the spread of a's rates over b's, each of the same round.
func ratio(a, b []sample) spread {
	var all []float64
	for i := range min(len(a), len(b)) {
		all = append(all, a[i].mpps()/b[i].mpps())
	}
	return spreadOf(all)
}

// String is the median, with least and most where there are several figures.
func (s spread) String() string {
	if s.Least == s.Most {
		return digits(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", digits(s.Median), digits(s.Least), digits(s.Most))
}

// digits is a figure with three digits.
func digits(f float64) string {
	switch {
	case f >= 100:
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}
