package wire_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// What a tunnel looks like on the way may differ; what is in it may not.
func TestParseVXLANReadsTheTunnel(t *testing.T) {
	inner := wiretest.TCP("10.0.1.5:40000", "10.0.1.6:80").Size(64).Bytes()
	p := wiretest.VXLAN("172.16.0.1", "172.16.0.2", 0xfedcba, inner).SrcPort(50000)
	longer := wiretest.VXLAN("172.16.0.1", "172.16.0.2", 0xfedcba, append(inner, "rest"...)).SrcPort(50000)
	for what, frame := range map[string][]byte{
		"plain":                  p.Bytes(),
		"with UDP checksum":      p.Checksum().Bytes(),
		"tagged":                 p.VLAN(9).Bytes(),
		"IPv4 options":           p.Options(1, 1, 1, 0).Bytes(),
		"padded":                 p.Pad(200).Bytes(),
		"UDP ends first":         wiretest.Put(longer.Bytes(), 38, 0, 80),
		"reserved bits set":      wiretest.Put(p.Bytes(), 42, 0xff, 0xff, 0xff, 0xff),
		"reserved byte set":      wiretest.Put(p.Bytes(), 49, 0xfe),
		"sent on":                wiretest.Put(p.Bytes(), 49, 0x01),
		"with don't fragment":    p.DF().Bytes(),
		"with a priority":        p.VLAN(7 << 13).Bytes(),
		"with a type of service": wiretest.Mend(wiretest.Put(p.Bytes(), 15, 0xb8)),
		"with a congestion mark": wiretest.Mend(wiretest.Put(p.Bytes(), 15, 0xbb)),
	} {
		t.Run(what, func(t *testing.T) {
			var o wire.Outer
			is, f := wire.ParseVXLAN(frame, &o)
			require.True(t, is, f.Sentence())
			require.Equal(t, inner, frame[o.Inner:o.End])
			o.Inner, o.End = 0, 0
			want := wire.Outer{Station: wire.Ethernet(frame).Dst().Bits(), Src: wiretest.Addr("172.16.0.1"), Dst: wiretest.Addr("172.16.0.2"), VNI: 0xfedcba, SrcPort: 50000}
			want.Tagged, want.SentOn = what == "tagged", what == "sent on"
			if what == "with a congestion mark" {
				want.ECN = wire.CE
			}
			require.Equal(t, want, o)
		})
	}
}

// The card must tell the frames that are not for its tunnels from bad ones.
func TestParseVXLANLeavesTheRest(t *testing.T) {
	for what, frame := range map[string][]byte{
		"ARP":              wiretest.ARPRequest(wiretest.SrcMAC, "172.16.0.1", "172.16.0.2").Bytes(),
		"IPv6":             wiretest.Echo("fe80::1", "ff02::1", 1).Bytes(),
		"ping":             wiretest.Echo("172.16.0.1", "172.16.0.2", 1).Bytes(),
		"TCP to 4789":      wiretest.TCP("172.16.0.1:1", "172.16.0.2:4789").Bytes(),
		"UDP from 4789":    wiretest.UDP("172.16.0.1:4789", "172.16.0.2:1").Size(100).Bytes(),
		"a piece of DNS":   wiretest.UDP("172.16.0.1:1", "172.16.0.2:53").Size(200).Fragments(64)[0],
		"a piece of a TCP": wiretest.TCP("172.16.0.1:1", "172.16.0.2:53").Size(200).Fragments(64)[1],
	} {
		t.Run(what, func(t *testing.T) {
			var o wire.Outer
			is, f := wire.ParseVXLAN(frame, &o)
			require.False(t, is)
			require.Equal(t, wire.NoFault, f, f.Sentence())
		})
	}
}

func TestVXLANSet(t *testing.T) {
	b := make(wire.VXLAN, wire.VXLANLen)
	b.Set(0xfedcba)
	require.Equal(t, wire.VXLAN{8, 0, 0, 0, 0xfe, 0xdc, 0xba, 0}, b)
}

// A tunnel that is sent on is the same but for its destination and its mark, with right checksums, over
// both families.
func TestSendOnKeepsTheTunnel(t *testing.T) {
	inner := wiretest.TCP("10.0.1.5:1", "10.0.1.6:2").Payload("whole").Bytes()
	for _, c := range []struct{ from, was, is string }{
		{"172.16.0.1", "172.16.0.2", "172.16.9.3"},
		{"2001:db8::1", "2001:db8::2", "2001:db8:9::3"},
	} {
		frame := wiretest.VXLAN(c.from, c.was, 0xfedcba, inner).SrcPort(50000).Bytes()
		var before, after wire.Outer
		is, f := wire.ParseVXLAN(frame, &before)
		require.True(t, is, f.Sentence())
		wire.SendOn(frame, wiretest.Addr(c.is))
		require.NoError(t, wiretest.Check(frame))
		is, f = wire.ParseVXLAN(frame, &after)
		require.True(t, is, f.Sentence())
		before.Dst, before.SentOn = wiretest.Addr(c.is), true
		require.Equal(t, before, after)
		require.Equal(t, inner, frame[after.Inner:after.End])
	}
}
