// Package sandbox takes from this process the rights that it needs no more, so that
// whoever gets a card to run code of his own has little of the machine.
//
//	sandbox.go           Options, Report; what is taken, in which order
//	sandbox_linux.go     Enter
//	rights_linux.go      user, capabilities, no_new_privs
//	files_linux.go       landlock: which files may be written
//	calls_linux.go       seccomp: system calls that a card never makes, or of another architecture
//	sandbox_other.go     what systems without all that answer
//
// Enter comes when a card's ports are open, and before it meets a packet. It keeps
// the capabilities that opening a port again takes, since a port that went comes
// back at any time; nothing that runs later can get another one.
//
// A thread's rights are its own, and a Go program has threads from the start. So
// each step is done on all of them: through package psx, which does so with cgo
// and without, or by the kernel (SECCOMP_FILTER_FLAG_TSYNC).
//
// System calls are refused by name, and not allowed by name. What a card calls depends on
// versions of Go and of DPDK's drivers, on the processor, and on the kernel: Go asks for
// the time by a system call where the vDSO has no clock. A list of allowed calls would stop
// cards on machines where no test ran.
package sandbox

import "slices"

// Options are what a card keeps.
type Options struct {
	User         *User        // that it becomes; nil: it stays who it is
	Capabilities []Capability // of those that it has
	Folders      []string     // below which files are written, made and removed
	Files        []string     // written besides, devices among them; those that are not there are left out

	// Bare is for drivers that hold devices and files of their own, such as
	// DPDK's: user, capabilities and files stay as they are.
	Bare bool
}

// User is somebody without rights.
type User struct {
	Name     string
	UID, GID int
}

// Capability is one of capabilities(7), by its number.
type Capability uint8

// Capabilities that opening a port takes.
const (
	NetAdmin Capability = 12 // tap
	NetRaw   Capability = 13 // afpacket
)

// String is the name, as setcap has it.
func (c Capability) String() string {
	switch c {
	case NetAdmin:
		return "cap_net_admin"
	case NetRaw:
		return "cap_net_raw"
	}
	return "none that a card knows"
}

// Report is what became of the process.
type Report struct {
	Done  []string // in words for a log
	Kept  []string
	Lacks []string // what the kernel does not have
}

// capabilitySet is a set as the kernel has it.
func capabilitySet(all []Capability) (set uint64) {
	for _, c := range all {
		set |= 1 << c
	}
	return set
}

// names are those of a set's capabilities.
func names(all []Capability) (names []string) {
	for _, c := range all {
		names = append(names, c.String())
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}
