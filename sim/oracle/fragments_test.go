package oracle

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// fragment is what a frame tells of its place in a datagram.
type fragment struct {
	src, dst netip.Addr
	id       uint32
	proto    uint8
	at       int // in bytes
	last     bool
	payload  []byte
}

// fragmentOf is the fragment in a frame, if there is one.
func fragmentOf(frame []byte) (f fragment, is bool) {
	b := frame[wire.EthernetLen:]
	if b[0]>>4 == 6 {
		if b[6] != 44 {
			return f, false
		}
		word := binary.BigEndian.Uint16(b[42:])
		return fragment{src: netip.AddrFrom16([16]byte(b[8:])), dst: netip.AddrFrom16([16]byte(b[24:])), id: binary.BigEndian.Uint32(b[44:]), proto: b[40],
			at: int(word &^ 7), last: word&1 == 0, payload: b[48 : 40+int(binary.BigEndian.Uint16(b[4:]))]}, true
	}
	word := binary.BigEndian.Uint16(b[6:])
	return fragment{src: netip.AddrFrom4([4]byte(b[12:])), dst: netip.AddrFrom4([4]byte(b[16:])), id: uint32(binary.BigEndian.Uint16(b[4:])), proto: b[9],
		at: int(word&0x1fff) * 8, last: word&0x2000 == 0, payload: b[int(b[0]&15)*4 : binary.BigEndian.Uint16(b[2:])]}, word&0x3fff != 0
}

// together is the frame of the datagram whose fragments came in frames, as far as these came one behind the other. It is whole
// if the last one is among them, and ends where its sender had it end.
func together(frames [][]byte) (frame []byte, whole bool, err error) {
	first, _ := fragmentOf(frames[0])
	var payload []byte
	over := false
	for _, frame := range frames {
		f, is := fragmentOf(frame)
		switch {
		case !is || f.id != first.id || f.proto != first.proto || f.src != first.src || f.dst != first.dst:
			return nil, false, errors.New("fragments of several datagrams arrived")
		case !over && f.at == len(payload):
			payload, over = append(payload, f.payload...), f.last
		}
	}
	whole = over && (len(payload) == datagramLen || len(payload) >= long)
	return slices.Concat(frames[0][:wire.EthernetLen], header(frames[0][wire.EthernetLen:], first.proto, len(payload)), payload), whole, nil
}

// piecesOf are the places of the fragments in frames.
func piecesOf(frames [][]byte) (all []Piece) {
	for _, frame := range frames {
		f, _ := fragmentOf(frame)
		all = append(all, Piece{At: f.at, Len: len(f.payload), More: !f.last})
	}
	return all
}

// header is the IP header of a datagram with so many bytes behind the header, out of that of its first fragment.
func header(fragment []byte, proto uint8, n int) []byte {
	if fragment[0]>>4 == 6 {
		h := slices.Clone(fragment[:wire.IPv6Len])
		binary.BigEndian.PutUint16(h[4:], uint16(n))
		h[6] = proto
		return h
	}
	h := slices.Clone(fragment[:int(fragment[0]&15)*4])
	binary.BigEndian.PutUint16(h[2:], uint16(len(h)+n))
	copy(h[6:], []byte{0, 0, h[8], h[9], 0, 0})
	binary.BigEndian.PutUint16(h[10:], ^wiretest.Sum(h))
	return h
}
