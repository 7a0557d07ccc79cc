package service

import (
	"encoding/hex"
	"net"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// Sizes of answers over UDP: of who says none (RFC 1035 section 4.2.1), and of who does, as
// DNS Flag Day 2020 bounds it, so that no answer is fragmented.
const leastDNS, mostDNS = dns.MinMsgSize, 1232

// dnsTTL is for how many seconds a name of the VPC may be kept. AWS documents none; 60 s is
// what its resolvers say.
const dnsTTL = 60

// domainNames answers who asks for a name of the VPC by UDP. What is asked about other names goes to
// the forwarder.
func domainNames(q *query) bool {
	var m dns.Msg
	if m.Unpack(q.payload()) != nil || m.Response {
		return false
	}
	a, elsewhere := resolve(q.eni, q.policy.Region, &m)
	if elsewhere && q.forwarder != nil {
		q.forwarder.start(q, &m)
		return false
	}
	b, err := packed(&m, a)
	return err == nil && q.reply(b)
}

// packed is the answer to a message that came by UDP, no longer than who asked can take.
func packed(asked, a *dns.Msg) ([]byte, error) {
	size := leastDNS
	if opt := asked.IsEdns0(); opt != nil {
		size = min(max(leastDNS, int(opt.UDPSize())), mostDNS)
	}
	a.Truncate(size)
	return a.Pack()
}

// replyTo is an answer without records yet. It is false if the message asks nothing that a server
// answers, and then the answer says so.
func replyTo(m *dns.Msg) (a *dns.Msg, asks bool) {
	a = new(dns.Msg)
	a.SetReply(m)
	a.RecursionAvailable = true
	if opt := m.IsEdns0(); opt != nil {
		a.SetEdns0(mostDNS, opt.Do())
		if opt.Version() != 0 {
			a.Rcode = dns.RcodeBadVers
			return a, false
		}
	}
	switch {
	case m.Opcode != dns.OpcodeQuery:
		a.Rcode = dns.RcodeNotImplemented
	case len(m.Question) != 1:
		a.Rcode = dns.RcodeFormatError
	case m.Question[0].Qclass != dns.ClassINET || !m.RecursionDesired:
		a.Rcode = dns.RcodeRefused // the server answers recursive questions alone (VPC User Guide)
	default:
		return a, true
	}
	return a, false
}

// resolve is the answer to a message of an ENI's guest. elsewhere tells that it asks for a name that is
// none of the VPC's, which the answer refuses.
func resolve(e *vpc.OwnENI, r *vpc.Region, m *dns.Msg) (a *dns.Msg, elsewhere bool) {
	a, asks := replyTo(m)
	if !asks {
		return a, false
	}
	z := zone{e, r, e.NameService(r)}
	if z.Off {
		a.Rcode = dns.RcodeRefused // AWS documents that nothing is resolved, and not how that is said
		return a, false
	}
	return a, z.answer(a, &m.Question[0])
}

// zone is what the names of a VPC mean to the guest of an ENI.
type zone struct {
	eni    *vpc.OwnENI
	region *vpc.Region
	vpc.NameService
}

// answer answers a question for one name, and tells whether the name is elsewhere.
func (z zone) answer(a *dns.Msg, q *dns.Question) (elsewhere bool) {
	name := strings.ToLower(q.Name)
	addr, reverse := pointedTo(name)
	if !reverse {
		addr, reverse = pointedTo6(name)
	}
	has := z.named(name)
	switch {
	case reverse && z.eni.InVPC(addr):
		z.reverse(a, q, addr)
	case !has.ours:
		a.Rcode = dns.RcodeRefused
		return true
	case !has.known:
		a.Rcode = dns.RcodeNameError
		a.Ns = append(a.Ns, z.authority(name))
	default:
		a.Answer = z.records(q, has)
		if len(a.Answer) == 0 {
			a.Ns = append(a.Ns, z.authority(name))
		}
	}
	return false
}

// records are what a question gets of a name's addresses.
func (z zone) records(q *dns.Question, has named) (all []dns.RR) {
	four, six := has.four, has.six
	any := q.Qtype == dns.TypeANY
	if !four.IsZero() && (any || q.Qtype == dns.TypeA) {
		all = append(all, &dns.A{Hdr: recordHeader(q.Name, dns.TypeA), A: four.Netip().AsSlice()})
	}
	if six.IsZero() && !four.IsZero() && z.Translate && q.Qtype == dns.TypeAAAA {
		return append(all, synthesized(q.Name, four.Netip().AsSlice(), dnsTTL))
	}
	if !six.IsZero() && (any || q.Qtype == dns.TypeAAAA) {
		all = append(all, &dns.AAAA{Hdr: recordHeader(q.Name, dns.TypeAAAA), AAAA: six.Netip().AsSlice()})
	}
	return all
}

// synthesized is the IPv6 address that stands for one of IPv4, which NAT gateways translate back
// (RFC 6147, RFC 6052 section 2.1; VPC User Guide, "DNS64 and NAT64").
func synthesized(name string, four net.IP, ttl uint32) dns.RR {
	six := append(net.ParseIP("64:ff9b::")[:12], four.To4()...)
	return &dns.AAAA{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeAAAA, Class: dns.ClassINET, Ttl: ttl}, AAAA: six}
}

