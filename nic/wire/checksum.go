package wire

import (
	"encoding/binary"
	"math/bits"
)

// Sum is the Internet checksum (RFC 1071) of b. Over bytes whose checksum field
// is zero, Sum is the value to store in that field; over bytes with a right
// checksum, Sum is 0. partial is the sum of what the checksum covers beside b,
// such as a PseudoSum, or 0. An odd last byte counts as if a zero followed.
//
// Sum adds eight bytes at a time in the machine's byte order and swaps only the
// result: the order of bytes does not matter to the sum (RFC 1071 section 2).
func Sum(b []byte, partial uint32) uint16 {
	var sum, carry uint64
	if len(b) >= long && useAVX2 {
		n := len(b) &^ (block - 1)
		sum, b = sumBlocks(b[:n]), b[n:]
	}
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

// block is how many bytes sumBlocks adds at a time. long is from which length on it is faster.
const block, long = 64, 256

// tail is the last bytes of b, fewer than eight, as a word filled with zeros.
func tail(b []byte) uint64 {
	var last [8]byte
	copy(last[:], b)
	return binary.LittleEndian.Uint64(last[:])
}

// fold brings a sum to 16 bits and adds each carry at the bottom, as one's
// complement addition does.
func fold(sum uint64) uint16 {
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	return uint16(sum>>16 + sum&0xffff)
}

// PseudoSum is the sum of the pseudo-header that the checksums of TCP, UDP and ICMPv6
// cover (RFC 768, RFC 9293 section 3.1, RFC 8200 section 8.1): Sum's partial. n is the
// length of the segment or datagram in bytes.
func PseudoSum(src, dst Addr, proto uint8, n int) uint32 {
	return src.sum() + dst.sum() + uint32(proto) + uint32(n)
}

// sum is the sum of an address's 16-bit words.
func (a Addr) sum() uint32 {
	if a.Is4() {
		return uint32(a.lo)>>16 + uint32(a.lo)&0xffff
	}
	sum, carry := bits.Add64(a.hi, a.lo, 0)
	return uint32(fold(sum)) + uint32(carry)
}

// Update16 is the checksum sum after one word under the checksum changed from
// old to new (RFC 1624 equation 3). A wrong checksum stays wrong by as much, so
// the receiver still sees the damage.
func Update16(sum, old, new uint16) uint16 {
	return ^fold(uint64(^sum) + uint64(^old) + uint64(new))
}

// change is the difference that a new address makes to a checksum. One change
// serves every checksum that covers the address.
type change uint16

// changeOf is the change from an old pair of 16-bit words, such as an address, to a
// new one.
func changeOf(old, new uint32) change {
	sum := uint64(^old) + uint64(new)
	low := uint32(sum>>32) + uint32(sum) // no carry: after one, the low word is at most 1<<32 - 2
	return change((low + bits.RotateLeft32(low, 16)) >> 16)
}

// apply is the checksum that sum becomes by the change.
func (c change) apply(sum uint16) uint16 {
	s := uint32(^sum) + uint32(c)
	return ^uint16(s>>16 + s)
}
