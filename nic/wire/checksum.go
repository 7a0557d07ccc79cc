package wire

import (
	"encoding/binary"
	"math/bits"
)

// Sum is the Internet checksum (RFC 1071) of b, complemented: ready to store
// where the checksum's own bytes were zero, and 0 where they were right.
// partial is what else the checksum covers, such as a PseudoSum, or 0. An odd
// last byte counts as if a zero followed.
//
// Words are added in the machine's order, eight bytes at a time, and only the
// result is swapped (RFC 1071 section 2).
func Sum(b []byte, partial uint32) uint16 {
	var sum, carry uint64
	for len(b) >= 32 {
		p := (*[32]byte)(b)
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(p[0:]), 0)
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(p[8:]), carry)
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(p[16:]), carry)
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(p[24:]), carry)
		sum += carry
		b = b[32:]
	}
	for len(b) >= 8 {
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(b), 0)
		sum += carry
		b = b[8:]
	}
	sum, carry = bits.Add64(sum, tail(b), 0)
	sum += carry
	return ^fold(uint64(bits.ReverseBytes16(fold(sum))) + uint64(partial))
}

// tail is what is left of the last eight bytes, with zeros after them.
func tail(b []byte) uint64 {
	var last [8]byte
	copy(last[:], b)
	return binary.LittleEndian.Uint64(last[:])
}

// fold brings a sum to 16 bits; what is carried out comes in at the bottom.
func fold(sum uint64) uint16 {
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	return uint16(sum>>16 + sum&0xffff)
}

// PseudoSum is the partial sum of the pseudo-header that TCP and UDP
// checksums cover (RFC 768, RFC 9293 section 3.1). n is the length of segment
// or datagram in bytes.
func PseudoSum(src, dst uint32, proto uint8, n int) uint32 {
	return src>>16 + src&0xffff + dst>>16 + dst&0xffff + uint32(proto) + uint32(n)
}

// Update16 is the checksum sum after one of the words it covers changed from
// old to new (RFC 1624 equation 3). A checksum that was wrong stays wrong by
// as much.
func Update16(sum, old, new uint16) uint16 {
	return ^fold(uint64(^sum) + uint64(^old) + uint64(new))
}

// change is by how much the words under a checksum changed, to be applied to
// each checksum that covers them.
type change uint16

// changeOf is the change of two words side by side, such as an address.
func changeOf(old, new uint32) change {
	sum := uint64(^old) + uint64(new)
	low := uint32(sum>>32) + uint32(sum) // never carries: a carry leaves room for one
	return change((low + bits.RotateLeft32(low, 16)) >> 16)
}

// apply is the checksum sum after the change.
func (c change) apply(sum uint16) uint16 {
	s := uint32(^sum) + uint32(c)
	return ^uint16(s>>16 + s)
}
