//go:build linux

package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/google/gopacket/layers"
)

// lies is how many frames of each kind the lying guest sends, at least: it sends again what a machine that is busy
// elsewhere loses before the card.
const lies = 5

// spoof: a1 sends frames with b1's MAC, and frames with an address that is
// not its own. The card stops and names each of them, while the same frame
// with the truth in it arrives.
func (s *story) spoof(ctx context.Context) (string, error) {
	knock := s.a1.visitor().connection(s.a3.private(webPort))
	stranger := knock
	stranger.from = netip.AddrPortFrom(netip.MustParseAddr("10.0.1.99"), knock.from.Port())
	arrivals, err := s.a3.Watch("eth0", func(frame []byte) bool { return knock.opens(frame) || stranger.opens(frame) })
	if err != nil {
		return "", err
	}
	defer arrivals.Stop()
	macs, err := s.caught(ctx, spoofMAC, knock, s.b1.MAC)
	if err != nil {
		return "", err
	}
	addrs, err := s.caught(ctx, spoofAddr, stranger, s.a1.MAC)
	if err != nil {
		return "", err
	}
	honest, err := s.send(ctx, s.syn(knock, s.a1.MAC), 1, func() (bool, error) { return len(arrivals.Frames()) > 0, nil })
	if err != nil {
		return "", fmt.Errorf("an honest frame: %w", err)
	}
	if n := len(arrivals.Frames()); n > honest {
		return "", fmt.Errorf("a3 saw %d frames, and only %d of them were honest", n, honest)
	}
	return fmt.Sprintf("%d frames of a1's with MAC %s: %s; %d with address %s: %s; all counted at %s, none arrived",
		macs, s.b1.MAC, spoofMAC, addrs, stranger.from.Addr(), spoofAddr, s.a1.ENI), nil
}

// caught has a1 send a false frame several times and waits until the card
// counted every one that reached it, for the reason. It tells how many.
func (s *story) caught(ctx context.Context, reason string, lie connection, mac net.HardwareAddr) (n int, err error) {
	came, err := lie.gate.Watch(lie.link, lie.sent)
	if err != nil {
		return 0, err
	}
	defer came.Stop()
	if _, err := s.send(ctx, s.syn(lie, mac), lies, func() (bool, error) { return len(came.Frames()) >= lies, nil }); err != nil {
		return 0, err
	}
	err = until(ctx, "the card counted each false frame as "+reason, func() (bool, error) {
		drops, err := s.card(s.a1).dropped(ctx, s.a1.ENI, reason, lie.from.String())
		n = len(drops)
		return n == len(came.Frames()), err
	})
	return n, err
}

// send puts a frame on a1's link so many times, past its kernel, and again each second until enough arrived. It
// tells how many frames it sent.
func (s *story) send(ctx context.Context, frame []byte, times int, arrived func() (bool, error)) (sent int, err error) {
	raw, err := s.a1.Raw("eth0")
	if err != nil {
		return 0, err
	}
	defer raw.Close()
	var last time.Time
	err = until(ctx, "frames that a1 sent arrived", func() (bool, error) {
		if time.Since(last) > probeAgain {
			last = time.Now()
			for range times {
				if err := raw.Send(frame); err != nil {
					return false, fmt.Errorf("sending a raw frame from a1: %w", err)
				}
				sent++
			}
		}
		return arrived()
	})
	return sent, err
}

// syn is a frame from a1's link that asks for a connection to a3's web server,
// whose group lets the whole VPC in: a TCP SYN from this MAC.
func (s *story) syn(c connection, mac net.HardwareAddr) []byte {
	eth := layers.Ethernet{SrcMAC: mac, DstMAC: s.a1.RouterMAC, EthernetType: layers.EthernetTypeIPv4}
	ip := layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: c.from.Addr().AsSlice(), DstIP: c.to.Addr().AsSlice()}
	tcp := layers.TCP{SrcPort: layers.TCPPort(c.from.Port()), DstPort: layers.TCPPort(c.to.Port()), SYN: true, Window: 1000}
	return serialized(&eth, &ip, &tcp)
}
