//go:build !linux

package ctl

import (
	"errors"
	"net"
)

// peerOf knows no peer, because this system does not tell.
func peerOf(net.Conn) (peer, error) { return peer{}, errors.ErrUnsupported }
