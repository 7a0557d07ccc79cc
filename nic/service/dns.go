package service

import (
	"net"
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

// domainNames answers who asks for a name of the VPC, and refuses other names.
func domainNames(q *query) bool {
	var m dns.Msg
	if m.Unpack(q.payload()) != nil || m.Response {
		return false
	}
	a := resolve(q.eni, q.policy.Region, &m)
	size := leastDNS
	if opt := m.IsEdns0(); opt != nil {
		size = min(max(leastDNS, int(opt.UDPSize())), mostDNS)
	}
	a.Truncate(size)
	b, err := a.Pack()
	return err == nil && q.reply(b)
}

// resolve is the answer to a message of an ENI's guest.
func resolve(e *vpc.OwnENI, r *vpc.Region, m *dns.Msg) *dns.Msg {
	a := new(dns.Msg)
	a.SetReply(m)
	a.RecursionAvailable = true
	if opt := m.IsEdns0(); opt != nil {
		a.SetEdns0(mostDNS, opt.Do())
		if opt.Version() != 0 {
			a.Rcode = dns.RcodeBadVers
			return a
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
		zone{e, r}.answer(a, &m.Question[0])
	}
	return a
}

// zone is what the names of a VPC mean to the guest of an ENI.
type zone struct {
	eni    *vpc.OwnENI
	region *vpc.Region
}

// answer answers a question for one name.
func (z zone) answer(a *dns.Msg, q *dns.Question) {
	name := strings.ToLower(q.Name)
	addr, known, ours := z.address(name)
	pointer, reverse := addressOf(name)
	switch {
	case reverse:
		z.reverse(a, q, pointer)
	case known && (q.Qtype == dns.TypeA || q.Qtype == dns.TypeANY):
		a.Answer = append(a.Answer, &dns.A{Hdr: recordHeader(q.Name, dns.TypeA), A: addr.Netip().AsSlice()})
	case known:
		a.Ns = append(a.Ns, z.authority(name))
	case ours:
		a.Rcode = dns.RcodeNameError
		a.Ns = append(a.Ns, z.authority(name))
	default:
		a.Rcode = dns.RcodeRefused
	}
}

// address is the address of a name; ours tells whether the name is in one of the VPC's domains,
// though none may have it. A private name means its address if the VPC has the address. A
// public name means the private address inside the VPC, and the public one elsewhere (VPC User
// Guide, "DNS attributes for your VPC").
func (z zone) address(name string) (addr wire.Addr, known, ours bool) {
	internal, public := z.eni.Subnet.InternalDomain()+".", z.eni.Subnet.PublicDomain()+"."
	if host, ok := strings.CutSuffix(name, "."+internal); ok {
		addr, known = dashed(host, "ip-")
		return addr, known && z.eni.Neighbor(addr) != nil, true
	}
	if host, ok := strings.CutSuffix(name, "."+public); ok {
		if addr, known = dashed(host, "ec2-"); !known {
			return addr, false, true
		}
		addr, known = z.eni.Inside(z.region, addr)
		return addr, known, true
	}
	return wire.Addr{}, false, name == internal || name == public
}

// reverse answers who asks for the name of an address.
func (z zone) reverse(a *dns.Msg, q *dns.Question, addr wire.Addr) {
	switch {
	case addr.Is4() && z.eni.Neighbor(addr) != nil:
		if q.Qtype == dns.TypePTR || q.Qtype == dns.TypeANY {
			a.Answer = append(a.Answer, &dns.PTR{Hdr: recordHeader(q.Name, dns.TypePTR), Ptr: vpc.IPName(addr) + "." + z.eni.Subnet.InternalDomain() + "."})
		}
	case z.eni.InVPC(addr):
		a.Rcode = dns.RcodeNameError
	default:
		a.Rcode = dns.RcodeRefused
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

// addressOf is the address whose name is asked for under in-addr.arpa (RFC 1035 section 3.5).
func addressOf(name string) (wire.Addr, bool) {
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
