//go:build linux

package lab

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/service"
	"nitrocard/nic/vpc"
	"nitrocard/pmd"
	"nitrocard/pmd/afpacket"
	"nitrocard/pmd/pmdtest"
	"nitrocard/sim/netlab"
)

// timed is a1 on a card whose clock is ahead of this machine's.
func timed(t *testing.T, ahead time.Duration, synchronized bool) *machine {
	config, err := vpc.Parse("region.yaml", Region)
	require.NoError(t, err)
	r, err := readRegion(config)
	require.NoError(t, err)
	a1 := &machine{guest: r.guests[0]}
	var hosts [2]*netlab.Host
	for i, name := range []string{"a1", "x"} {
		hosts[i], err = netlab.NewHost(name)
		require.NoError(t, err)
		t.Cleanup(hosts[i].Close)
	}
	a1.Host, a1.server = hosts[0], hosts[1]
	require.NoError(t, netlab.Cable(netlab.End{Host: a1.Host, Name: "eth0", MAC: a1.MAC}, netlab.End{Host: a1.server, Name: "a1", MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}}, guestMTU))
	require.NoError(t, a1.Address("eth0", a1.Addr))
	require.NoError(t, a1.Via(everywhere, a1.Router))

	card, err := nic.New(config, nic.Options{Card: "x", MaxConnections: 1 << 10, Clock: func() service.Reading {
		return service.Reading{Time: time.Now().Add(ahead), Synchronized: synchronized, Uncertainty: time.Millisecond}
	}})
	require.NoError(t, err)
	require.NoError(t, card.Attach(a1.ENI, func() (port pmd.Port, err error) {
		err = a1.server.Do(func() (err error) { port, err = afpacket.Open("a1"); return err })
		return port, err
	}))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- card.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, card.Close())
	})
	return a1
}

// chronyd takes the time of a card whose clock is disciplined, and finds how far the machine's is off:
// by the minute that the card's is ahead. The time of a clock that nothing disciplines it does not take.
func TestChronyTakesTheCardsTime(t *testing.T) {
	fetched, err := filepath.Abs("../../bin") // where make deps puts it
	require.NoError(t, err)
	t.Setenv("PATH", os.Getenv("PATH")+":"+fetched)
	if _, err := chronyd.path(); err != nil {
		pmdtest.Missing(t, err.Error())
	}
	a1 := timed(t, time.Minute, true)
	said, err := a1.chronydQ(t.Context())
	require.NoError(t, err)
	_, off, _ := strings.Cut(said, "System clock wrong by ")
	off, _, _ = strings.Cut(off, " seconds")
	seconds, err := strconv.ParseFloat(off, 64)
	require.NoError(t, err, said)
	require.InDelta(t, 60, seconds, 10, "far more than any path is long")

	_, err = timed(t, time.Minute, false).chronydQ(t.Context())
	require.ErrorContains(t, err, "No suitable source")
}
