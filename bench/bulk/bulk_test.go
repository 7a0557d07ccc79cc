//go:build linux

package main

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
)

// The configuration has the cards, guests and addresses that build counts on.
func TestTheRegionIsTheWorlds(t *testing.T) {
	config, err := vpc.Parse("region.yaml", region)
	require.NoError(t, err)
	var cards, addrs []string
	for _, c := range config.Placement.Cards {
		cards = append(cards, c.Name)
	}
	for _, e := range config.NetworkInterfaces {
		addrs = append(addrs, e.PrivateIpAddresses[0].PrivateIpAddress.String())
	}
	require.Equal(t, []string{"x", "y"}, cards)
	require.Equal(t, []string{addr(5).String(), addr(6).String(), addr(7).String()}, addrs)
}

// All that is sent before the time is over is counted, and the end of the stream ends both.
func TestAStreamHasARate(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	out, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	go func() {
		_ = send(out, 10*time.Millisecond)
		out.Close()
	}()
	rate, err := receive(l)
	require.NoError(t, err)
	require.Positive(t, rate)
}

// Who sends stops at an error, not at the end of the time.
func TestAReceiverThatLeavesEndsTheStream(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	out, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer out.Close()
	in, err := l.Accept()
	require.NoError(t, err)
	require.NoError(t, in.(*net.TCPConn).SetLinger(0))
	in.Close()
	l.Close()
	require.Error(t, send(out, time.Hour))
}

func TestTheEndOfACardIsTold(t *testing.T) {
	require.ErrorContains(t, up(bufio.NewReader(strings.NewReader("the uplink is missing\n"))), "the uplink is missing")
	require.NoError(t, up(bufio.NewReader(strings.NewReader("level=INFO msg=\"card is up\"\n"))))
}