// named is what a name means: its addresses, if it is known, and whether it is in one of the VPC's
// domains, though none may have it.
type named struct {
	four, six   wire.Addr // zero: none of the family
	known, ours bool
}

// named looks a name up. A private name means its address if the VPC has the address, or the addresses of
// an instance. A public name means the private address inside the VPC, and the public one elsewhere (VPC
// User Guide, "DNS attributes for your VPC").
func (z zone) named(name string) (n named) {
	internal, public := z.eni.Subnet.InternalDomain()+".", z.eni.Subnet.PublicDomain()+"."
	if host, ok := strings.CutSuffix(name, "."+internal); ok {
		n.ours = true
		if z.Nameless {
			return n
		}
		if addr, is := dashed(host, "ip-"); is {
			n.four, n.known = addr, z.eni.Neighbor(addr) != nil
			return n
		}
		n.four, n.six, n.known = z.eni.Resource(z.region, host)
		return n
	}
	if host, ok := strings.CutSuffix(name, "."+public); ok {
		n.ours = true
		if addr, is := dashed(host, "ec2-"); is {
			n.four, n.known = z.eni.Inside(z.region, addr)
		}
		return n
	}
	n.ours = name == internal || name == public
	return n
}

// reverse answers who asks for the name of an address of the VPC.
func (z zone) reverse(a *dns.Msg, q *dns.Question, addr wire.Addr) {
	switch host := z.eni.NameOf(z.region, addr); {
	case z.Nameless || host == "":
		a.Rcode = dns.RcodeNameError
	case q.Qtype == dns.TypePTR || q.Qtype == dns.TypeANY:
		a.Answer = append(a.Answer, &dns.PTR{Hdr: recordHeader(q.Name, dns.TypePTR), Ptr: host + "." + z.eni.Subnet.InternalDomain() + "."})
	}
}

// authority is what negative answers bring, so that resolvers keep them (RFC 2308).
func (z zone) authority(name string) dns.RR {
	origin := z.eni.Subnet.InternalDomain() + "."
	if !strings.HasSuffix(name, origin) {
		origin = z.eni.Subnet.PublicDomain() + "."
	}
	return &dns.SOA{Hdr: recordHeader(origin, dns.TypeSOA), Ns: "ns." + origin, Mbox: "hostmaster." + origin, Serial: 1, Refresh: 3600, Retry: 900, Expire: 7 * 86400, Minttl: dnsTTL}
}

func recordHeader(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: dnsTTL}
}

// dashed is the IPv4 address of a host's name: 10.0.1.5 of ip-10-0-1-5.
func dashed(host, prefix string) (wire.Addr, bool) {
	digits, ok := strings.CutPrefix(host, prefix)
	if !ok || strings.Contains(digits, ".") {
		return wire.Addr{}, false
	}
	ip := net.ParseIP(strings.ReplaceAll(digits, "-", ".")).To4()
	if ip == nil {
		return wire.Addr{}, false
	}
	return addrFrom(ip), true
}

// pointedTo is the address whose name is asked for under in-addr.arpa (RFC 1035 section 3.5).
func pointedTo(name string) (wire.Addr, bool) {
	digits, ok := strings.CutSuffix(name, ".in-addr.arpa.")
	if !ok {
		return wire.Addr{}, false
	}
	l := strings.Split(digits, ".")
	if len(l) != 4 {
		return wire.Addr{}, false
	}
	ip := net.ParseIP(strings.Join([]string{l[3], l[2], l[1], l[0]}, ".")).To4()
	if ip == nil {
		return wire.Addr{}, false
	}
	return addrFrom(ip), true
}

// pointedTo6 is the IPv6 address whose name is asked for under ip6.arpa (RFC 3596 section 2.5): 32 digits, the last
// one first.
func pointedTo6(name string) (wire.Addr, bool) {
	digits, ok := strings.CutSuffix(name, ".ip6.arpa.")
	if !ok || len(digits) != 63 {
		return wire.Addr{}, false
	}
	var text [32]byte
	for i := range text {
		if text[31-i] = digits[2*i]; i > 0 && digits[2*i-1] != '.' {
			return wire.Addr{}, false
		}
	}
	var a [16]byte
	if _, err := hex.Decode(a[:], text[:]); err != nil {
		return wire.Addr{}, false
	}
	return wire.AddrFrom(netip.AddrFrom16(a)), true
}
