//go:build !linux

package nic

// allowedCPUs is empty where threads cannot be pinned.
func allowedCPUs() []int { return nil }

func pin(int) error { return nil }
