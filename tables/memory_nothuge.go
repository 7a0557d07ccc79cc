//go:build !linux

package tables

// adviseHuge does nothing: huge pages are asked for on Linux only.
func adviseHuge([]byte) {}
