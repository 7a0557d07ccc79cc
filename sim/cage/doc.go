// Package cage runs this program a second time inside Linux namespaces of
// its own, so that whatever it builds there can neither touch the machine
// nor outlive the run.
//
//	the user's process  ── clone(NEWUSER NEWNET NEWNS NEWPID NEWUTS NEWIPC) ──▶  PID 1: Init  ──▶  PID 2: the work
//
//	cage.go       Run: the outside, which waits and passes a stop on
//	again.go      Again: Run for this program itself
//	init.go       Init: PID 1, which prepares mounts and reaps
//	forbidden.go  what to tell someone whose system refuses namespaces
//
// PID 1 asks the kernel for SIGKILL on the day its parent dies, and a PID
// namespace dies with its PID 1. So nothing survives, not even a kill -9 of
// the outer process: interfaces, processes and files under /run (a tmpfs of
// the cage's own) go with the namespaces that hold them. PID 1 and the work
// are two processes because PID 1 has to reap every orphan, and a Go program
// that does so takes the exit status from its own os/exec.
//
// Root needs no user namespace and gets all the others all the same.
package cage
