package oracle

import (
	"encoding/binary"
	"slices"
	"strings"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// A datagram in fragments has so many bytes, pieceLen of them in each fragment, if nobody tampers with it.
const (
	datagramLen = 68
	pieceLen    = 24
)

// lastPlace is where a fragment begins at most: its place has 13 bits, and counts in 8 bytes.
const lastPlace = 0x1fff * 8

// soup are the fragments of a packet as a guest sends them, or a hostile one: some twice, some over others, with a header in
// two of them, without end.
func (g *generator) soup() []Piece {
	all := sound()
	for g.oneIn(2) {
		all = g.tamper(all)
	}
	g.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if contend(all) {
		slices.SortStableFunc(all, func(a, b Piece) int { return a.At - b.At })
	}
	return all
}

// contend tells whether two fragments that are not the same begin at one place: which of them passes that wait, nobody tells.
func contend(all []Piece) bool {
	at := map[int]Piece{}
	for _, f := range all {
		if other, is := at[f.At]; is && other != f {
			return true
		}
		at[f.At] = f
	}
	return false
}

// sound are the fragments of a packet in their order.
func sound() (all []Piece) {
	for at := 0; at < datagramLen; at += pieceLen {
		all = append(all, Piece{At: at, Len: min(pieceLen, datagramLen-at), More: at+pieceLen < datagramLen})
	}
	return all
}

// tamper changes fragments in one of the ways that no sound sender has.
func (g *generator) tamper(all []Piece) []Piece {
	i := g.IntN(len(all))
	f := all[i]
	switch g.IntN(7) {
	case 0: // twice
	case 1: // over the one before it, or the one behind it
		f.At = max(0, f.At-8)
	case 2:
		f.Len += 8
	case 3:
		all[i] = Piece{At: f.At, Len: 8, More: true}
		f = Piece{At: min(f.At+8, lastPlace), Len: max(8, f.Len-8), More: f.More}
	case 4:
		all[i].More = true
		return all
	case 5:
		f = Piece{At: lastPlace, Len: 8 * g.upTo(0, 2), More: g.oneIn(2)}
	case 6:
		if len(all) > 1 {
			return slices.Delete(all, i, i+1)
		}
	}
	return slices.Insert(all, g.IntN(len(all)+1), f)
}

// fragments are a packet's frames, one for each of its pieces.
func fragments(p Packet, src, dst wire.MAC, id uint16, of []Piece) (all [][]byte) {
	header := map[uint8]int{TCP: wire.TCPLen, UDP: wire.UDPLen, ICMP: wire.ICMPLen, ICMPv6: wire.ICMPLen}[p.Proto]
	whole := build(p).Payload(strings.Repeat("o", datagramLen-header)).MACs(src, dst).ID(id).Bytes()
	for _, f := range of {
		all = append(all, f.of(whole, id))
	}
	return all
}

// of is the frame with a fragment of the packet in a frame.
func (f Piece) of(whole []byte, id uint16) []byte {
	at := wire.EthernetLen + wire.IPv4Len
	if whole[12] == 0x86 {
		at = wire.EthernetLen + wire.IPv6Len
	}
	payload := append(slices.Clone(whole[at:]), make([]byte, 1<<17)...)[f.At:f.end()]
	head := slices.Clone(whole[:at])
	ip := head[wire.EthernetLen:]
	if ip[0]>>4 == 6 {
		word := uint16(f.At) | map[bool]uint16{true: 1}[f.More]
		extension := binary.BigEndian.AppendUint16([]byte{ip[6], 0}, word)
		extension = binary.BigEndian.AppendUint32(extension, uint32(id))
		ip[6] = 44
		binary.BigEndian.PutUint16(ip[4:], uint16(len(extension)+len(payload)))
		return slices.Concat(head, extension, payload)
	}
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)+len(payload)))
	binary.BigEndian.PutUint16(ip[6:], uint16(f.At/8)|map[bool]uint16{true: 0x2000}[f.More])
	return wiretest.Mend(slices.Concat(head, payload))
}
