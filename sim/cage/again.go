//go:build linux

package cage

import (
	"context"
	"errors"
	"os"
	"os/exec"
)

// Again runs this program in a cage, with its own arguments and output, and returns its exit status for
// os.Exit. An error is of a cage that could not be made. The program has to know itself by its
// environment, and to call Init.
func Again(ctx context.Context) (exit int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	err = Run(ctx, Command{Path: self, Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr})
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		return max(ended.ExitCode(), 1), nil // -1 of one that a signal ended
	}
	return 0, err
}
