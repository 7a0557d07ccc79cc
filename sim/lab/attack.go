//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/serial"
)

// attacks are ways to hurt the card of server x, where a1 is the attacker's and b1 the
// victim. Each goes on until its context ends, and says how much it did. The first is what
// the others are held against; the last, which is not in the list, is all of them.
func (s *story) attacks() []check {
	card := s.card(s.b1)
	return []check{
		{"nothing", s.nothing},
		{"first packets of a guest", s.firstPackets},
		{"false addresses of a guest", s.falseAddresses},
		{"ARP of a guest", s.arpRequests},
		{"questions of a guest to services", s.questions},
		{"denied SYNs from the internet", s.deniedSYNs},
		{"allowed SYNs from the internet", s.allowedSYNs},
		{"RSTs with guessed numbers", s.guessedRSTs},
		{"listings", card.listings},
		{"bodies", card.bodies},
		{"signals", card.signals},
	}
}

// beAttacked does every attack beside the victim, for a share of the time each, and
// tells what each cost. An attack fails the lab where it breaks what no speed of a
// machine excuses: the card's life, its accounts, a connection.
func (s *story) beAttacked(ctx context.Context, out io.Writer, all time.Duration) (o outcome) {
	open, err := s.openIdle(ctx)
	if err == nil {
		defer open.close()
		err = sendBack(ctx, s.client)
	}
	if err != nil {
		fmt.Fprintf(out, "FAIL the victim: %v\n", err)
		return outcome{Failed: 1}
	}
	s.idle = open
	attacks := append(s.attacks(), check{"all of it", s.everything})
	each := max(all/time.Duration(len(attacks)), time.Second)
	return doAll(ctx, out, attacks, func(a check, ctx context.Context) (string, error) { return s.suffer(ctx, a, each) })
}

// suffer is one attack, and what the victim saw of it.
func (s *story) suffer(ctx context.Context, a check, d time.Duration) (cost string, err error) {
	phase, end := context.WithTimeout(ctx, d)
	defer end()
	var did string
	var failed error
	var attacker sync.WaitGroup
	attacker.Go(func() { did, failed = a.see(phase) })
	r, err := probe(phase, s.b1.visitor(), netip.AddrPortFrom(s.client.addr, probePort))
	attacker.Wait()
	if err := errors.Join(err, failed); err != nil {
		return "", err
	}
	if err := errors.Join(s.wellBehaved(ctx), s.idle.speak()); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s; %s", did, r), nil
}

// wellBehaved holds that the card is there, answers, and counted every packet once.
func (s *story) wellBehaved(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c := s.card(s.b1)
	return until(ctx, "the card's accounts balance", func() (bool, error) {
		select {
		case <-c.end:
			return false, fmt.Errorf("the card ended: %s", c.lastWords())
		default:
		}
		all, err := c.Ports(ctx)
		if err != nil {
			return false, nil // so many clients at a time, and the pests are not gone yet
		}
		for _, p := range all {
			ended := p.Sent + p.Consumed
			for _, n := range p.Dropped {
				ended += n
			}
			if ended != p.Received {
				return false, fmt.Errorf("%s received %d packets, of which %d ended", p.Name, p.Received, ended)
			}
		}
		return true, nil
	})
}

func (s *story) nothing(ctx context.Context) (string, error) {
	<-ctx.Done()
	return "to compare with", nil
}

// firstPackets are datagrams of a1 to the client, none of whose ports was seen before.
func (s *story) firstPackets(ctx context.Context) (string, error) {
	frame, h := described(s.fromA1(s.a1.Addr.Addr(), &layers.UDP{}))
	return flood(ctx, s.a1.Host, "eth0", func(i int) []byte {
		ports(frame, &h, uint16(1024+i%60000), uint16(1+i/60000))
		return frame
	})
}

// falseAddresses are datagrams of a1 with addresses that are not its own.
func (s *story) falseAddresses(ctx context.Context) (string, error) {
	frame, _ := described(s.fromA1(netip.MustParseAddr("10.0.1.99"), &layers.UDP{SrcPort: 5, DstPort: 5}))
	return flood(ctx, s.a1.Host, "eth0", func(int) []byte { return frame })
}

// arpRequests ask for the router, again and again.
func (s *story) arpRequests(ctx context.Context) (string, error) {
	eth := layers.Ethernet{SrcMAC: s.a1.MAC, DstMAC: layers.EthernetBroadcast, EthernetType: layers.EthernetTypeARP}
	arp := layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4, Operation: layers.ARPRequest,
		SourceHwAddress: s.a1.MAC, SourceProtAddress: s.a1.Addr.Addr().AsSlice(), DstHwAddress: make([]byte, 6), DstProtAddress: s.a1.Router.AsSlice(),
	}
	frame := serialized(&eth, &arp)
	return flood(ctx, s.a1.Host, "eth0", func(int) []byte { return frame })
}

