//go:build !linux

package controller

import "os/exec"

// endsWithUs does nothing: the child process ends with its test.
func endsWithUs(*exec.Cmd) {}
