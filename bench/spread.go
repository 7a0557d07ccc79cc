package bench

import (
	"fmt"
	"slices"
)

// Spread is the middle of some figures, and how far they lie apart.
type Spread struct{ Median, Least, Most float64 }

// SpreadOf is that of figures, at least one, in any order.
func SpreadOf(figures []float64) Spread {
	s := slices.Sorted(slices.Values(figures))
	n := len(s)
	return Spread{(s[(n-1)/2] + s[n/2]) / 2, s[0], s[n-1]}
}

// String is the median, and the least and the most.
func (s Spread) String() string { return fmt.Sprintf("%.1f (%.1f–%.1f)", s.Median, s.Least, s.Most) }
