//go:build linux

package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/google/gopacket/layers"
)

// lies is how many frames of each kind the lying guest sends.
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
	if err := s.caught(ctx, spoofMAC, knock, s.b1.MAC); err != nil {
		return "", err
	}
	if err := s.caught(ctx, spoofAddr, stranger, s.a1.MAC); err != nil {
		return "", err
	}
	if err := s.send(s.syn(knock, s.a1.MAC), 1); err != nil {
		return "", err
	}
	err = until(ctx, "an honest frame arrived", func() (bool, error) { return len(arrivals.Frames()) > 0, nil })
	if err != nil {
		return "", err
	}
	if n := len(arrivals.Frames()); n > 1 {
		return "", fmt.Errorf("a3 saw %d frames, and only one of them was honest", n)
	}
	return fmt.Sprintf("a1 sent %d frames with MAC %s: %s; %d with address %s: %s; all counted at %s, none arrived",
		lies, s.b1.MAC, spoofMAC, lies, stranger.from.Addr(), spoofAddr, s.a1.ENI), nil
}

// caught has a1 send a false frame several times and waits until the card
// counted every one of them for the reason.
func (s *story) caught(ctx context.Context, reason string, lie connection, mac net.HardwareAddr) error {
	if err := s.send(s.syn(lie, mac), lies); err != nil {
		return err
	}
	return until(ctx, fmt.Sprintf("the card counted %d frames as %s", lies, reason), func() (bool, error) {
		drops, err := s.card(s.a1).dropped(ctx, s.a1.ENI, reason, lie.from.String())
		return len(drops) == lies, err
	})
}

// send puts a frame on a1's link, past its kernel.
func (s *story) send(frame []byte, times int) error {
	raw, err := s.a1.Raw("eth0")
	if err != nil {
		return err
	}
	defer raw.Close()
	for range times {
		if err := raw.Send(frame); err != nil {
			return fmt.Errorf("sending a raw frame from a1: %w", err)
		}
	}
	return nil
}

// syn is a frame from a1's link that asks for a connection to a3's web server,
// whose group lets the whole VPC in: a TCP SYN from this MAC.
func (s *story) syn(c connection, mac net.HardwareAddr) []byte {
	eth := layers.Ethernet{SrcMAC: mac, DstMAC: s.a1.RouterMAC, EthernetType: layers.EthernetTypeIPv4}
	ip := layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: c.from.Addr().AsSlice(), DstIP: c.to.Addr().AsSlice()}
	tcp := layers.TCP{SrcPort: layers.TCPPort(c.from.Port()), DstPort: layers.TCPPort(c.to.Port()), SYN: true, Window: 1000}
	_ = tcp.SetNetworkLayerForChecksum(&ip) // it is IPv4
	return serialized(&eth, &ip, &tcp)
}
