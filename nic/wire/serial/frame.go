// Package serial writes frames out of gopacket's layers, for the simulation and for
// tests. The card never imports it.
package serial

import (
	"fmt"
	"slices"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// right has gopacket fill in lengths and checksums.
var right = gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}

// Frame is the layers' bytes, outermost first, with lengths and checksums right. The
// checksum of a transport header covers the addresses of the IP header in front of
// it; Frame tells the transport header which one that is. An error says that there
// is none, or what gopacket refuses, such as an address of a wrong length.
//
// gopacket v1.1.19 writes a UDP checksum of zero as zero, which stands for a datagram
// without a checksum; RFC 768 sends it as all ones, and so does Frame.
func Frame(all ...gopacket.SerializableLayer) ([]byte, error) {
	if err := cover(all); err != nil {
		return nil, err
	}
	b := gopacket.NewSerializeBuffer()
	for _, l := range slices.Backward(all) {
		if err := l.SerializeTo(b, right); err != nil {
			return nil, err
		}
		b.PushLayer(l.LayerType())
		if _, ok := l.(*layers.UDP); ok {
			neverZero(b.Bytes())
		}
	}
	return b.Bytes(), nil
}

// cover tells each header whose checksum covers addresses its IP header.
func cover(all []gopacket.SerializableLayer) error {
	var ip gopacket.NetworkLayer
	for _, l := range all {
		if network, ok := l.(gopacket.NetworkLayer); ok {
			ip = network
		}
		if covering, ok := l.(interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}); ok {
			if ip == nil {
				return fmt.Errorf("a header of %s has no IP header in front, whose addresses its checksum covers", l.LayerType())
			}
			if err := covering.SetNetworkLayerForChecksum(ip); err != nil {
				return err
			}
		}
	}
	return nil
}

// neverZero mends the checksum of a UDP header.
func neverZero(header []byte) {
	if sum := header[6:8]; sum[0] == 0 && sum[1] == 0 {
		sum[0], sum[1] = 0xff, 0xff
	}
}
