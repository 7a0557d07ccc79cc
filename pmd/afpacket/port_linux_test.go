package afpacket

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"

	"nitrocard/pmd"
	"nitrocard/pmd/pmdtest"
)

func TestMain(m *testing.M) { pmdtest.Isolate(m) }

// plug opens a port on one end of a new cable.
func plug(t testing.TB) (pmd.Port, netlink.Link, netlink.Link) {
	link, peer := pmdtest.Veth(t)
	p, err := Open(link.Attrs().Name)
	require.NoError(t, err)
	t.Cleanup(func() { p.Close() })
	return p, link, peer
}

func TestDriver(t *testing.T) {
	pmdtest.Run(t, func(t *testing.T) *pmdtest.Pair {
		p, link, peer := plug(t)
		wire := pmdtest.NewWire(t, peer)
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
		p, _, peer := plug(t)
		return pmdtest.End{Port: p, Link: peer}
	})
}

// One core, receive and send: the target is 1.0 Mpps.
func BenchmarkForward(b *testing.B) {
	from, _, peer := plug(b)
	to, _, _ := plug(b)
	pmdtest.Forward(b, from, to, pmdtest.NewWire(b, peer))
}
