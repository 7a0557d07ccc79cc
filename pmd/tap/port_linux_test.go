package tap

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"

	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/pmd/pmdtest"
)

func TestMain(m *testing.M) { pmdtest.Isolate(m) }

var made atomic.Uint32

// plug opens a port on a new interface.
func plug(t testing.TB) (pmd.Port, netlink.Link) {
	pmdtest.NeedNamespace(t)
	f, err := os.OpenFile(device, os.O_RDWR, 0)
	if errors.Is(err, os.ErrPermission) {
		t.Skip(err) // a choice of the machine's owner: no failure under CI
	}
	if err != nil {
		pmdtest.Missing(t, err.Error())
	}
	f.Close()
	name := fmt.Sprintf("tap%d", made.Add(1))
	p, err := Open(name)
	require.NoError(t, err)
	t.Cleanup(func() { p.Close() })
	link, err := netlink.LinkByName(name)
	require.NoError(t, err)
	return p, link
}

func TestDriver(t *testing.T) {
	pmdtest.Run(t, func(t *testing.T) *pmdtest.Pair {
		p, link := plug(t)
		require.NoError(t, netlink.LinkSetMTU(link, pmdtest.MTU))
		wire := pmdtest.NewWire(t, link)
		return &pmdtest.Pair{
			Port: p, Max: pmdtest.MTU + 14,
			Give: wire.Give, Take: wire.Take,
			Down:   func() { require.NoError(t, netlink.LinkSetDown(link)) },
			Up:     func() { require.NoError(t, netlink.LinkSetUp(link)) },
			Remove: func() { require.NoError(t, netlink.LinkDel(link)) },
		}
	})
}

func TestKernel(t *testing.T) {
	pmdtest.Kernel(t, func(t *testing.T) pmdtest.End {
		p, link := plug(t)
		return pmdtest.End{Port: p, Link: link}
	})
}

func TestMergedFramesPassWhole(t *testing.T) {
	pmdtest.Merged(t, func(t *testing.T) pmdtest.End {
		p, link := plug(t)
		return pmdtest.End{Port: p, Link: link}
	})
}

// Who sends only frames that no port carries does not keep the worker from its other ports:
// one Rx looks at no more than pmd.MaxLooks of them.
func TestLostFramesHoldNoWorker(t *testing.T) {
	p, link := plug(t)
	require.NoError(t, netlink.LinkSetTxQLen(link, 1000))
	require.NoError(t, netlink.LinkSetMTU(link, 9600))
	require.NoError(t, netlink.LinkSetUp(link))
	wire := pmdtest.NewWire(t, link)
	long := make([]byte, 9500)
	long[12], long[13] = 0x88, 0xb5 // IEEE's EtherType for experiments
	for range 3 * pmd.MaxLooks {    // more, if IPv6 of the kernel's is among them
		require.True(t, wire.Give(long))
	}
	var b pmd.Burst
	for i := range 2 {
		before := p.Stats()
		p.Rx(&b)
		after := p.Stats()
		require.EqualValues(t, pmd.MaxLooks, after.RxTooLong-before.RxTooLong+after.RxPackets-before.RxPackets, i)
	}
}

func TestInfoIsTheInterfaces(t *testing.T) {
	p, link := plug(t)
	info := p.Info()
	require.Equal(t, "tap:"+link.Attrs().Name, info.Name)
	require.Equal(t, "tap", info.Driver)
	require.Equal(t, 1500, info.MTU)
	require.Equal(t, link.Attrs().HardwareAddr, net.HardwareAddr(info.MAC[:]))
}

// MAC and MTU that others give the interface are the port's.
func TestTheInterfaceChanges(t *testing.T) {
	p, link := plug(t)
	mac := wire.MAC{2, 0, 0, 0xca, 0xfe, 1}
	require.NoError(t, netlink.LinkSetHardwareAddr(link, mac[:]))
	require.NoError(t, netlink.LinkSetMTU(link, 9001))
	require.NoError(t, p.Link())
	require.Equal(t, pmd.Info{Name: "tap:" + link.Attrs().Name, Driver: "tap", MAC: mac, MTU: 9001, Max: pmd.MaxMTU, Merged: true}, p.Info())
}

// An interface that was moved into another namespace, a guest's, has there what
// others give it, and takes frames of any length.
func TestTheInterfaceChangesInAnotherNamespace(t *testing.T) {
	p, link := plug(t)
	require.NoError(t, p.Link())
	stack := pmdtest.NewStack(t, link, 1400)
	require.NoError(t, p.Link())
	require.Equal(t, 1400, p.Info().MTU)
	stack.Change(func(conf *netlink.Handle) {
		require.NoError(t, conf.LinkSetMTU(link, 9001))
		require.NoError(t, conf.LinkSetName(link, "eth0"))
	})
	require.NoError(t, p.Link())
	require.Equal(t, [2]int{9001, pmd.MaxMTU}, [2]int{p.Info().MTU, p.Info().Max})
	stack.Change(func(conf *netlink.Handle) { require.NoError(t, conf.LinkSetDown(link)) })
	require.ErrorIs(t, p.Link(), pmd.ErrDown)
	stack.Change(func(conf *netlink.Handle) {
		require.NoError(t, conf.LinkSetUp(link))
		require.NoError(t, conf.LinkSetMTU(link, 1280))
	})
	require.NoError(t, p.Link())
	require.Equal(t, 1280, p.Info().MTU)
}

// Of two interfaces of one name and one MAC in two namespaces, each has its own
// MTU.
func TestAnInterfaceIsNotTakenForItsNamesake(t *testing.T) {
	p, link := plug(t)
	stack := pmdtest.NewStack(t, link, 1400)
	namesake, err := Open(link.Attrs().Name)
	require.NoError(t, err)
	defer namesake.Close()
	mac := wire.MAC{2, 0, 0, 0xca, 0xfe, 1}
	here, err := netlink.LinkByName(link.Attrs().Name)
	require.NoError(t, err)
	require.NoError(t, netlink.LinkSetHardwareAddr(here, mac[:]))
	require.NoError(t, netlink.LinkSetMTU(here, 1300))
	stack.Change(func(conf *netlink.Handle) { require.NoError(t, conf.LinkSetHardwareAddr(link, mac[:])) })
	for want, port := range map[int]pmd.Port{1400: p, 1300: namesake} {
		require.NoError(t, port.Link())
		require.Equal(t, want, port.Info().MTU)
	}
}

func TestCloseRemovesTheInterface(t *testing.T) {
	p, link := plug(t)
	require.NoError(t, p.Close())
	_, err := netlink.LinkByName(link.Attrs().Name)
	require.ErrorAs(t, err, new(netlink.LinkNotFoundError))
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	_, used := plug(t)
	for name, want := range map[string]string{
		"":                      "tap:: an interface name of 1 to 15 characters is expected",
		strings.Repeat("x", 16): "tap:xxxxxxxxxxxxxxxx: an interface name of 1 to 15 characters is expected",
		"a/b":                   "tap:a/b: an interface name of 1 to 15 characters is expected, none of them a space or one of / : %",
		"tap%d":                 "tap:tap%d: an interface name of 1 to 15 characters is expected",
		"lo":                    "tap:lo: there is an interface of that name, and it is no TAP interface",
		used.Attrs().Name:       "another process uses the interface of that name",
	} {
		_, err := Open(name)
		require.ErrorContains(t, err, want)
	}
}
