//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/beevik/ntp"
	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv4/nclient4"
	"github.com/miekg/dns"
)

// services: a1 asks its card what a machine asks when it boots: its address, its metadata, a
// neighbour's name and the time. Clients of DHCP, DNS and NTP are other people's, and so is
// the TCP of HTTP: the kernel's.
func (s *story) services(ctx context.Context) (string, error) {
	lease, err := s.a1.lease(ctx)
	if err != nil {
		return "", fmt.Errorf("DHCP: %w", err)
	}
	if given := lease.ACK.YourIPAddr.String(); given != s.a1.Addr.Addr().String() {
		return "", fmt.Errorf("DHCP gives a1 %s instead of its address %s", given, s.a1.Addr.Addr())
	}
	id, tries, err := insists(ctx, func() (string, error) {
		return s.a1.metadata(ctx, "network/interfaces/macs/"+s.a1.MAC.String()+"/interface-id")
	})
	if err != nil {
		return "", fmt.Errorf("metadata: %w", err)
	}
	if id != s.a1.ENI {
		return "", fmt.Errorf("metadata tells a1 that its ENI is %s instead of %s", id, s.a1.ENI)
	}
	server := lease.ACK.DNS()[0].String()
	name := s.a3.privateName(lease.ACK.DomainName())
	meant, asked, err := insists(ctx, func() (string, error) { return s.a1.resolve(ctx, server, name, dns.TypeA) })
	if err != nil {
		return "", fmt.Errorf("DNS: %w", err)
	}
	if meant != s.a3.Addr.Addr().String() {
		return "", fmt.Errorf("%s means %s instead of %s", name, meant, s.a3.Addr.Addr())
	}
	stratum, err := s.a1.clock(ctx)
	if err != nil {
		return "", fmt.Errorf("time: %w", err)
	}
	return fmt.Sprintf("a1 hears from its card by DHCP that it is %s, from metadata with a token that its ENI is %s%s, from DNS at %s that %s is %s%s, and the time (%s)",
		lease.ACK.YourIPAddr, id, tries, server, strings.TrimSuffix(name, "."), meant, asked, stratum), nil
}

// privateName is a guest's private name in DNS, by its address of IPv4.
func (g guest) privateName(domain string) string {
	return "ip-" + strings.ReplaceAll(g.Addr.Addr().String(), ".", "-") + "." + domain + "."
}

// lease asks DHCP for an address, which the machine has already.
func (m *machine) lease(ctx context.Context) (lease *nclient4.Lease, err error) {
	var c *nclient4.Client
	err = m.Do(func() (err error) {
		c, err = nclient4.New("eth0")
		return err
	})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Request(ctx, dhcpv4.WithRequestedOptions(dhcpv4.OptionInterfaceMTU))
}

// metadata asks for a path of the metadata, with a token.
func (m *machine) metadata(ctx context.Context, path string) (string, error) {
	token, err := m.http(ctx, http.MethodPut, "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", "60")
	if err != nil {
		return "", err
	}
	return m.http(ctx, http.MethodGet, "/latest/meta-data/"+path, "X-aws-ec2-metadata-token", token)
}

// http asks the metadata service, with a header, from the machine.
func (m *machine) http(ctx context.Context, method, path, header, value string) (string, error) {
	q, err := http.NewRequestWithContext(ctx, method, "http://169.254.169.254"+path, nil)
	if err != nil {
		return "", err
	}
	q.Header.Set(header, value)
	client := http.Client{Transport: &http.Transport{DialContext: m.dial, DisableKeepAlives: true}}
	a, err := client.Do(q)
	if err != nil {
		return "", err
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err == nil && a.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s", method, path, a.Status)
	}
	return string(body), err
}

// dial opens a connection from the machine.
func (m *machine) dial(ctx context.Context, network, to string) (c net.Conn, err error) {
	err = m.Do(func() (err error) {
		c, err = new(net.Dialer).DialContext(ctx, network, to)
		return err
	})
	return c, err
}

// answerTime is how long a client waits for a datagram that answers its own.
const answerTime = 30 * time.Second

// insists asks again, up to five times, where no answer came: a machine that is busy elsewhere loses a packet, or is too
// slow with its question for a service, which ends the connection.
func insists[T any](ctx context.Context, ask func() (T, error)) (answer T, asked times, err error) {
	for asked = 1; asked <= 6; asked++ {
		if answer, err = ask(); !isSilence(err) || ctx.Err() != nil {
			break
		}
	}
	return answer, asked, err
}

// isSilence tells whether a question has had no answer, whatever it would have been.
func isSilence(err error) bool {
	return slices.ContainsFunc([]error{os.ErrDeadlineExceeded, syscall.ECONNRESET, io.EOF}, func(e error) bool { return errors.Is(err, e) })
}

// resolve asks a DNS server for a name's address, of the family that a type is of (A, AAAA), or for the name that an
// address has (PTR).
func (m *machine) resolve(ctx context.Context, server, name string, kind uint16) (string, error) {
	c, err := m.dial(ctx, "udp", net.JoinHostPort(server, "53"))
	if err != nil {
		return "", err
	}
	defer c.Close()
	a, _, err := (&dns.Client{Timeout: answerTime}).ExchangeWithConnContext(ctx, new(dns.Msg).SetQuestion(name, kind), &dns.Conn{Conn: c})
	if err != nil {
		return "", err
	}
	if len(a.Answer) != 1 {
		return "", fmt.Errorf("%s: %s, %d answers", name, dns.RcodeToString[a.Rcode], len(a.Answer))
	}
	switch found := a.Answer[0].(type) {
	case *dns.A:
		return found.A.String(), nil
	case *dns.AAAA:
		return found.AAAA.String(), nil
	case *dns.PTR:
		return found.Ptr, nil
	}
	return "", fmt.Errorf("%s: the answer is %s", name, a.Answer[0])
}

// clock asks for the time, and tells how good it is. The time may be off by half of what the answer took, if all
// of that was the way there (RFC 5905 section 11.2). The host's own clock need not be synchronized; then the answer
// must say so.
func (m *machine) clock(ctx context.Context) (string, error) {
	a, asked, err := insists(ctx, func() (*ntp.Response, error) { return m.time(ctx) })
	if err != nil {
		return "", err
	}
	if off := a.ClockOffset.Abs(); off > time.Second+a.RTT/2 {
		return "", fmt.Errorf("the time is off by %s", off)
	}
	if a.Leap == ntp.LeapNotInSync {
		return "whose clock nothing disciplines here, and says so" + asked.String(), nil
	}
	return fmt.Sprintf("stratum %d%s", a.Stratum, asked), nil
}

// time asks for the time.
func (m *machine) time(ctx context.Context) (*ntp.Response, error) {
	return ntp.QueryWithOptions(timeServer.Addr().String(), ntp.QueryOptions{Timeout: answerTime, Dialer: func(_, to string) (net.Conn, error) {
		return m.dial(ctx, "udp", to)
	}})
}
