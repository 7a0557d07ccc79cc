package gso

import (
	"encoding/binary"

	"nitrocard/nic/wire"
)

// A capture on the sender's own link holds frames as they were before the
// hardware below: with the pseudo-header's sum, not complemented, where a
// checksum belongs, and a stream's segments in one. Nothing else in the file
// says so. A frame that was damaged on its way has that very sum once in 65,536
// times, which is why only captures are mended so, and no frame from a wire.

// Mend finishes the checksums of a captured frame that its sender left to the
// hardware, in whatever tunnel, the innermost first. It tells whether there
// were any. The Cutter must not be Active.
func (c *Cutter) Mend(frame []byte) (mended bool) {
	for range maxLayers {
		c.captured(frame, (*finder).unfinished)
		if c.first = true; !c.find() {
			break
		}
		c.complete()
		mended = true
	}
	c.end()
	return mended
}

// StartCaptured begins with a captured frame of a TCP stream that is longer than
// longest, or longer than segment if its sender left it to the hardware. How the
// hardware would have cut it is not in the file, and makes no difference to a stream;
// the frames that it is cut into are as long as segment allows. It is false if the
// frame is none.
func (c *Cutter) StartCaptured(frame []byte, longest, segment int) bool {
	if len(frame) <= segment {
		return false
	}
	c.captured(frame, (*finder).unfinishedStream)
	if !c.findSegments() {
		c.captured(frame, (*finder).plainStream) // a receiver's hardware may have merged it, sum and all
		if len(frame) <= longest || !c.findSegments() {
			return c.end()
		}
	}
	if !c.begin(segment) {
		return false
	}
	c.size = segment - c.payload
	return c.size > 0 || c.end()
}

func (f *finder) captured(frame []byte, wanted func(*finder) bool) {
	*f = finder{frame: frame, wanted: wanted, start: len(frame), strict: true, steps: maxSteps}
}

func (f *finder) stream() bool { return f.proto == wire.ProtoTCP && f.l4+wire.TCPLen <= f.limit }

func (f *finder) plainStream() bool { return f.stream() && f.n == 1 }

func (f *finder) unfinishedStream() bool { return f.stream() && f.unfinished() }

// segment is the packet from the transport header at hand on, and where in it
// the checksum is.
func (f *finder) segment() (b []byte, offset int) {
	b = f.frame[f.l4:f.limit]
	switch f.proto {
	case wire.ProtoTCP:
		return b, tcpSum
	case protoSCTP:
		return b, sctpSum
	}
	if n := wire.UDP(b).Length(); n >= wire.UDPLen && n <= len(b) {
		b = b[:n]
	}
	return b, udpSum
}

// unfinished tells whether what is in the checksum's place is what stands there
// before it is computed, and not right by chance.
func (f *finder) unfinished() bool {
	b, offset := f.segment()
	if f.l4 == f.remote {
		return false
	}
	if f.proto == protoSCTP {
		return len(b) > sctpLen && binary.BigEndian.Uint32(b[offset:]) == 0 && chunks(b[sctpLen:])
	}
	if len(b) < offset+2 {
		return false
	}
	partial := pseudo(f.frame, f.under(f.n), f.proto, len(b))
	return be16(b, offset) == ^wire.Sum(nil, partial) && wire.Sum(b, partial) != 0
}

// chunks tells whether b holds whole chunks of SCTP and nothing else (RFC 9260
// section 3.2): four zeros in the checksum's place are found by chance too often.
//
//	| type | flags | length, without padding | value, padded to 4 bytes |
func chunks(b []byte) bool {
	for len(b) >= 4 {
		n := int(be16(b, 2))
		if n < 4 || n > len(b) {
			return false
		}
		b = b[min(len(b), (n+3)&^3):]
	}
	return len(b) == 0
}

// complete completes the checksum. The pseudo-header is in it already.
func (f *finder) complete() {
	b, offset := f.segment()
	if f.proto == protoSCTP {
		sumSCTP(f.frame[:f.limit], f.l4)
		return
	}
	wire.PutSum(b[offset:offset+2], wire.Sum(b, 0))
}
