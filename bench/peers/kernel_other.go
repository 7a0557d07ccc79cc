//go:build !linux

package main

import (
	"errors"
	"syscall"

	"github.com/vishvananda/netlink"
)

// errLinux is why nothing here is to be had.
var errLinux = errors.New("network namespaces and packet sockets are Linux's")

func dieWithParent() *syscall.SysProcAttr { return nil }

func isolate() error { return errLinux }

func send(netlink.Link, []byte, int) error { return errLinux }
