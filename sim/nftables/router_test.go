//go:build linux

package nftables

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/pmdtest"
	"nitrocard/sim/netlab"
)

// router is a kernel between the guest's link and the far one. The hosts at their other ends
// have no addresses, so that their kernels say nothing.
type router struct {
	testing.TB
	host  *netlab.Host
	sides [2]end // the guest's, and the far one
	marks int
}

// end is the end of a link that is not the router's.
type end struct {
	raw    *netlab.Raw
	seen   *netlab.Watch
	router wire.MAC
	known  int // how many frames were looked at
}

func newRouter(t testing.TB) *router {
	if _, err := exec.LookPath("nft"); err != nil {
		pmdtest.Missing(t, "nftables is not installed (as root: `make deps`)")
	}
	r := &router{TB: t, host: newHost(t, "router")}
	require.NoError(t, r.host.Forward())
	for i, l := range []struct {
		name  string
		addrs []netip.Addr
		mac   wire.MAC
	}{{"guest", []netip.Addr{four.guest, six.guest}, guestMAC}, {"far", slices.Concat(four.beyond, six.beyond), farMAC}} {
		h := newHost(t, l.name)
		here, there := netlab.End{Host: h, Name: "eth0", MAC: l.mac[:]}, netlab.End{Host: r.host, Name: l.name}
		require.NoError(t, netlab.Cable(here, there, 1500))
		require.NoError(t, netlab.OwnQueue(here, there)) // no packet is lost to other tests' floods
		require.NoError(t, netlab.OwnQueue(there, here))
		for _, f := range families {
			require.NoError(t, r.host.Address(l.name, f.routers[i]))
		}
		for _, a := range l.addrs {
			require.NoError(t, r.host.Neighbor(l.name, a, net.HardwareAddr(l.mac[:])))
		}
		raw, err := h.Raw("eth0")
		require.NoError(t, err)
		t.Cleanup(func() { raw.Close() })
		seen, err := h.Watch("eth0", func(f []byte) bool { return isFor(f, l.addrs) })
		require.NoError(t, err)
		t.Cleanup(func() { seen.Stop() })
		r.sides[i] = end{raw: raw, seen: seen, router: wire.MAC(r.host.LinkMAC(l.name))}
	}
	return r
}

// isFor tells whether a frame has a packet for one of these addresses. The router's kernel sends others of its own.
func isFor(frame []byte, addrs []netip.Addr) bool {
	var h wire.Headers
	return wire.Parse(frame, &h) == wire.NoFault && slices.ContainsFunc(addrs, func(a netip.Addr) bool { return h.Dst == wire.AddrFrom(a) })
}

func newHost(t testing.TB, name string) *netlab.Host {
	h, err := netlab.NewHost(name)
	require.NoError(t, err)
	t.Cleanup(h.Close)
	return h
}

// apply puts a configuration in force. Connections stay.
func (r *router) apply(c *vpc.Config) {
	var out bytes.Buffer
	cmd := exec.Command("nft", "-f", "-")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(ruleset(c)), &out, &out
	require.NoError(r, r.host.Start(cmd))
	require.NoError(r, cmd.Wait(), "%s\n%s", &out, ruleset(c))
	r.warm()
}

// warm waits until both directions carry packets: a new link drops what is sent before the
// kernel's own work queue has noticed that both of its ends are up.
func (r *router) warm() {
	for _, from := range []int{guest, far} {
		pmdtest.Until(r, "the links are up", func() bool { return r.came(1-from, r.mark(from)) })
	}
}

// send has a side send a packet.
func (r *router) send(from int, p wiretest.Packet) {
	src := [2]wire.MAC{guestMAC, farMAC}[from]
	require.NoError(r, r.sides[from].raw.Send(p.MACs(src, r.sides[from].router).Bytes()))
}

// mark sends a marker unlike those before, and returns what will arrive of it.
func (r *router) mark(from int) (payload []byte) {
	r.marks++
	ends := [2]string{four.guest.String(), four.beyond[0].String()}
	mark := wiretest.IP(ends[from], ends[1-from], marker).Payload(fmt.Sprintf("marker %08d", r.marks))
	r.send(from, mark)
	return transport(mark.Bytes())
}

// came tells whether a marker arrived at a side; what arrived before is forgotten.
func (r *router) came(at int, mark []byte) bool {
	_, came := r.until(at, mark)
	return came
}

// until takes what arrived at a side up to a marker.
func (r *router) until(at int, mark []byte) (arrived []byte, came bool) {
	side := &r.sides[at]
	for frames := side.seen.Frames(); side.known < len(frames); {
		f := frames[side.known]
		side.known++
		switch {
		case bytes.Equal(transport(f), mark):
			return arrived, true
		case wire.Ethernet(f).EtherType() == wire.EtherTypeIPv6 || f[23] != marker:
			arrived = transport(f)
		}
	}
	return arrived, false
}

// pass sends a packet from a side, and returns what arrived at the other, from its transport
// header on; nil: nothing did.
func (r *router) pass(from int, p wiretest.Packet) (arrived []byte) {
	r.send(from, p)
	mark := r.mark(from)
	pmdtest.Until(r, "the marker came through", func() bool {
		some, came := r.until(1-from, mark)
		if some != nil {
			arrived = some
		}
		return came
	})
	return arrived
}
