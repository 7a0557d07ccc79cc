//go:build linux

package lab

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
)

func TestPortsAreDrawnWithTheirReasons(t *testing.T) {
	text := drawPorts("x", []nic.PortView{
		{Name: "uplink", Received: 10, Sent: 6, Consumed: 1, Dropped: map[string]uint64{"security_group_in": 2, "no_route": 1}},
		{Name: "eni-a1", Received: 4, Sent: 4},
	})
	require.Contains(t, text, "card x uplink")
	require.Contains(t, text, "3 dropped: no_route 1 security_group_in 2\n")
	require.Contains(t, text, "0 dropped\n")
}
