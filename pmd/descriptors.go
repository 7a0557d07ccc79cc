package pmd

import (
	"errors"
	"fmt"
	"syscall"
)

// Descriptors is an error of the system in words, where it says that no descriptor is
// left (EMFILE, ENFILE). Other errors stay as they are.
func Descriptors(err error) error {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("the process has no descriptor left (EMFILE); `ulimit -n` raises how many it may have: %w", err)
	case errors.Is(err, syscall.ENFILE):
		return fmt.Errorf("the system has no descriptor left (ENFILE); the sysctl fs.file-max raises how many it may have: %w", err)
	}
	return err
}
