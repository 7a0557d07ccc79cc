//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// The console of a virtual machine is its serial line: what its kernel and
// its first process say, and the names of files that it is to show.

// hear reads what comes from the console up to the last line that is waited for, and returns the
// lines before it.
func (v *vm) hear(ctx context.Context, last func(line string) bool) (said []string, err error) {
	if err := v.out.SetReadDeadline(time.Time{}); err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { _ = v.out.SetReadDeadline(time.Now()) })()
	for {
		line, err := v.say.ReadString('\n')
		switch line = strings.TrimSpace(line); {
		case last(line):
			return said, nil
		case line != "":
			said = append(said, line)
		}
		if errors.Is(err, io.EOF) {
			err = errors.New("QEMU ended")
		}
		if err != nil {
			return said, err
		}
	}
}

// read is a file of the guest's.
func (v *vm) read(ctx context.Context, file string) (string, error) {
	if _, err := fmt.Fprintln(v.in, file); err != nil {
		return "", fmt.Errorf("the console of %s: %w", v.Nick, err)
	}
	lines, err := v.hear(ctx, func(line string) bool { return line == "." })
	if err != nil {
		err = fmt.Errorf("the console of %s: %w", v.Nick, err)
	}
	return strings.Join(lines, "\n"), err
}
