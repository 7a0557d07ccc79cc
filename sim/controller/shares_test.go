package controller

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
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
	s := newShares(l, 2, slog.New(slog.DiscardHandler))
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

// The log names an address that has its share, with how many connections were closed, and not each of them; it does so anew
// once the address had none.
func TestTheLogTellsOfClosedConnections(t *testing.T) {
	var log bytes.Buffer
	s := newShares(nil, 1, slog.New(slog.NewTextHandler(&log, nil)))
	from := netip.MustParsePrefix("192.0.2.1/32")
	told := func() (lines []string) {
		for line := range strings.Lines(log.String()) {
			_, line, _ = strings.Cut(line, " address=")
			lines = append(lines, strings.TrimSpace(line))
		}
		log.Reset()
		return lines
	}
	require.True(t, s.enter(from))
	require.Empty(t, told())
	for range 1009 {
		require.False(t, s.enter(from))
	}
	require.Equal(t, []string{
		"192.0.2.1/32 share=1 closed=1", "192.0.2.1/32 share=1 closed=10", "192.0.2.1/32 share=1 closed=100", "192.0.2.1/32 share=1 closed=1000",
	}, told())
	s.leave(from)
	require.Empty(t, s.of)
	require.True(t, s.enter(from))
	require.False(t, s.enter(from))
	require.Equal(t, []string{"192.0.2.1/32 share=1 closed=1"}, told())
}

// An address has an eighth of the connections, though not fewer than 256 where half of them are as many.
func TestShareOf(t *testing.T) {
	for all, share := range map[int]int{0: 1, 1: 1, 32: 16, 512: 256, 1024: 256, 2048: 256, 4096: 512, 1 << 15: 4096} {
		require.Equal(t, share, shareOf(all), all)
	}
}
