//go:build dpdk && cgo && linux

package dpdk

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
	"nitrocard/pmd/pmdtest"
)

// One sentence each, which names the option.
func TestOpenSaysWhatIsWrong(t *testing.T) {
	pmdtest.NeedNamespace(t)
	nowhere := filepath.Join(t.TempDir(), "no", "such.sock")
	for _, c := range []struct{ text, want string }{
		{"", "dpdk:: a PCI address or a virtual device is expected, such as 0000:17:00.0 or net_vhost0,iface=/run/a.sock"},
		{"ffff:1f:1f.7", "dpdk:ffff:1f:1f.7: there is no such PCI device here; `dpdk-devbind.py --status` lists those that are"},
		{"net_nope0", `dpdk:net_nope0: DPDK has no driver for "net_nope0" here`},
		{"FFFF:1F:1F.7", "there is no such PCI device here"},
		{"eth0", `dpdk:eth0: DPDK has no driver for "eth0" here`},
		{"net_vhost0", "dpdk:net_vhost0: net_vhost needs iface=SOCKET"},
		{"net_vhost0,iface=/" + strings.Repeat("x", 107), "the name of a socket has 107 bytes at most, and this one 108"},
		{"net_virtio_user0,path=/" + strings.Repeat("x", 107), "path=/xxx"},
		{"net_null" + strings.Repeat("1", 100), "device name should be shorter than 64"},
		{"net_vhost0,iface=/x,quues=2", `net_vhost has no argument "quues"; it takes iface, queues, client`},
		{"net_vhost0,iface=/x,tso=1", "tso=1: a card takes no merged frames; leave tso out"},
		{"net_vhost0,iface=" + nowhere, "failed to bind: No such file or directory"},
		{"net_virtio_user0,path=" + nowhere, "No such file or directory"},
		{"net_af_packet0,iface=nope", "iface=nope: there is no such network interface here; `ip link` lists those that are"},
		{"net_af_packet0,iface=lo,framesz=x", "framesz"},
		{"net_pcap0,rx_pcap=" + nowhere, "rx_pcap: stat " + nowhere + ": no such file or directory"},
		{"net_pcap0,rx_pcap=/dev/null", "/dev/null"},
		{"net_null0,size", `its driver does not take "size"`},
		{"net_tap0,iface=lo", "lo"},
		{"net_null0,no-rx=1\x00", "the name holds a zero byte"},
	} {
		t.Run(c.text, func(t *testing.T) {
			_, err := Open(c.text)
			require.ErrorContains(t, err, c.want)
			require.True(t, strings.HasPrefix(err.Error(), "dpdk:"+c.text+": "), err)
			require.NotContains(t, err.Error(), "\n")
		})
	}
}

// What failed to open left nothing that is in the way of the next try.
func TestAFailedOpenCanBeRepeated(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "no", "such.sock")
	for range 2 {
		_, err := Open("net_vhost0,iface=" + socket)
		require.ErrorContains(t, err, "failed to bind")
	}
	_, err := Open("net_null8,size")
	require.Error(t, err)
	plug(t, "net_null8")
	_, err = OpenQueues("net_af_packet0,iface=lo", 2)
	require.ErrorContains(t, err, "fewer than 2 queues")
	require.Len(t, eal.devices, 1)
}

func TestADeviceIsOpenOnce(t *testing.T) {
	plug(t, "net_null7")
	_, err := Open("net_null7")
	require.EqualError(t, err, "dpdk:net_null7: net_null7 is open already; another port needs a name of its own, such as net_null9")
}

func TestTooLittleMemoryNamesTheOption(t *testing.T) {
	var err error
	for err == nil {
		var ports []pmd.Port
		ports, err = OpenQueues(unique("net_null"), 8)
		for _, p := range ports {
			defer p.Close()
		}
	}
	require.ErrorContains(t, err, "too little memory")
	require.ErrorContains(t, err, `--eal "-m `)
}

func TestLaterOptionsAreAnError(t *testing.T) {
	plug(t, unique("net_null"))
	require.NoError(t, Init(nil))
	require.EqualError(t, Init([]string{"-m", "64"}), "--eal -m 64: DPDK runs already, and takes options at its start only")
}

// Each queue is a port. The device ends with the last.
func TestQueues(t *testing.T) {
	name := unique("net_null")
	ports, err := OpenQueues(name+",size=100", 2)
	require.NoError(t, err)
	var b pmd.Burst
	for _, p := range ports {
		p.Rx(&b)
		require.Equal(t, pmd.MaxBurst, b.N)
		require.EqualValues(t, pmd.MaxBurst, p.Stats().RxPackets)
		require.Equal(t, "dpdk:"+name, p.Info().Name)
	}
	require.NoError(t, ports[0].Close())
	require.ErrorIs(t, ports[0].Link(), pmd.ErrGone)
	require.NoError(t, ports[1].Link())
	ports[1].Rx(&b)
	require.NoError(t, ports[1].Close())
	plug(t, name)
}
