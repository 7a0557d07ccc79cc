package capture

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// named are the offsets and values that have names in pcap-filter(7), of those that are used most.
var named = map[string]uint64{
	"icmptype": 0, "icmpcode": 1, "icmp6type": 0, "icmp6code": 1, "tcpflags": 13,
	"tcp-fin": 1, "tcp-syn": 2, "tcp-rst": 4, "tcp-push": 8, "tcp-ack": 16, "tcp-urg": 32, "tcp-ece": 64, "tcp-cwr": 128,
	"icmp-echoreply": 0, "icmp-unreach": 3, "icmp-redirect": 5, "icmp-echo": 8, "icmp-timxceed": 11, "icmp-paramprob": 12,
}

// value is what a relation compares, if the packet has it.
type value func(*view) (n uint64, has bool)

// length is less or greater.
func (p *parser) length(how string) (test, error) {
	n, err := p.number()
	if err != nil {
		return nil, err
	}
	return func(v *view) bool { return compare(how, v.length, n) }, nil
}

// field is bytes of a header in a relation: "tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn".
func (p *parser) field() (test, error) {
	protocol := p.take()
	p.take() // the bracket
	at, err := p.number()
	if err != nil {
		return nil, err
	}
	size := uint64(1)
	if p.takes(":") {
		if size, err = p.number(); err != nil {
			return nil, err
		}
	}
	switch {
	case !p.takes("]"):
		return nil, fmt.Errorf("%s: ] is expected; the offset is a number or a name such as tcpflags", p.place())
	case size != 1 && size != 2 && size != 4:
		return nil, fmt.Errorf("a field has 1, 2 or 4 bytes, not %d", size)
	case at > 1<<16:
		return nil, fmt.Errorf("no header has a field at %d", at)
	}
	base, err := baseOf(protocol)
	if err != nil {
		return nil, err
	}
	p.reach = max(p.reach, headers+int(at+size)) // from whichever header
	return p.relation(func(v *view) (uint64, bool) {
		start, has := base(v)
		if !has {
			return 0, false
		}
		var b [8]byte
		copy(b[8-size:], v.bytes(start+int(at), int(size)))
		return binary.BigEndian.Uint64(b[:]), true
	}, true)
}

// baseOf is where the header of a protocol starts, in packets that have it. As libpcap has it, tcp,
// udp and icmp are those of IPv4.
func baseOf(protocol string) (func(*view) (int, bool), error) {
	at := func(start int, is test) func(*view) (int, bool) {
		return func(v *view) (int, bool) { return start, is(v) }
	}
	switch protocol {
	case "ether":
		return at(0, func(*view) bool { return true }), nil
	case "ip":
		return at(etherLen, isType(etherIPv4)), nil
	case "ip6":
		return at(etherLen, isType(etherIPv6)), nil
	case "arp":
		return at(etherLen, isType(etherARP)), nil
	case "rarp":
		return at(etherLen, isType(etherRARP)), nil
	case "icmp6":
		return at(etherLen+ip6Len, func(v *view) bool { return v.etherType() == etherIPv6 && v.byte(nextHeaderAt) == protoICMPv6 }), nil
	}
	is := inIPv4(numbers[protocol])
	return func(v *view) (int, bool) {
		if !is(v) || !v.firstFragment() {
			return 0, false
		}
		return v.transportIPv4(), true
	}, nil
}

// relation compares a value, perhaps behind a mask, with a number.
func (p *parser) relation(of value, masked bool) (test, error) {
	mask := ^uint64(0)
	if masked && p.takes("&") {
		var err error
		if mask, err = p.constant(); err != nil {
			return nil, err
		}
	}
	how := p.peek()
	if !p.takes("=", "==", "!=", "<", ">", "<=", ">=") {
		return nil, fmt.Errorf("%s: a comparison such as != 0 is expected", p.place())
	}
	n, err := p.constant()
	if err != nil {
		return nil, err
	}
	return func(v *view) bool {
		have, has := of(v)
		return has && compare(how, have&mask, n)
	}, nil
}

// constant is a number, or numbers that are joined by | in parentheses.
func (p *parser) constant() (uint64, error) {
	if !p.takes("(") {
		n, err := p.number()
		if err == nil && p.peek() == "|" {
			err = fmt.Errorf("%s: write (A|B) in parentheses", p.place())
		}
		return n, err
	}
	n, err := p.number()
	for err == nil && p.takes("|") {
		var more uint64
		more, err = p.number()
		n |= more
	}
	if err == nil && !p.takes(")") {
		err = fmt.Errorf("%s: numbers that are joined by | and then ) are expected", p.place())
	}
	return n, err
}

// number is a number of 32 bits, or the name of one.
func (p *parser) number() (uint64, error) {
	n, known := named[p.peek()]
	if !known {
		var err error
		if n, err = numberOf(p.peek(), 32); err != nil {
			return 0, fmt.Errorf("%s: a number is expected, or a name such as tcpflags or tcp-syn", p.place())
		}
	}
	p.take()
	return n, nil
}

// numberOf is a number of so many bits as tcpdump writes it: 20, 0x14, or 024, which is octal. Go knows
// more ways, such as 1_0, which tcpdump does not.
func numberOf(word string, bits int) (uint64, error) {
	digits, base := word, 10
	switch {
	case strings.HasPrefix(word, "0x"), strings.HasPrefix(word, "0X"):
		digits, base = word[2:], 16
	case len(word) > 1 && word[0] == '0':
		digits, base = word[1:], 8
	}
	return strconv.ParseUint(digits, base, bits)
}

// compare compares two numbers.
func compare(how string, a, b uint64) bool {
	switch how {
	case "!=":
		return a != b
	case "<":
		return a < b
	case ">":
		return a > b
	case "<=":
		return a <= b
	case ">=":
		return a >= b
	}
	return a == b
}
