package reassembly

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"

	"nitrocard/nic/nictest"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// The ports of the guest: rules allow the first one alone.
const allowed, denied = 5000, 5001

// The guest, and its public address.
const (
	guest, public = "10.0.1.5", "35.72.2.8"
	guest6        = "2001:db8:a:1::5"
)

// soup is datagrams in pieces, on their way to the guest.
type soup struct {
	six       bool
	id        uint16 // of all of them
	datagrams []datagram
	pieces    []piece
}

// datagram is one of UDP.
type datagram struct {
	port   uint16
	length int // of the payload
	letter byte
}

// piece is a fragment: the bytes from and to, to not included, of a datagram with its UDP header.
type piece struct {
	datagram, from, to int
	more               bool
	next               uint8 // the header that a later fragment of IPv6 names, which nobody believes; 0: UDP
	after              bool  // a pause in which a card gives up waiting
}

// segment is a datagram with its header, as it is sent to an address.
func (s *soup) segment(d datagram, to string) []byte {
	from := nictest.Client
	if s.six {
		from = nictest.Client6
	}
	p := wiretest.UDP(end(from, 9), end(to, d.port)).Payload(strings.Repeat(string(d.letter), d.length))
	if !s.six && d.letter%2 == 0 {
		p = p.NoChecksum()
	}
	if s.six {
		return p.Bytes()[wire.EthernetLen+wire.IPv6Len:]
	}
	return p.Bytes()[wire.EthernetLen+wire.IPv4Len:]
}

// end is an address with a port.
func end(addr string, port uint16) string {
	return netip.AddrPortFrom(netip.MustParseAddr(addr), port).String()
}

// frames are the pieces as they are sent to the guest at an address of its own, or at its public one.
func (s *soup) frames(to string) (all [][]byte) {
	for _, p := range s.pieces {
		body := s.segment(s.datagrams[p.datagram], to)[p.from:p.to]
		if s.six {
			all = append(all, s.frame6(p, body))
		} else {
			all = append(all, s.frame4(p, body, to))
		}
	}
	return all
}

// frame4 is a fragment of IPv4.
func (s *soup) frame4(p piece, body []byte, to string) []byte {
	const experiment = 253 // RFC 3692, which has no header
	b := wiretest.IP(nictest.Client, to, experiment).ID(s.id).Payload(string(body)).Bytes()
	ip := wire.IPv4(b[wire.EthernetLen:])
	ip[9] = wire.ProtoUDP
	ip.Fragment(p.from, p.more)
	ip.SetChecksum(0)
	ip.SetChecksum(wire.Sum(ip[:wire.IPv4Len], 0))
	return b
}

// frame6 is a fragment of IPv6, behind a fragment header.
func (s *soup) frame6(p piece, body []byte) []byte {
	head := []byte{cmp.Or(p.next, wire.ProtoUDP), 0, byte(p.from >> 8), byte(p.from), 0, 0, byte(s.id >> 8), byte(s.id)}
	if p.more {
		head[3] |= 1
	}
	return wiretest.IP(nictest.Client6, guest6, 44).Payload(string(head) + string(body)).Bytes()
}

// whole cuts a datagram into pieces of so many bytes.
func whole(n, length, size int) (all []piece) {
	for from, end := 0, wire.UDPLen+length; from < end; from += size {
		all = append(all, piece{datagram: n, from: from, to: min(from+size, end), more: from+size < end})
	}
	return all
}

// random is a soup of some datagrams with one identification, of which pieces are missing, come twice,
// overlap others, and come in any order.
func random(d *rand.Rand, id uint16, six bool) *soup {
	s := &soup{six: six, id: id}
	for n := range 1 + d.IntN(3) {
		data := datagram{port: []uint16{allowed, allowed, denied}[d.IntN(3)], length: 16 + d.IntN(100), letter: byte('a' + d.IntN(26))}
		s.datagrams = append(s.datagrams, data)
		pieces := whole(n, data.length, 8*(1+d.IntN(6)))
		for range d.IntN(3) {
			from := 8 * d.IntN((wire.UDPLen+data.length)/8)
			to := min(from+8*(1+d.IntN(4)), wire.UDPLen+data.length)
			pieces = append(pieces, piece{datagram: n, from: from, to: to, more: to < wire.UDPLen+data.length})
		}
		s.pieces = append(s.pieces, pieces...)
	}
	switch d.IntN(3) {
	case 0:
		d.Shuffle(len(s.pieces), func(i, j int) { s.pieces[i], s.pieces[j] = s.pieces[j], s.pieces[i] })
	case 1:
		i := d.IntN(len(s.pieces))
		s.pieces = append(s.pieces, s.pieces[i])
		s.pieces = slices.Delete(s.pieces, i, i+1)
	}
	if d.IntN(4) == 0 {
		s.pieces[d.IntN(len(s.pieces))].after = true
	}
	if p := &s.pieces[d.IntN(len(s.pieces))]; p.from > 0 {
		p.next = wire.ProtoTCP
	}
	return s
}

// pauses tells whether there is a pause in which a card gives up waiting.
func (s *soup) pauses() bool {
	return slices.ContainsFunc(s.pieces, func(p piece) bool { return p.after })
}

// String is the soup, for whoever looks at a failure.
func (s *soup) String() string { return fmt.Sprintf("%+v", *s) }
