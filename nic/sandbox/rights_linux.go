package sandbox

import (
	"fmt"
	"math/bits"
	"unsafe"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// restrictRights changes the user and gives capabilities up.
func restrictRights(o Options, r *Report) error {
	if err := noNewRights(o, r); err != nil {
		return err
	}
	had, err := permitted()
	if err != nil {
		return err
	}
	keep := capabilitySet(o.Capabilities) & had
	if err := unbound(keep); err != nil {
		return err
	}
	if o.User != nil {
		if err := become(o.User); err != nil {
			return err
		}
		r.Done = append(r.Done, "the user is "+o.User.Name)
	}
	if err := setCapabilities(keep); err != nil {
		return fmt.Errorf("giving capabilities up: %w", err)
	}
	var kept []Capability
	for _, c := range o.Capabilities {
		if keep&(1<<c) != 0 {
			kept = append(kept, c)
		}
	}
	r.Kept = append(r.Kept, names(kept)...)
	r.Done = append(r.Done, fmt.Sprintf("%d capabilities given up", bits.OnesCount64(had&^keep)))
	return nil
}

// noNewRights keeps programs that this process might run from having more rights
// than it has (PR_SET_NO_NEW_PRIVS).
func noNewRights(_ Options, r *Report) error {
	if err := prctl(unix.PR_SET_NO_NEW_PRIVS, 1); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	r.Done = append(r.Done, "no_new_privs")
	return nil
}

// unbound takes all but some capabilities out of what programs may ever get. Only
// who has CAP_SETPCAP can, and only he needs to.
func unbound(keep uint64) error {
	for c := range uintptr(64) {
		if has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, c, 0, 0, 0); err != nil || has == 0 || keep&(1<<c) != 0 {
			continue
		}
		if err := prctl(unix.PR_CAPBSET_DROP, c); err != nil && err != unix.EPERM {
			return fmt.Errorf("capability %d: %w", c, err)
		}
	}
	return nil
}

// become makes all threads another user's, who still has the capabilities.
func become(u *User) error {
	if err := prctl(unix.PR_SET_KEEPCAPS, 1); err != nil {
		return err
	}
	id := func(call uintptr, id int) error { return all(call, uintptr(id), uintptr(id), uintptr(id)) }
	if err := all(unix.SYS_SETGROUPS, 0, 0, 0); err != nil {
		return fmt.Errorf("leaving all groups: %w", err)
	}
	if err := id(unix.SYS_SETRESGID, u.GID); err != nil {
		return fmt.Errorf("becoming group %d: %w", u.GID, err)
	}
	if err := id(unix.SYS_SETRESUID, u.UID); err != nil {
		return fmt.Errorf("becoming user %s: %w", u.Name, err)
	}
	return prctl(unix.PR_SET_KEEPCAPS, 0)
}

// permitted are the capabilities that this process may use.
func permitted() (uint64, error) {
	var data [2]unix.CapUserData
	err := unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &data[0])
	return uint64(data[1].Permitted)<<32 | uint64(data[0].Permitted), err
}

// setCapabilities makes a set all that the threads have, in force, and gives none on.
func setCapabilities(set uint64) error {
	header := &unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := &[2]unix.CapUserData{{Effective: uint32(set), Permitted: uint32(set)}, {Effective: uint32(set >> 32), Permitted: uint32(set >> 32)}}
	if _, _, errno := psx.Syscall3(unix.SYS_CAPSET, uintptr(unsafe.Pointer(header)), uintptr(unsafe.Pointer(data)), 0); errno != 0 {
		return errno
	}
	return nil
}

// all does a system call on all threads.
func all(call, a, b, c uintptr) error {
	if _, _, errno := psx.Syscall3(call, a, b, c); errno != 0 {
		return errno
	}
	return nil
}

// prctl is prctl(2) on all threads.
func prctl(option int, argument uintptr) error {
	if _, _, errno := psx.Syscall6(unix.SYS_PRCTL, uintptr(option), argument, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
