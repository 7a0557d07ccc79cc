package service_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/nictest"
	"nitrocard/nic/service"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/serial"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// rig is a card that is polled, with a guest at eni-a1 in 10.0.1.0/24 and 2001:db8:a:1::/64.
type rig struct {
	testing.TB
	card  *nic.Card
	guest *mem.Port
	sent  chan struct{} // a frame waits for the guest
	now   int64
	clock service.Reading
}

func newRig(t testing.TB) *rig { return newRigWith(t, netip.AddrPort{}) }

// newRigWith is newRig where names outside the VPC are asked of a resolver.
func newRigWith(t testing.TB, resolver netip.AddrPort) *rig {
	config, err := vpc.Load("../testdata/region.yaml")
	require.NoError(t, err)
	r := &rig{TB: t, now: 1_780_000_000e9, guest: mem.New(mem.Options{}), sent: make(chan struct{}, 1)}
	r.clock = service.Reading{Time: time.Unix(1_780_000_000, 250e6), Synchronized: true, Uncertainty: 1500 * time.Microsecond}
	r.card, err = nic.New(config, nic.Options{Card: "x", Seed: 1, MaxConnections: 1 << 10, Clock: func() service.Reading { return r.clock }, Resolver: resolver})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.card.Close()) })
	require.NoError(t, r.card.Attach("eni-a1", func() (pmd.Port, error) { return &belled{r.guest, r.sent}, nil }))
	return r
}

// put puts one object in force, in YAML.
func (r *rig) put(kind, object string) {
	r.Helper()
	edit, err := vpc.Put(kind, []byte(object))
	require.NoError(r, err)
	_, err = r.card.Change(edit)
	require.NoError(r, err)
}

// belled is a port that tells when it has sent.
type belled struct {
	*mem.Port
	sent chan struct{}
}

func (b *belled) Tx(frames []*pmd.Frame) int {
	n := b.Port.Tx(frames)
	select {
	case b.sent <- struct{}{}:
	default:
	}
	return n
}

// ask has the guest send a frame, and returns the card's frames for the guest.
func (r *rig) ask(frame []byte) [][]byte {
	r.Helper()
	require.True(r, r.guest.Inject(frame))
	r.card.Poll(r.now)
	r.card.Poll(r.now)
	return r.guest.Sent()
}

// udp is a datagram of the guest's to its router.
func (r *rig) udp(src, dst string, payload []byte) []byte {
	r.Helper()
	from, to := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	eth := &layers.Ethernet{SrcMAC: nictest.MACA1[:], DstMAC: []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}
	udp := &layers.UDP{SrcPort: layers.UDPPort(from.Port()), DstPort: layers.UDPPort(to.Port())}
	var ip gopacket.SerializableLayer
	if from.Addr().Is4() {
		eth.EthernetType = layers.EthernetTypeIPv4
		ip = &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: from.Addr().AsSlice(), DstIP: to.Addr().AsSlice()}
	} else {
		eth.EthernetType = layers.EthernetTypeIPv6
		ip = &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP, SrcIP: from.Addr().AsSlice(), DstIP: to.Addr().AsSlice()}
	}
	frame, err := serial.Frame(eth, ip, udp, gopacket.Payload(payload))
	require.NoError(r, err)
	return frame
}

// datagram is what one frame of the card holds, whose lengths and checksums must be right.
func (r *rig) datagram(frames [][]byte) (src, dst netip.AddrPort, payload []byte) {
	r.Helper()
	require.Len(r, frames, 1)
	p := gopacket.NewPacket(frames[0], layers.LayerTypeEthernet, gopacket.Default)
	require.Nil(r, p.ErrorLayer())
	var h wire.Headers
	require.Equal(r, wire.NoFault, wire.Parse(frames[0], &h)) // IPv4's checksum, too
	require.Zero(r, wire.Sum(frames[0][h.L4:h.End], wire.PseudoSum(h.Src, h.Dst, h.Proto, int(h.End-h.L4))))
	udp := p.TransportLayer().(*layers.UDP)
	ip := p.NetworkLayer().NetworkFlow()
	from, _ := netip.AddrFromSlice(ip.Src().Raw())
	to, _ := netip.AddrFromSlice(ip.Dst().Raw())
	return netip.AddrPortFrom(from, uint16(udp.SrcPort)), netip.AddrPortFrom(to, uint16(udp.DstPort)), udp.Payload
}
