package sandbox

import (
	"errors"
	"fmt"

	"github.com/elastic/go-seccomp-bpf"
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
	"settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "sethostname", "setdomainname", "personality", "vhangup",
	"bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
	"add_key", "request_key", "keyctl",
}

// restrictCalls has seccomp forbid what a card never does: such a call answers EPERM.
func restrictCalls(_ Options, r *Report) error {
	if !seccomp.Supported() {
		r.Lacks = append(r.Lacks, "seccomp: all system calls may be made")
		return nil
	}
	err := seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true,
		Flag:       seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionAllow,
			Syscalls:      []seccomp.SyscallGroup{{Names: never, Action: seccomp.ActionErrno}},
		},
	})
	if errors.Is(err, unix.EINVAL) {
		r.Lacks = append(r.Lacks, "seccomp filters: all system calls may be made")
		return nil
	}
	if err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	r.Done = append(r.Done, fmt.Sprintf("%d system calls that a card never makes are refused (seccomp)", len(never)))
	return nil
}
