//go:build !linux

package nic

// allowedCPUs is empty where threads cannot be pinned.
func allowedCPUs() []int { return nil }

// Pin does nothing there.
func Pin(int) error { return nil }