// questions are a1's to each service of its card that answers.
func (s *story) questions(ctx context.Context) (string, error) {
	questions, err := s.a1.questions()
	if err != nil {
		return "", err
	}
	return flood(ctx, s.a1.Host, "eth0", func(i int) []byte { return questions[i%len(questions)] })
}

// deniedSYNs ask a1 for ports that its groups do not name.
func (s *story) deniedSYNs(ctx context.Context) (string, error) {
	return s.knock(ctx, func(i int) (src, dst uint16) { return uint16(1024 + i%60000), uint16(1000 + i%30000) })
}

// allowedSYNs ask a1 for its page, from ever other ports.
func (s *story) allowedSYNs(ctx context.Context) (string, error) {
	return s.knock(ctx, func(i int) (src, dst uint16) { return uint16(1024 + i%60000), webPort })
}

// knock has the client send SYNs to a1's public address.
func (s *story) knock(ctx context.Context, ends func(i int) (src, dst uint16)) (string, error) {
	frame, h := described(s.fromInternet(s.a1.Public, &layers.TCP{SYN: true, Window: 1000}))
	return flood(ctx, s.client.Host, "eth0", func(i int) []byte {
		src, dst := ends(i)
		ports(frame, &h, src, dst)
		return frame
	})
}

// guessedRSTs are RSTs in the name of the client's end of the victim's idle
// connections, with numbers that somebody guesses.
func (s *story) guessedRSTs(ctx context.Context) (string, error) {
	frame, h := described(s.fromInternet(s.b1.Public, &layers.TCP{RST: true, SrcPort: idlePort}))
	random := rand.New(rand.NewPCG(1, 2)) // the same numbers in each run
	return flood(ctx, s.client.Host, "eth0", func(i int) []byte {
		segment := frame[h.L4:]
		reword(segment, 16, 2, s.idle.ports[i%len(s.idle.ports)])
		number := random.Uint32()
		reword(segment, 16, 4, uint16(number>>16))
		reword(segment, 16, 6, uint16(number))
		return frame
	})
}

// everything is all attacks at once.
func (s *story) everything(ctx context.Context) (string, error) {
	var did []string
	var failed error
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, a := range s.attacks()[1:] {
		all.Go(func() {
			text, err := a.see(ctx)
			mu.Lock()
			defer mu.Unlock()
			did = append(did, a.name+": "+text)
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s: %w", a.name, err))
			}
		})
	}
	all.Wait()
	return strings.Join(did, "; "), failed
}

// transport is a header that follows that of IP: TCP or UDP.
type transport = gopacket.SerializableLayer

// fromA1 is a packet of a1 to the client, in a frame to its router.
func (s *story) fromA1(src netip.Addr, t transport) []byte {
	eth := layers.Ethernet{SrcMAC: s.a1.MAC, DstMAC: s.a1.RouterMAC}
	return packetOf(&eth, src, s.client.addr, t, idleTalk)
}

// fromInternet is a packet of the client to a public address, in a frame to the edge.
func (s *story) fromInternet(to netip.Addr, t transport) []byte {
	eth := layers.Ethernet{SrcMAC: s.client.LinkMAC("eth0"), DstMAC: s.client.gate.LinkMAC(s.client.link)}
	return packetOf(&eth, s.client.addr, to, t, idleTalk)
}

// idleTalk is what attackers' packets say.
var idleTalk = []byte("nothing of interest")

// packetOf is a packet in a frame between these stations.
func packetOf(eth *layers.Ethernet, src, dst netip.Addr, t transport, payload []byte) []byte {
	proto := layers.IPProtocolTCP
	if _, udp := t.(*layers.UDP); udp {
		proto = layers.IPProtocolUDP
	}
	if src.Is6() {
		ip := layers.IPv6{Version: 6, HopLimit: 64, NextHeader: proto, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
		eth.EthernetType = layers.EthernetTypeIPv6
		return serialized(eth, &ip, t, gopacket.Payload(payload))
	}
	ip := layers.IPv4{Version: 4, TTL: 64, Protocol: proto, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	eth.EthernetType = layers.EthernetTypeIPv4
	return serialized(eth, &ip, t, gopacket.Payload(payload))
}

// serialized are layers as bytes.
func serialized(all ...gopacket.SerializableLayer) []byte {
	frame, _ := serial.Frame(all...) // only addresses and options of a wrong length could fail, and there are none
	return frame
}

// described is a frame with its description.
func described(frame []byte) ([]byte, wire.Headers) {
	var h wire.Headers
	wire.Parse(frame, &h)
	return frame, h
}
