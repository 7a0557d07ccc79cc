//go:build linux

package lab

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"
)

// ended is what a router tells of a packet of a connection with so many hops (RFC 792).
func ended(from, to netip.AddrPort, hops uint32) []byte {
	ip := layers.IPv4{Version: 4, TTL: 1, Protocol: layers.IPProtocolTCP, SrcIP: from.Addr().AsSlice(), DstIP: to.Addr().AsSlice()}
	tcp := layers.TCP{SrcPort: layers.TCPPort(from.Port()), DstPort: layers.TCPPort(to.Port()), Seq: hops, SYN: true}
	quoted := serialized(&ip, &tcp)
	return append([]byte{11, 0, 0, 0, 0, 0, 0, 0}, quoted[:28]...)
}

func TestATraceBelievesWhatIsOfItsOwnPackets(t *testing.T) {
	from, to := netip.MustParseAddrPort("203.0.113.9:20000"), netip.MustParseAddrPort("35.72.2.8:80")
	tr := tracer{connection: connection{from: from, to: to}}
	require.True(t, tr.isOf(ended(from, to, 3), 3))
	require.False(t, tr.isOf(ended(from, to, 3), 4), "another packet of the trace")
	require.False(t, tr.isOf(ended(to, from, 3), 3), "the other direction")
	other := ended(from, to, 3)
	other[0] = 3
	require.False(t, tr.isOf(other, 3), "unreachable")
	for n := range 36 {
		require.False(t, tr.isOf(ended(from, to, 3)[:n], 3), "cut off")
	}
}

// Whatever a router sends, reading it ends, and what is believed has the trace's ports: here a
// message of which one byte is changed.
func TestATraceReadsWhateverComes(t *testing.T) {
	from, to := netip.MustParseAddrPort("203.0.113.9:20000"), netip.MustParseAddrPort("35.72.2.8:80")
	tr, good := tracer{connection: connection{from: from, to: to}}, ended(from, to, 3)
	for n := range good {
		for b := range 256 {
			message := bytes.Clone(good)
			message[n] = byte(b)
			if tr.isOf(message, 3) {
				tcp := message[8+int(message[8]&15)*4:]
				require.Equal(t, from.Port(), binary.BigEndian.Uint16(tcp), "%x", message)
			}
		}
	}
}

func TestWhatTracerouteSays(t *testing.T) {
	seen := tracerouteHops("traceroute to 35.72.2.8 (35.72.2.8), 8 hops max, 60 byte packets\n 1  203.0.113.1  0.060 ms\n 2  198.51.100.1  0.022 ms\n 3  *\n")
	require.Equal(t, []netip.Addr{netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("198.51.100.1")}, seen)
}
