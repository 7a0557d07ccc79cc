package wiretest

import (
	"bytes"
	"encoding/binary"

	"nitrocard/nic/wire"
)

// Unfinished is a frame whose innermost transport checksum is left to the hardware; the
// headers around it are as they were. It computes by package wire, and so is not for tests of
// that package. It panics if the frame is malformed.
func Unfinished(frame []byte) []byte {
	var h wire.Headers
	if fault := wire.Parse(frame, &h); fault != wire.NoFault {
		panic(fault)
	}
	at := map[uint8]uint16{wire.ProtoTCP: 16, wire.ProtoUDP: 6}[h.Proto]
	frame = bytes.Clone(frame)
	binary.BigEndian.PutUint16(frame[h.L4+at:], ^wire.Sum(nil, wire.PseudoSum(h.Src, h.Dst, h.Proto, int(h.End-h.L4))))
	return frame
}

// AsCaptured are frames as they should be, and as a capture on their sender's own link has
// them, by what the sender left to its hardware.
func AsCaptured() map[string][2][]byte {
	syn := TCP("203.0.113.9:1", "10.0.1.5:80").Flags(wire.TCPSyn)
	odd := UDP("203.0.113.9:1", "10.0.1.5:53").Payload("odd")
	outer := func(inner []byte) []byte {
		return VXLAN("172.16.0.1", "172.16.0.11", 5001, inner).Checksum().Bytes()
	}
	// Linux knows what the inner checksum will be when it writes the outer one
	// (local checksum offload), so that one is right beforehand.
	behind := outer(syn.Bytes())
	copy(behind[len(behind)-len(syn.Bytes()):], Unfinished(syn.Bytes()))
	return map[string][2][]byte{
		"TCP":                    {syn.Bytes(), Unfinished(syn.Bytes())},
		"UDP":                    {odd.Bytes(), Unfinished(odd.Bytes())},
		"with a tag and padding": {odd.VLAN(7).Pad(80).Bytes(), Unfinished(odd.VLAN(7).Pad(80).Bytes())},
		"a tunnel's own":         {outer(syn.Bytes()), Unfinished(outer(syn.Bytes()))},
		"what is in a tunnel":    {outer(syn.Bytes()), behind},
		"both":                   {outer(syn.Bytes()), Unfinished(behind)},
	}
}
