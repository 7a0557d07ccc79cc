//go:build !linux

package lab

import (
	"context"
	"errors"
)

var errLinux = errors.New("the lab is built of Linux network namespaces, which this system does not have; run it on Linux or in a Linux virtual machine")

// Run says that this system has no network namespaces.
func Run(context.Context, Options) (passed, failed int, err error) { return 0, 0, errLinux }

// Exec says that this system has no network namespaces.
func Exec(context.Context, string, []string) (exit int, err error) { return 0, errLinux }

// Travel says that this system has no network namespaces.
func Travel(context.Context, Options, Question) (*Journey, error) { return nil, errLinux }

// Inner says that this system has no network namespaces.
func Inner(context.Context, []string) (exit int, err error) { return 0, errLinux }
