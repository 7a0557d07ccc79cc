package mem

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire/serial"
	"nitrocard/pmd"
)

func TestSourceOffersEachFlowOnceARound(t *testing.T) {
	for _, c := range []struct{ templates, flows, want int }{
		{1, 1, 1}, {1, 2, 2}, {1, 1000, 1000}, {3, 1000, 1002}, {16, 64, 64}, {2, 1 << 12, 1 << 12},
	} {
		templates := make([][]byte, c.templates)
		for i := range templates {
			templates[i] = append(make([]byte, 60), byte(i))
		}
		s := NewSource(Options{}, templates, c.flows, Field(0))
		require.Equal(t, c.want, s.Flows())
		seen := make([]int, c.want)
		var b pmd.Burst
		for range c.want { // that many bursts are MaxBurst rounds
			s.Rx(&b)
			for i := range b.N {
				f := b.Frames[i].Bytes()
				flow := int(binary.BigEndian.Uint32(f))
				require.Equal(t, flow%c.templates, int(f[60]), "a flow keeps its template")
				seen[flow]++
			}
		}
		for flow, n := range seen {
			require.Equal(t, pmd.MaxBurst, n, "flow %d of %+v", flow, c)
		}
	}
}

func TestSourceRestoresWhatTheCardRewrote(t *testing.T) {
	template := []byte("a frame that the card will rewrite and unwrap, byte by byte..")
	s := NewSource(Options{}, [][]byte{template}, 0, Stamp{})
	var b pmd.Burst
	for range 2 * warm / pmd.MaxBurst {
		s.Rx(&b)
		for i := range b.N {
			f := &b.Frames[i]
			require.Equal(t, template, f.Bytes())
			require.Equal(t, pmd.Headroom, f.Offset())
			f.Pull(10)
			clear(f.Bytes())
			clear(f.Push(10 + pmd.Headroom))
		}
	}
}

func TestSourceAllocatesNothingAndCounts(t *testing.T) {
	s := NewSource(Options{Name: "x"}, [][]byte{packet(t)}, 1000, Field(26, 24, 36))
	var b pmd.Burst
	out := make([]*pmd.Frame, pmd.MaxBurst)
	require.Zero(t, testing.AllocsPerRun(99, func() {
		s.Rx(&b)
		for i := range out {
			out[i] = &b.Frames[i]
		}
		require.Equal(t, len(out), s.Tx(out))
	}))
	n := uint64(100 * pmd.MaxBurst)
	bytes := n * uint64(len(packet(t)))
	require.Equal(t, pmd.Stats{RxPackets: n, RxBytes: bytes, TxPackets: n, TxBytes: bytes}, s.Stats())
}

// packet is TCP from 10.255.255.250:65535.
func packet(t testing.TB) []byte {
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: []byte{10, 255, 255, 250}, DstIP: []byte{10, 0, 0, 1}}
	frame, err := serial.Frame(&layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: layers.EthernetTypeIPv4},
		ip, &layers.TCP{SrcPort: 65535, DstPort: 80, ACK: true}, gopacket.Payload("hello, flow"))
	require.NoError(t, err)
	return frame
}

func TestFieldKeepsChecksumsRight(t *testing.T) {
	stamps := map[string]Stamp{"address": Field(26, 24, 50), "ports": Field(34, 50)}
	for name, stamp := range stamps {
		for _, flow := range []uint32{0, 1, 5, 6, 255, 65535, 65536, 1 << 20, 1<<32 - 1} {
			requireSums(t, stamp, flow, name)
		}
	}
}

// The table's entry goes where the urgent pointer is, which is 0 in the template.
func TestTableKeepsChecksumsRight(t *testing.T) {
	table := []uint16{0, 1, 0x1234, 0xfffe, 0xffff}
	for flow := range table {
		requireSums(t, Field(26, 24, 50).Table(52, table), uint32(flow), "address")
		requireSums(t, Field(34, 50).Table(52, table), uint32(flow), "ports")
	}
}

// requireSums holds that a stamped packet has the checksums that gopacket computes.
func requireSums(t *testing.T, stamp Stamp, flow uint32, name string) {
	frame := packet(t)
	stamp.cut(frame, bytes.Clone(frame)).press(flow, stamp.table)
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	ip, tcp := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4), p.Layer(layers.LayerTypeTCP).(*layers.TCP)
	ipSum, tcpSum := ip.Checksum, tcp.Checksum
	want, err := serial.Frame(ip, tcp, gopacket.Payload("hello, flow"))
	require.NoError(t, err)
	require.Equal(t, ip.Checksum, ipSum, "%s %d", name, flow)
	require.Equal(t, tcp.Checksum, tcpSum, "%s %d", name, flow)
	require.Equal(t, want, frame[14:])
	if stamp.table != nil {
		require.Equal(t, stamp.table[flow], tcp.Urgent)
	}
}

func BenchmarkSource(b *testing.B) {
	template := append(make([]byte, 50), packet(b)...)
	for len(template) < 114 {
		template = append(template, 0)
	}
	for _, c := range []struct {
		name  string
		flows int
		stamp Stamp
	}{{"templates", 0, Stamp{}}, {"1k", 1000, Field(76, 74, 100)}, {"1M", 1 << 20, Field(76, 74, 100)}} {
		b.Run(c.name, func(b *testing.B) {
			s := NewSource(Options{}, [][]byte{template}, c.flows, c.stamp)
			var burst pmd.Burst
			out := make([]*pmd.Frame, pmd.MaxBurst)
			for b.Loop() {
				s.Rx(&burst)
				for i := range out {
					out[i] = &burst.Frames[i]
				}
				s.Tx(out)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*pmd.MaxBurst), "ns/frame")
		})
	}
}
