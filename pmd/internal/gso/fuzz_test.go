package gso

import (
	"encoding/binary"
	"slices"
	"testing"

	"nitrocard/nic/wire"

	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"
)

// Whatever a guest's kernel hands over, a cutter ends. Its segments fit, their
// payloads are the merged one's, and every length, number and checksum in them
// is right.
func FuzzCut(f *testing.F) {
	add := func(frame []byte, kind uint8, start int) {
		f.Add(frame, (&example{kind: kind, start: start}).bytes(100))
	}
	add(build(f, ether, ip(inner, layers.IPProtocolTCP, 0), tcp(0, 0), payload(300)), tcp4, 34)
	add(build(f, ether, ip(outer, layers.IPProtocolUDP, 0), udp(4789), vni, ether, ip(inner, layers.IPProtocolUDP, 0), udp(5), payload(300)), udpL4, 84)
	for _, kind := range sorted(tunnels) {
		for outside, inside := range map[string]string{"IPv4": "IPv6", "IPv6": "IPv4"} {
			x := newExample(f, tunnels[kind](outside, around[inside](layers.IPProtocolTCP)), tcp4, 100)
			add(x.merged, tcp4, x.start)
		}
	}
	f.Fuzz(func(t *testing.T, frame, header []byte) {
		if len(header) < HeaderLen {
			return
		}
		h := Read(header)
		Sum(slices.Clone(frame), &h)
		var c Cutter
		if !c.Start(frame, &h, 2000) {
			return
		}
		m := merged{t, c.layout, slices.Clone(c.frame), c.payload, c.size}
		i, buf := 0, make([]byte, 2000)
		for ; c.Active(); i++ {
			m.check(i, buf[:c.Next(buf)])
		}
		require.Equal(t, (len(m.frame)-m.head+m.size-1)/m.size, i)
	})
}

// merged is a frame as it was before it was cut.
type merged struct {
	t *testing.T
	layout
	frame []byte
	head  int // bytes of headers
	size  int // of the payload of each segment but the last
}

// check checks segment i, its headers from the outside in. The fields that differ from the
// merged frame's are overwritten with those once they are checked: all else in
// the headers is to be the same.
func (m *merged) check(i int, seg []byte) {
	from := m.head + i*m.size
	require.Equal(m.t, m.frame[from:min(from+m.size, len(m.frame))], seg[m.head:])
	got := slices.Clone(seg)
	same := func(at, n int) { copy(got[at:at+n], m.frame[at:]) }
	for n, l := range m.layers[:m.n] {
		h, was := seg[l.at:], m.frame[l.at:]
		switch l.kind {
		case inIPv4:
			require.EqualValues(m.t, len(h), be16(h, 2))
			require.Equal(m.t, be16(was, 4)+uint16(i), be16(h, 4))
			require.Zero(m.t, wire.Sum(h[:h[0]&15*4], 0))
			same(l.at+2, 4)
			same(l.at+10, 2)
		case inIPv6:
			require.EqualValues(m.t, len(h)-40, be16(h, 4))
			same(l.at+4, 2)
		case inUDP:
			m.udp(seg, l.at, n)
			same(l.at+4, 4)
		case inGRE:
			m.gre(i, h, was)
			same(l.at, greLen(be16(h, 0)))
		}
	}
	if m.proto == wire.ProtoUDP {
		m.udp(seg, m.l4, m.n)
		same(m.l4+4, 4)
	} else {
		m.tcp(i, seg)
		same(m.l4+4, 4)
		same(m.l4+13, 1)
		same(m.l4+16, 2)
	}
	require.Equal(m.t, m.frame[:m.head], got[:m.head])
}

// udp checks the datagram at offset at, behind n layers.
func (m *merged) udp(seg []byte, at, n int) {
	require.EqualValues(m.t, len(seg)-at, be16(seg, at+4))
	if be16(m.frame, at+6) == 0 {
		require.Zero(m.t, be16(seg, at+6), "it had no checksum")
		return
	}
	m.sum(seg, at, n, wire.ProtoUDP, 6)
}

func (m *merged) tcp(i int, seg []byte) {
	h, was := wire.TCP(seg[m.l4:]), wire.TCP(m.frame[m.l4:])
	require.Equal(m.t, was.Seq()+uint32(i*m.size), h.Seq())
	want := was.Flags()
	if i > 0 {
		want &^= wire.TCPCwr
	}
	if m.head+(i+1)*m.size < len(m.frame) {
		want &^= wire.TCPFin | wire.TCPPsh
	}
	require.Equal(m.t, want, h.Flags())
	m.sum(seg, m.l4, m.n, wire.ProtoTCP, 16)
}

// sum checks the checksum of the header at offset at, behind n layers: over
// all that follows, or over the pseudo-header alone if the tunnel's far end does
// the rest.
func (m *merged) sum(seg []byte, at, n int, proto byte, offset int) {
	ip := n - 1
	for m.layers[ip].kind != inIPv4 && m.layers[ip].kind != inIPv6 {
		ip--
	}
	from := m.layers[ip].at
	header := slices.Concat(seg[from+12:from+20], []byte{0, proto})
	if m.layers[ip].kind == inIPv6 {
		dst := m.layers[ip].dst
		header = slices.Concat(seg[from+8:from+24], seg[dst:dst+16], []byte{0, 0, 0, proto})
	}
	header = binary.BigEndian.AppendUint16(header, uint16(len(seg)-at))
	body := seg[at:]
	if at == m.remote {
		require.Equal(m.t, ^wire.Sum(header, 0), be16(body, offset))
		return
	}
	if len(body)%2 == 1 {
		body = append(slices.Clone(body), 0)
	}
	require.Zero(m.t, wire.Sum(append(body, header...), 0))
}

// gre checks segment i's header h, which was another in the merged frame.
func (m *merged) gre(i int, h, was []byte) {
	flags := be16(h, 0)
	if flags&greSum != 0 {
		require.Zero(m.t, wire.Sum(h, 0))
	}
	if flags&greSeq != 0 {
		at := greLen(flags) - 4
		require.Equal(m.t, binary.BigEndian.Uint32(was[at:])+uint32(i), binary.BigEndian.Uint32(h[at:]))
	}
}
