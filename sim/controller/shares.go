package controller

import (
	"log/slog"
	"net"
	"net/netip"
	"sync"
)

// shares is a listener at which each source has so many connections at most, so that one source alone cannot keep
// others out. A source is an IPv4 address, or the first 64 bits of an IPv6 address, which all hosts of a link have in
// common. A further connection is closed at once, and the log tells of the first, the tenth, the hundredth and so on,
// so that neither cards that lack connections go unnoticed nor a stranger fills the log.
type shares struct {
	net.Listener
	most int
	log  *slog.Logger

	mu sync.Mutex
	of map[netip.Prefix]*source // that have connections
}

// source is what a source has.
type source struct {
	open    int // connections
	refused int // connections that were closed since it had none
}

// newShares makes shares of a listener, whose connections they are.
func newShares(l net.Listener, most int, log *slog.Logger) *shares {
	return &shares{Listener: l, most: most, log: log, of: map[netip.Prefix]*source{}}
}

// Bounds of a share. They are ours.
const (
	sources    = 8   // a stranger needs so many to have all connections
	leastShare = 256 // connections, for 128 cards behind one address: a card has one that follows, and one by which it reports
)

// shareOf is how many of all connections one source may have: an eighth, or leastShare where that is more, and half of
// all at most.
func shareOf(all int) int { return max(all/sources, min(leastShare, all/2), 1) }

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
	of := s.of[from]
	if of == nil {
		of = &source{}
		s.of[from] = of
	}
	if of.open < s.most {
		of.open++
		return true
	}
	if of.refused++; isPowerOfTen(of.refused) {
		s.log.Warn("an address has its share of the connections; further ones are closed (the share follows the limit of open files)", "address", from, "share", s.most, "closed", of.refused)
	}
	return false
}

// isPowerOfTen tells whether n is 1, 10, 100 and so on.
func isPowerOfTen(n int) bool {
	for n%10 == 0 && n > 0 {
		n /= 10
	}
	return n == 1
}

// leave counts a connection that is closed.
func (s *shares) leave(from netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.of[from]
	if of.open--; of.open == 0 {
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
