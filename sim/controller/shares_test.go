package controller

import (
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

// knock is a connection from an address.
type knock struct {
	net.Conn
	from   string
	closed bool
}

func (k *knock) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(k.from), 7))
}
func (k *knock) Close() error { k.closed = true; return nil }

// knocks are a listener's connections.
type knocks struct {
	net.Listener
	next []*knock
}

func (l *knocks) Accept() (net.Conn, error) {
	if len(l.next) == 0 {
		return nil, io.EOF
	}
	k := l.next[0]
	l.next = l.next[1:]
	return k, nil
}

// Whoever has one address has a share of the connections, and others theirs, also once the first ones are gone.
func TestNoAddressKeepsOthersOut(t *testing.T) {
	l := &knocks{}
	s := newShares(l, 2)
	come := func(from string) (let net.Conn, is bool) {
		l.next = append(l.next, &knock{from: from})
		k := l.next[0]
		let, err := s.Accept()
		require.Equal(t, err == nil, !k.closed)
		return let, err == nil
	}
	first, is := come("192.0.2.1")
	require.True(t, is)
	for _, c := range []struct {
		from string
		is   bool
	}{
		{"::ffff:192.0.2.1", true}, {"192.0.2.1", false}, {"192.0.2.2", true},
		{"2001:db8::1", true}, {"2001:db8::2", true}, {"2001:db8::3", false}, {"2001:db8:0:1::1", true},
		{"fe80::1%eth0", true}, {"fe80::2%eth1", true}, {"fe80::3", false},
	} {
		_, is := come(c.from)
		require.Equal(t, c.is, is, c.from)
	}
	require.NoError(t, first.Close())
	require.NoError(t, first.Close(), "which counts once")
	other, is := come("192.0.2.1")
	require.True(t, is)
	_, is = come("192.0.2.1")
	require.False(t, is)
	require.NoError(t, other.Close())
}
