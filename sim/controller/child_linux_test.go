package controller

import (
	"os/exec"
	"syscall"
)

// endsWithUs has the kernel end a child process when this one ends.
func endsWithUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
