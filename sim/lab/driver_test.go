//go:build linux

package lab

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPortIsOfTheLabsDriverOrItsGuests(t *testing.T) {
	r := plan()
	require.Equal(t, "afpacket:uplink", r.port(0, uplink))
	r.driver = DPDK
	require.Equal(t, "dpdk:net_af_packet0,iface=uplink,framesz=9216,blocksz=36864,framecnt=512", r.port(0, uplink))
	r.virtual = map[string]*machinery{"a1": {}}
	require.Equal(t, "dpdk:net_vhost1,iface=/run/nitrocard/a1.sock", r.port(1, "a1"))
	require.Contains(t, (&story{stage: &stage{world: &world{region: r}}}).introduction(), "VNI 5001, a virtual machine\n\nThe cards' ports are DPDK's")
}
