//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/miekg/dns"
	"golang.org/x/sys/unix"

	"nitrocard/nic/wire"
	"nitrocard/sim/oracle"
)

// dnsServer6 is the card's.
const dnsServer6 = "fd00:ec2::253"

// nat64: e1, which has IPv6 alone, exchanges a file with the client, which has IPv4, through the NAT
// gateway, and e1's kernel learns the path's MTU and a closed port from translated errors. DNS
// tells e1 an address of IPv6 for a3, which has none, and a3's page comes by it.
func (s *story) nat64(ctx context.Context) (string, error) {
	if len(s.region.nats) == 0 {
		return "", errors.New("the region has no NAT gateway")
	}
	if _, err := s.e1.speaksIPv6(ctx); err != nil {
		return "", err
	}
	gateway, from, far := s.region.nats[0], s.e1.visitor(), oracle.In6(s.client.addr)
	files := netip.AddrPortFrom(far, filesPort)
	if err := from.connection(files).fetches(ctx, page("client", "the internet", gateway.Public.String())); err != nil {
		return "", err
	}
	if err := errors.Join(from.connection(files).download(ctx, aFile), from.connection(files).upload(ctx, aFile)); err != nil {
		return "", err
	}
	mtu, err := from.errors64(ctx, netip.AddrPortFrom(far, discardPort))
	if err != nil {
		return "", err
	}
	name := s.a3.privateName("ec2.internal")
	told, asked, err := insists(ctx, func() (string, error) { return s.e1.resolve(ctx, dnsServer6, name, dns.TypeAAAA) })
	if err != nil {
		return "", fmt.Errorf("DNS64: %w", err)
	}
	meant, err := netip.ParseAddr(told)
	if err != nil {
		return "", fmt.Errorf("DNS64: %w", err)
	}
	err = from.connection(netip.AddrPortFrom(meant, webPort)).fetches(ctx, page(s.a3.Nick, s.a3.ENI, gateway.Addr.String()))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("e1, which has %s alone, exchanged 8 MiB with the client at %s, checksums equal; the client saw %s of %s; e1's kernel learned pmtu %d and a closed port; DNS tells it that %s is %s%s, where a3 answers",
		s.e1.Addr6, far, gateway.Public, gateway.ID, mtu, name, meant, asked), nil
}

// pmtu64 is what the path through NAT64 carries: a header of IPv6 is 20 bytes longer.
const pmtu64 = internetMTU + 20

// errors64 sends datagrams to a port where nobody listens: a long one, until the kernel knows what the
// path carries, and then short ones, until it knows that the port is closed.
func (v visitor) errors64(ctx context.Context, to netip.AddrPort) (mtu int, err error) {
	fd, err := v.datagram6(to)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	err = until(ctx, fmt.Sprintf("%s's kernel learned pmtu %d", v.Name, pmtu64), func() (bool, error) {
		long := make([]byte, pmtu64-wire.IPv6Len-wire.UDPLen+1) // one byte longer than fits
		if err := unix.Send(fd, long, 0); err != nil && err != unix.EMSGSIZE {
			return false, err
		}
		mtu, err = unix.GetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU)
		return mtu == pmtu64, err
	})
	if err != nil {
		return 0, err
	}
	return mtu, until(ctx, fmt.Sprintf("%s's kernel learned that %s is closed", v.Name, to), func() (bool, error) {
		err := unix.Send(fd, []byte("hello"), 0)
		if err == unix.ECONNREFUSED || err == unix.EMSGSIZE { // that the other one was too long is told once, too
			return err == unix.ECONNREFUSED, nil
		}
		return false, err
	})
}

// datagram6 is a socket of UDP over IPv6, connected to an address, whose datagrams are not to be
// fragmented.
func (v visitor) datagram6(to netip.AddrPort) (fd int, err error) {
	err = v.Do(func() (err error) {
		fd, err = unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		return err
	})
	if err != nil {
		return fd, err
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DO),
		unix.Bind(fd, &unix.SockaddrInet6{Port: int(v.ports.next())}),
		unix.Connect(fd, &unix.SockaddrInet6{Addr: to.Addr().As16(), Port: int(to.Port())}))
	if err != nil {
		unix.Close(fd)
	}
	return fd, err
}
