package wire_test

import (
	"testing"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// tunnel114 is a frame of 64 bytes in a tunnel: 114 on the wire.
var tunnel114 = wiretest.VXLAN("172.16.0.1", "172.16.0.2", 5001, tcp.Size(64).Bytes())

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct {
		what  string
		frame []byte
	}{
		{"tcp", tcp.Size(64).Bytes()},
		{"udp", udp.Size(64).Bytes()},
		{"icmp", ping.Size(64).Bytes()},
		{"tagged", tcp.VLAN(7).Size(64).Bytes()},
		{"options", tcp.Options(1, 1, 1, 0).Size(64).Bytes()},
	} {
		b.Run(c.what, func(b *testing.B) {
			b.ReportAllocs()
			var h wire.Headers
			for b.Loop() {
				if f := wire.Parse(c.frame, &h); f != wire.NoFault {
					b.Fatal(f)
				}
			}
		})
	}
}

// Outer and inner headers, as the card reads each frame from the underlay.
func BenchmarkParseTunneled(b *testing.B) {
	for _, c := range []struct {
		what  string
		frame []byte
	}{
		{"plain", tunnel114.Bytes()},
		{"checksum", tunnel114.Checksum().Bytes()},
	} {
		b.Run(c.what, func(b *testing.B) {
			b.ReportAllocs()
			var o wire.Outer
			var h wire.Headers
			for b.Loop() {
				if is, f := wire.ParseVXLAN(c.frame, &o); !is {
					b.Fatal(f)
				}
				if f := wire.Parse(c.frame[o.Inner:o.End], &h); f != wire.NoFault {
					b.Fatal(f)
				}
			}
		})
	}
}

func BenchmarkRewriteSrc(b *testing.B) {
	frame := tcp.Size(64).Bytes()
	h := parse(b, frame)
	for b.Loop() {
		wire.RewriteSrc(frame, &h, wire.AddrFrom4(h.Src.As4()+1))
	}
}

func BenchmarkSum1500(b *testing.B) {
	frame := make([]byte, 1500)
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		wire.Sum(frame, 0)
	}
}
