//go:build linux

package cage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// gates are the switches by which systems forbid user namespaces, with the
// value that forbids and the command that allows.
var gates = []struct{ file, forbids, allow string }{
	{"user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=15000"},
	{"kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"},
	{"kernel/apparmor_restrict_unprivileged_userns", "1", "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"},
}

// explain turns the kernel's refusal of namespaces into one sentence with
// what to do. Other errors stay as they are.
func explain(err error) error {
	if !refusal(err) {
		return err
	}
	return fmt.Errorf("this system forbids the namespaces the lab is built of (%w): %s", err, remedy("/proc/sys", user("/proc/self/uid_map", os.Geteuid())))
}

func refusal(err error) bool {
	return errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EINVAL)
}

// user is who we are outside: in a user namespace the kernel lets us be root
// and still refuses. The map's lines are ID inside, ID outside, and how many
// (user_namespaces(7)); a cage has one.
func user(uidMap string, uid int) int {
	text, err := os.ReadFile(uidMap)
	if err != nil {
		return uid
	}
	var inside, outside int
	if n, _ := fmt.Sscan(string(text), &inside, &outside); n < 2 {
		return uid
	}
	return outside + uid - inside
}

// remedy reads the gates in the folder of sysctls on behalf of a user.
func remedy(sysctls string, uid int) string {
	if uid == 0 {
		return "root lacks CAP_SYS_ADMIN here; in a container, start it with --privileged"
	}
	for _, g := range gates {
		value, err := os.ReadFile(filepath.Join(sysctls, g.file))
		if err == nil && strings.TrimSpace(string(value)) == g.forbids {
			return "run `" + g.allow + "`, or run the lab as root"
		}
	}
	return "run the lab as root, or, in a container, start it with --privileged"
}
