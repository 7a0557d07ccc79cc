package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// never are system calls that no card makes, and whoever took one over would: to
// run programs, to look into other processes, to change mounts, namespaces and the
// kernel, and ways into the kernel that were broken often.
var never = []string{
	"execve", "execveat",
	"ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd",
	"mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsmount", "fsconfig", "fspick", "mount_setattr",
	"unshare", "setns", "open_by_handle_at", "mknodat",
	"init_module", "finit_module", "delete_module", "kexec_load", "reboot", "swapon", "swapoff", "acct", "quotactl", "syslog",
	"settimeofday", "clock_settime", "clock_adjtime", "sethostname", "setdomainname", "personality", "vhangup",
	"perf_event_open", "io_uring_setup", "io_uring_enter", "io_uring_register",
	"add_key", "request_key", "keyctl",
}

// neverBare are system calls that no card without drivers of devices makes: DPDK's
// load programs into the kernel, and follow memory that other processes share.
var neverBare = []string{"bpf", "userfaultfd"}

// namespaces are the flags of clone(2) that make a namespace.
const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// noSuchCall answers ENOSYS.
const noSuchCall = seccomp.ActionErrno | seccomp.Action(unix.ENOSYS)

// refused are the calls that a card never makes, by name.
func refused(o Options) []string {
	if o.Bare {
		return never
	}
	return slices.Concat(never, neverBare)
}

// restrictCalls has seccomp forbid what a card never does: such a call answers EPERM.
func restrictCalls(o Options, r *Report) error {
	if !seccomp.Supported() {
		r.Lacks = append(r.Lacks, "seccomp: all system calls may be made")
		return nil
	}
	filter, err := callFilter(o)
	if err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	err = load(filter)
	if errors.Is(err, unix.EINVAL) {
		r.Lacks = append(r.Lacks, "seccomp filters: all system calls may be made")
		return nil
	}
	if err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	r.Done = append(r.Done, fmt.Sprintf("%d system calls that a card never makes are refused (seccomp)", len(refused(o))))
	return nil
}

// callFilter is the program that the kernel asks about each call (seccomp(2), struct
// seccomp_data). Calls of another architecture, such as those of 32-bit programs, have
// other numbers, and are all refused. A filter cannot see the flags of clone3, so clone3
// answers ENOSYS, as a kernel without it does, and C libraries start threads with clone.
func callFilter(o Options) ([]bpf.Instruction, error) {
	native, err := arch.GetInfo("")
	if err != nil {
		return nil, err
	}
	policy := seccomp.Policy{
		DefaultAction: seccomp.ActionAllow,
		Syscalls: []seccomp.SyscallGroup{
			{Names: []string{"clone3"}, Action: noSuchCall},
			{Names: refused(o), Action: seccomp.ActionErrno, NamesWithCondtions: []seccomp.NameWithConditions{
				{Name: "clone", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.BitsSet, Value: namespaces}}},
			}},
		},
	}
	numbers, err := policy.Assemble()
	return append([]bpf.Instruction{
		bpf.LoadAbsolute{Off: 4, Size: 4}, // seccomp_data.arch
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(native.ID), SkipTrue: 1},
		bpf.RetConstant{Val: uint32(seccomp.ActionErrno) | uint32(unix.EPERM)},
	}, numbers...), err
}

// load has the kernel ask a program about the calls of all threads, which have
// no_new_privs.
func load(program []bpf.Instruction) error {
	raw, err := bpf.Assemble(program)
	if err != nil {
		return err
	}
	filter := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	p := &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(p)))
	switch {
	case errno != 0:
		return errno
	case thread != 0:
		return fmt.Errorf("thread %d has a filter of its own", thread)
	}
	return nil
}
