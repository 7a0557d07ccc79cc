//go:build linux

// Package cagetest runs a package's tests inside a cage, so that they may
// build networks as root or as an ordinary user and leave nothing behind.
package cagetest

import (
	"context"
	"fmt"
	"os"
	"testing"

	"nitrocard/sim/cage"
)

// caged marks the test binary's environment inside the cage.
const caged = "NITROCARD_CAGED"

// Main is the body of a TestMain. Where the system forbids the cage the
// tests are skipped, and fail if the environment says CI=true.
func Main(m *testing.M) (exit int) {
	if os.Getenv(caged) == "" {
		return outside()
	}
	if os.Getpid() != 1 {
		return m.Run()
	}
	exit, err := cage.Init(os.Args[1:], 0)
	if err != nil {
		return refused(err)
	}
	return exit
}

func outside() int {
	os.Setenv(caged, "1")
	exit, err := cage.Again(context.Background())
	if err != nil {
		return refused(err)
	}
	return exit
}

func refused(err error) int {
	if os.Getenv("CI") == "true" {
		fmt.Println("FAIL: these tests need namespaces:", err)
		return 1
	}
	fmt.Println("skipped, these tests need namespaces:", err)
	return 0
}
