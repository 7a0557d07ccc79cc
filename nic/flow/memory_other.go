//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package flow

// newCold makes n zeroed records.
func newCold(n int) ([]cold, error) { return make([]cold, n), nil }

func freeCold([]cold) {}
