package controller

import (
	"net"
	"net/netip"
	"sync"
)

// shares is a listener at which each source has so many connections at most, so that one source alone cannot keep
// others out. A source is an IPv4 address, or the first 64 bits of an IPv6 address, which all hosts of a link have in
// common. A further connection is closed at once.
type shares struct {
	net.Listener
	most int

	mu sync.Mutex
	of map[netip.Prefix]int // connections by source
}

// newShares makes shares of a listener, whose connections they are.
func newShares(l net.Listener, most int) *shares {
	return &shares{Listener: l, most: most, of: map[netip.Prefix]int{}}
}

// Accept is the next connection of a source that has room.
func (s *shares) Accept() (net.Conn, error) {
	for {
		conn, err := s.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := sourceOf(conn.RemoteAddr())
		if s.enter(from) {
			return &shared{Conn: conn, leave: sync.OnceFunc(func() { s.leave(from) })}, nil
		}
		conn.Close()
	}
}

// sourceOf is whom a connection from an address counts for; the zero Prefix: everybody whose address is no IP address.
func sourceOf(a net.Addr) netip.Prefix {
	tcp, is := a.(*net.TCPAddr)
	if !is {
		return netip.Prefix{}
	}
	ip, bits := tcp.AddrPort().Addr().Unmap().WithZone(""), 64
	if ip.Is4() {
		bits = 32
	}
	p, _ := ip.Prefix(bits) // both have as many
	return p
}

// enter counts a connection, if its source has room.
func (s *shares) enter(from netip.Prefix) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[from] >= s.most {
		return false
	}
	s.of[from]++
	return true
}

// leave counts a connection that is closed.
func (s *shares) leave(from netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[from]--; s.of[from] == 0 {
		delete(s.of, from)
	}
}

// shared is a connection that counts until it is closed.
type shared struct {
	net.Conn
	leave func()
}

// Close closes the connection.
func (c *shared) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
