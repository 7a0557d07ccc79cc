package capture

import "encoding/binary"

// view is a packet as a program of libpcap sees one. To ask for a byte beyond the packet's end
// ends the program, and the packet does not match, whatever else the filter says.
type view struct {
	frame  []byte // as much as was captured, from the Ethernet header on
	length uint64 // of the whole packet
	beyond bool   // a byte was asked for that is not there
}

// Offsets in a frame without tags.
const (
	etherTypeAt  = 12
	etherLen     = 14
	fragmentAt   = etherLen + 6
	protocolAt   = etherLen + 9
	ip4SrcAt     = etherLen + 12
	ip4DstAt     = etherLen + 16
	nextHeaderAt = etherLen + 6
	ip6SrcAt     = etherLen + 8
	ip6DstAt     = etherLen + 24
	ip6Len       = 40
	arpSrcAt     = etherLen + 14
	arpDstAt     = etherLen + 24
)

// zeros are what a test reads beyond a packet's end: no test asks for more at once.
var zeros [8]byte

// bytes are n bytes at an offset, zeros where there are none.
func (v *view) bytes(at, n int) []byte {
	if at+n > len(v.frame) {
		v.beyond = true
		return zeros[:n]
	}
	return v.frame[at : at+n]
}

func (v *view) byte(at int) uint32  { return uint32(v.bytes(at, 1)[0]) }
func (v *view) half(at int) uint32  { return uint32(binary.BigEndian.Uint16(v.bytes(at, 2))) }
func (v *view) word(at int) uint32  { return binary.BigEndian.Uint32(v.bytes(at, 4)) }
func (v *view) etherType() uint32   { return v.half(etherTypeAt) }
func (v *view) transportIPv4() int  { return etherLen + int(v.byte(etherLen)&0xf)*4 }
func (v *view) firstFragment() bool { return v.half(fragmentAt)&0x1fff == 0 }
