//go:build linux

package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/google/gopacket/layers"

	"nitrocard/nic/wire"
	"nitrocard/sim/netlab"
)

// tracer sends the first segment of a connection again and again, with more hops each time. All of
// its packets take the way of the connection: those who spread packets go by addresses and ports.
type tracer struct {
	connection
	raw  *netlab.Raw
	icmp net.PacketConn
}

// tracer makes a tracer of a connection of IPv4.
func (s *stage) tracer(c connection) (t *tracer, err error) {
	t = &tracer{connection: c}
	if t.raw, err = c.Raw("eth0"); err != nil {
		return nil, err
	}
	if err = c.Do(func() (err error) { t.icmp, err = net.ListenPacket("ip4:icmp", "0.0.0.0"); return err }); err != nil {
		t.raw.Close()
		return nil, err
	}
	return t, nil
}

func (t *tracer) close() { _ = errors.Join(t.raw.Close(), t.icmp.Close()) } // nothing is lost

// probeAgain is after which time a packet is sent again: Linux tells one host no more than one such
// thing a second, after the first few (icmp_ratelimit, icmp(7)).
const probeAgain = time.Second

// hop sends a packet with so many hops, and waits until a router tells that they ended, or silent
// that nobody will tell.
func (t *tracer) hop(ctx context.Context, number int, silent func() (bool, error)) (h Hop, err error) {
	h.Number = number
	var sent time.Time
	err = until(ctx, "a hop told of itself", func() (bool, error) {
		if time.Since(sent) > probeAgain {
			sent = time.Now()
			if err := t.raw.Send(t.probe(number)); err != nil {
				return false, err
			}
		}
		who, told, err := t.told(number)
		if told || err != nil {
			h.Address, h.Time = who, time.Since(sent)
			return true, err
		}
		return silent()
	})
	return h, err
}

// probe is the connection's first segment, with so many hops, which are its sequence number, too.
func (t *tracer) probe(hops int) []byte {
	eth := layers.Ethernet{SrcMAC: t.LinkMAC("eth0"), DstMAC: t.gate.LinkMAC(t.link), EthernetType: layers.EthernetTypeIPv4}
	ip := layers.IPv4{Version: 4, TTL: uint8(hops), Protocol: layers.IPProtocolTCP, SrcIP: t.from.Addr().AsSlice(), DstIP: t.to.Addr().AsSlice()}
	tcp := layers.TCP{SrcPort: layers.TCPPort(t.from.Port()), DstPort: layers.TCPPort(t.to.Port()), Seq: uint32(hops), SYN: true, Window: 1000}
	return serialized(&eth, &ip, &tcp)
}

// told is who tells within a moment that the packet with so many hops has none left.
func (t *tracer) told(hops int) (who netip.Addr, ok bool, err error) {
	_ = t.icmp.SetReadDeadline(time.Now().Add(pollEvery))
	for buf := make([]byte, 1500); ; {
		n, from, err := t.icmp.ReadFrom(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return who, false, nil
		}
		if err != nil {
			return who, false, err
		}
		if t.isOf(buf[:n], hops) {
			who, _ = netip.AddrFromSlice(from.(*net.IPAddr).IP)
			return who.Unmap(), true, nil
		}
	}
}

// isOf tells whether an ICMP message says that the packet with so many hops has none left. The
// message quotes its IP header and the first 8 bytes of TCP (RFC 792): ports and sequence number.
func (t *tracer) isOf(message []byte, hops int) bool {
	const icmp = 8
	if len(message) < icmp+20 || message[0] != 11 || message[1] != 0 {
		return false
	}
	ip := message[icmp:]
	tcp := int(ip[0]&15) * 4
	if len(ip) < tcp+8 || ip[9] != wire.ProtoTCP {
		return false
	}
	port := func(at int) uint16 { return binary.BigEndian.Uint16(ip[tcp+at:]) }
	return port(0) == t.from.Port() && port(2) == t.to.Port() && binary.BigEndian.Uint32(ip[tcp+4:]) == uint32(hops)
}

// untold is the edge that dropped a packet of the connection and told nobody, and why: the packet's
// hops ended behind the edge, or no ENI has its address. edge is "" if none did.
func (s *stage) untold(ctx context.Context, c connection) (edge, reason string, err error) {
	for name, e := range s.edgeCards {
		view, err := e.Drops(ctx)
		if err != nil {
			return "", "", err
		}
		for _, d := range view.Last {
			if d.Source == c.from.String() && d.Reason != "time_exceeded" {
				return name, d.Reason, nil
			}
		}
	}
	return "", "", nil
}

// mostHops bounds a trace.
const mostHops = 16

// trace finds all routers on a connection's way that tell of themselves, and then one hop that does
// not: an edge dropped the packet.
func (s *stage) trace(ctx context.Context, c connection) (hops []Hop, err error) {
	t, err := s.tracer(c)
	if err != nil {
		return nil, err
	}
	defer t.close()
	var edge, reason string
	silent := func() (dark bool, err error) {
		edge, reason, err = s.untold(ctx, c)
		return edge != "", err
	}
	for number := 1; number <= mostHops; number++ {
		h, err := t.hop(ctx, number, silent)
		if err != nil {
			return hops, err
		}
		if !h.Address.IsValid() {
			h.Edge, h.Reason = edge, reason
			return append(hops, h), nil
		}
		hops = append(hops, h)
	}
	return hops, errors.New("the trace does not end")
}
