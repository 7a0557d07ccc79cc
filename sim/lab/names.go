//go:build linux

package lab

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"nitrocard/sim/netlab"
)

// The gateway is the client's resolver, as gateways of homes are. It knows the names of the ISP's
// and the carrier's routers. The provider names no router of its own.

// routerNames are the names by which routers are known, of the ranges for documentation and for
// homes (RFC 2606, RFC 8375).
var routerNames = map[string]string{
	"gateway": "gateway.home.arpa.", "isp1": "isp1.isp.example.", "isp2": "isp2.isp.example.", "carrier": "carrier.carrier.example.",
}

// reverseNames are the names of the routers' addresses of IPv4, by the name that DNS has for an
// address (RFC 1035 section 3.5).
func reverseNames() map[string]string {
	all := map[string]string{}
	for _, s := range segments {
		for _, at := range s.stops {
			if name := routerNames[at.host]; name != "" {
				a := s.address(at, false).Addr().As4()
				b := netip.AddrFrom4([4]byte{a[3], a[2], a[1], a[0]})
				all[b.String()+".in-addr.arpa."] = name
			}
		}
	}
	return all
}

// resolverAddr is where the gateway listens.
func resolverAddr() netip.AddrPort {
	return netip.AddrPortFrom(neighborAt("client", "gateway", false), 53)
}

// resolve has a host answer questions of DNS until ctx ends.
func resolve(ctx context.Context, h *netlab.Host) error {
	var c *net.UDPConn
	err := h.Do(func() (err error) {
		c, err = net.ListenUDP("udp4", net.UDPAddrFromAddrPort(resolverAddr()))
		return err
	})
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { c.Close() })
	go func() {
		names := reverseNames()
		for buf := make([]byte, 512); ; {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			if answer, err := answerTo(buf[:n], names); err == nil {
				_, _ = c.WriteToUDPAddrPort(answer, from)
			}
		}
	}()
	return nil
}

// answerTo answers a question for a name's PTR record; no other name exists.
func answerTo(question []byte, names map[string]string) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil {
		return nil, err
	}
	if m.Response || len(m.Questions) != 1 {
		return nil, errors.New("no question")
	}
	q := m.Questions[0]
	m = dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionDesired: m.RecursionDesired, RecursionAvailable: true, RCode: dnsmessage.RCodeNameError}, Questions: m.Questions}
	if name := names[strings.ToLower(q.Name.String())]; name != "" {
		m.RCode = dnsmessage.RCodeSuccess
		if q.Type == dnsmessage.TypePTR {
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 60},
				Body:   &dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(name)},
			}}
		}
	}
	return m.Pack()
}

// nameOf is the name of an address, "" if it has none.
func (v visitor) nameOf(ctx context.Context, a netip.Addr) (string, error) {
	r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (open net.Conn, err error) {
		d := net.Dialer{Timeout: time.Minute}
		err = v.Do(func() (err error) { open, err = d.DialContext(ctx, "udp4", resolverAddr().String()); return err })
		return open, err
	}}
	var names []string
	err := until(ctx, "the resolver answered", func() (answered bool, err error) {
		names, err = r.LookupAddr(ctx, a.String())
		var told *net.DNSError
		if errors.As(err, &told) && (told.IsNotFound || told.IsTimeout) { // for a machine that is busy elsewhere loses a packet
			return told.IsNotFound, nil
		}
		return true, err
	})
	if err != nil || len(names) == 0 {
		return "", err
	}
	return strings.TrimSuffix(names[0], "."), nil
}
