//go:build !linux

package tables

// adviseHuge has nobody to ask.
func adviseHuge([]byte) {}
