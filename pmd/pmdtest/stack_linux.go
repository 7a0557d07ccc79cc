package pmdtest

import (
	"net"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// Stack is a Linux network stack in a namespace of its own, with one link.
type Stack struct {
	t    testing.TB
	ns   netns.NsHandle
	conf *netlink.Handle
	Link netlink.Link
}

// NewStack makes a stack and moves a link into it.
func NewStack(t testing.TB, link netlink.Link, mtu int) *Stack {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := netns.Get()
	require.NoError(t, err)
	defer home.Close()
	ns, err := netns.New()
	require.NoError(t, err)
	require.NoError(t, netns.Set(home))
	t.Cleanup(func() { ns.Close() })

	require.NoError(t, netlink.LinkSetNsFd(link, int(ns)))
	conf, err := netlink.NewHandleAt(ns)
	require.NoError(t, err)
	t.Cleanup(conf.Close)
	require.NoError(t, conf.LinkSetMTU(link, mtu))
	require.NoError(t, conf.LinkSetUp(link))
	return &Stack{t, ns, conf, link}
}

// Add makes another device in the stack, such as a tunnel over its link.
func (s *Stack) Add(dev netlink.Link) {
	s.t.Helper()
	require.NoError(s.t, s.conf.LinkAdd(dev))
	require.NoError(s.t, s.conf.LinkSetUp(dev))
}

// Change has fn change devices of the stack.
func (s *Stack) Change(fn func(conf *netlink.Handle)) { fn(s.conf) }

// Address gives a device an address, such as "10.0.0.1/24".
func (s *Stack) Address(dev netlink.Link, cidr string) {
	s.t.Helper()
	addr, err := netlink.ParseAddr(cidr)
	require.NoError(s.t, err)
	require.NoError(s.t, s.conf.AddrAdd(dev, addr))
}

// Listen listens in the stack.
func (s *Stack) Listen(addr string) (l net.Listener) {
	s.t.Helper()
	s.do(func() (err error) { l, err = net.Listen("tcp4", addr); return err })
	s.t.Cleanup(func() { l.Close() })
	return l
}

// ListenUDP listens in the stack.
func (s *Stack) ListenUDP(addr string) (c net.PacketConn) {
	s.t.Helper()
	s.do(func() (err error) { c, err = net.ListenPacket("udp4", addr); return err })
	s.t.Cleanup(func() { c.Close() })
	return c
}

// Dial connects from the stack.
func (s *Stack) Dial(network, addr string) (c net.Conn) {
	s.t.Helper()
	s.do(func() (err error) { c, err = net.DialTimeout(network, addr, patience); return err })
	s.t.Cleanup(func() { c.Close() })
	return c
}

// do runs f on a thread that is in the stack's namespace.
func (s *Stack) do(f func() error) {
	s.t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := netns.Get()
	require.NoError(s.t, err)
	defer home.Close()
	require.NoError(s.t, netns.Set(s.ns))
	err = f()
	require.NoError(s.t, netns.Set(home))
	require.NoError(s.t, err)
}
