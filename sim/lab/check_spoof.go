//go:build linux

package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"nitrocard/nic/wire"
)

// lies is how many frames of each kind the lying guest sends.
const lies = 5

// spoof: a1 sends frames with b1's MAC, and frames with an address that is
// not its own. The card stops and names each of them, while the same frame
// with the truth in it arrives.
func (s *story) spoof(ctx context.Context) (string, error) {
	stranger := netip.MustParseAddr("10.0.1.99")
	arrivals, err := s.a3.Watch("eth0", isKnock)
	if err != nil {
		return "", err
	}
	defer arrivals.Stop()
	if err := s.caught(ctx, spoofMAC, s.knock(s.b1.MAC, s.a1.Addr.Addr())); err != nil {
		return "", err
	}
	if err := s.caught(ctx, spoofAddr, s.knock(s.a1.MAC, stranger)); err != nil {
		return "", err
	}
	if err := s.send(s.knock(s.a1.MAC, s.a1.Addr.Addr()), 1); err != nil {
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
		lies, s.b1.MAC, spoofMAC, lies, stranger, spoofAddr, s.a1.ENI), nil
}

// caught has a1 send a false frame several times and waits until the card
// counted every one of them for the reason.
func (s *story) caught(ctx context.Context, reason string, frame []byte) error {
	card := s.card(s.a1)
	before, err := card.dropped(ctx, s.a1.ENI, reason)
	if err != nil {
		return err
	}
	if err := s.send(frame, lies); err != nil {
		return err
	}
	return until(ctx, fmt.Sprintf("the card counted %d frames as %s", lies, reason), func() (bool, error) {
		after, err := card.dropped(ctx, s.a1.ENI, reason)
		return after == before+lies, err
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

// knockPort is the source port that marks the frames of this check.
const knockPort = 9

// isKnock leaves out the reset that a1's kernel, which knows of no connection,
// sends when a3 answers.
func isKnock(frame []byte) bool {
	var h wire.Headers
	return wire.Parse(frame, &h) == wire.NoFault && h.Proto == wire.ProtoTCP && h.SrcPort == knockPort && h.Flags&wire.TCPSyn != 0
}

// knock is a frame from a1's port to a3's web server, whose group lets the
// whole VPC in: a TCP SYN from this MAC and this address.
func (s *story) knock(mac net.HardwareAddr, source netip.Addr) []byte {
	eth := layers.Ethernet{SrcMAC: mac, DstMAC: s.a1.RouterMAC, EthernetType: layers.EthernetTypeIPv4}
	ip := layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: source.AsSlice(), DstIP: s.a3.Addr.Addr().AsSlice()}
	tcp := layers.TCP{SrcPort: knockPort, DstPort: webPort, SYN: true, Window: 1000}
	_ = tcp.SetNetworkLayerForChecksum(&ip) // it is IPv4
	b := gopacket.NewSerializeBuffer()
	// Only options of a wrong length could fail, and there are none.
	_ = gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, &eth, &ip, &tcp)
	return b.Bytes()
}
