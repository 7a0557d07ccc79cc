package serial

import (
	"net"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

var (
	ether = layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}
	outer = layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: net.IP{172, 16, 0, 1}, DstIP: net.IP{172, 16, 0, 2}}
	inner = layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: net.IP{10, 0, 0, 1}, DstIP: net.IP{10, 0, 0, 2}}
	inIP6 = layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP, SrcIP: net.ParseIP("2001:db8::1"), DstIP: net.ParseIP("2001:db8::2")}
)

// sum is the checksum that the datagram in a frame holds, and whether it is right.
func sum(t *testing.T, frame []byte) ([]byte, bool) {
	var h wire.Headers
	require.Equal(t, wire.NoFault, wire.Parse(frame, &h))
	whole := frame[h.L4:h.End]
	return whole[6:8], wire.Sum(whole, wire.PseudoSum(h.Src, h.Dst, h.Proto, len(whole))) == 0
}

// Of 65,536 payloads of two bytes each sum is one's, zero too.
func TestAChecksumOfUDPIsNeverZero(t *testing.T) {
	ethernet6 := ether
	ethernet6.EthernetType = layers.EthernetTypeIPv6
	for _, headers := range [][]gopacket.SerializableLayer{{&ether, &inner}, {&ethernet6, &inIP6}} {
		allOnes := 0
		for n := range 1 << 16 {
			frame, err := Frame(append(headers, &layers.UDP{SrcPort: 1000, DstPort: 53}, gopacket.Payload{byte(n >> 8), byte(n)})...)
			require.NoError(t, err)
			held, right := sum(t, frame)
			if !right || held[0] == 0 && held[1] == 0 {
				require.Fail(t, "a wrong checksum", "payload %#04x, checksum %x", n, held)
			}
			if held[0] == 0xff && held[1] == 0xff {
				allOnes++
			}
		}
		require.NotZero(t, allOnes, "none of the payloads had a sum of zero")
	}
}

// In a tunnel each datagram has the addresses of its own IP header in its checksum.
func TestAChecksumCoversTheHeaderInFront(t *testing.T) {
	frame, err := Frame(&ether, &outer, &layers.UDP{SrcPort: 49152, DstPort: wire.PortVXLAN}, &layers.VXLAN{ValidIDFlag: true, VNI: 5001},
		&ether, &inner, &layers.UDP{SrcPort: 1000, DstPort: 53}, gopacket.Payload("one of many questions"))
	require.NoError(t, err)
	for _, f := range [][]byte{frame, frame[wire.OuterLen:]} {
		_, right := sum(t, f)
		require.True(t, right)
	}
}

func TestWhatHasNoBytesIsAnError(t *testing.T) {
	_, err := Frame(&ether, &layers.UDP{}, gopacket.Payload("no IP header"))
	require.EqualError(t, err, "a header of UDP has no IP header in front, whose addresses its checksum covers")
	_, err = Frame(&ether, &layers.IPv4{SrcIP: net.IP{10, 0}, DstIP: net.IP{10, 0, 0, 2}})
	require.ErrorContains(t, err, "wrong length of 2 bytes")
}
