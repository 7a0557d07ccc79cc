//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/google/gopacket/layers"
	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/miekg/dns"

	"nitrocard/nic/wire"
)

// What ends a flood: so many of its packets exceeded the allowance, and so many questions were asked beside.
const (
	enough      = 10_000
	askedBeside = 60
)

const allowanceDrop = "linklocal_allowance_exceeded"

// flooded: m1 floods all services of its card, and is held to its allowance, while a1 on the same
// card has its questions answered.
func (s *story) flooded(ctx context.Context) (string, error) {
	flooding, stop := context.WithCancel(ctx)
	defer stop()
	questions, err := s.m1.questions()
	if err != nil {
		return "", err
	}
	type end struct {
		did string
		err error
	}
	ended := make(chan end, 1)
	go func() {
		did, err := flood(flooding, s.m1.Host, "eth0", func(i int) []byte { return questions[i%len(questions)] })
		ended <- end{did, err}
	}()
	asked, answered, err := s.besideFlood(ctx)
	stop()
	e := <-ended
	if err := errors.Join(err, e.err); err != nil {
		return "", err
	}
	over, err := s.card(s.m1).exceeded(ctx)
	if err != nil {
		return "", err
	}
	if over[s.a1.ENI] > 0 {
		return "", fmt.Errorf("%d of a1's packets exceeded an allowance that m1 has used", over[s.a1.ENI])
	}
	return fmt.Sprintf("m1 sent %s of DHCP, DNS, NTP and to metadata, of which %d exceeded its allowance; a1 beside had %d of %d questions answered",
		e.did, over[s.m1.ENI], answered, asked), nil
}

// besideFlood has a1 ask once m1 has used its allowance and until it has sent enough, and counts the
// answers. A machine that stood still may have lost 5 %.
func (s *story) besideFlood(ctx context.Context) (asked, answered int, err error) {
	var last error
	err = until(ctx, "m1 exceeded its allowance", func() (bool, error) {
		over, err := s.card(s.m1).exceeded(ctx)
		if over[s.m1.ENI] == 0 || err != nil {
			return false, err
		}
		for _, err := range s.a1.askAll(ctx) {
			asked++
			if err == nil {
				answered++
			} else {
				last = err
			}
		}
		return over[s.m1.ENI] >= enough && asked >= askedBeside, nil
	})
	if err == nil && 20*answered < 19*asked {
		err = fmt.Errorf("beside m1's flood a1 had %d of %d questions answered; the last that was not: %w", answered, asked, last)
	}
	return asked, answered, err
}

// askAll asks each service that answers at an address of its own.
func (m *machine) askAll(ctx context.Context) (failed [3]error) {
	_, failed[0] = m.resolve(ctx, "169.254.169.253", "ip-10-0-2-5.ec2.internal.", dns.TypeA)
	_, failed[1] = m.time(ctx)
	_, failed[2] = m.metadata(ctx, "instance-id")
	return failed
}

// exceeded are the packets above the allowance of the card's services, by ENI.
func (c *card) exceeded(ctx context.Context) (map[string]uint64, error) {
	return c.dropsOf(ctx, allowanceDrop)
}

// dropsOf are the packets that were dropped for a reason, by ENI.
func (c *card) dropsOf(ctx context.Context, reason string) (map[string]uint64, error) {
	view, err := c.Drops(ctx)
	for _, d := range view.Reasons {
		if d.Reason == reason {
			return d.ENIs, err
		}
	}
	return nil, err
}

// questions are a frame for each of the services.
func (m *machine) questions() ([][]byte, error) {
	boot, err := dhcpv4.NewDiscovery(m.MAC)
	if err != nil {
		return nil, err
	}
	name, err := new(dns.Msg).SetQuestion("ip-10-0-2-5.ec2.internal.", dns.TypeA).Pack()
	if err != nil {
		return nil, err
	}
	const client = 4<<3 | 3 // version and mode of NTP
	return [][]byte{
		m.asks(everyone.String(), &layers.UDP{SrcPort: 68, DstPort: 67}, boot.ToBytes()),
		m.asks("169.254.169.253", &layers.UDP{SrcPort: 4000, DstPort: 53}, name),
		m.asks(timeServer.Addr().String(), &layers.UDP{SrcPort: 4000, DstPort: 123}, append([]byte{client}, make([]byte, 47)...)),
		m.asks("169.254.169.254", &layers.TCP{SYN: true, SrcPort: 4000, DstPort: webPort, Window: 1 << 15}, nil),
	}, nil
}

// asks is a packet of the machine's to a service, in a frame to its router: to all by broadcast, from no
// address.
func (m *machine) asks(service string, t transport, payload []byte) []byte {
	eth := layers.Ethernet{SrcMAC: m.MAC, DstMAC: m.RouterMAC}
	src, dst := m.Addr.Addr(), netip.MustParseAddr(service)
	if dst == everyone {
		eth.DstMAC, src = net.HardwareAddr(wire.Broadcast[:]), netip.IPv4Unspecified()
	}
	return packetOf(&eth, src, dst, t, payload)
}

// everyone is all of a network (RFC 919).
var everyone = netip.AddrFrom4([4]byte{255, 255, 255, 255})
