package gso

import (
	"encoding/binary"

	"nitrocard/nic/wire"
)

// What lies between two IP headers. Of it all, UDP and GRE alone have something
// that differs between segments.

// datagram goes on with what UDP carries, at offset at. MPLS looks like anything,
// and is looked for at its own port only (RFC 7510).
func (f *finder) datagram(at int, port uint16) bool {
	const mpls = 6635
	return f.vxlan(at) || f.geneve(at) || f.gue(at) || f.ip(at) || f.gre(at) || port == mpls && f.mpls(at)
}

// gre is RFC 2784 with RFC 2890, without the routing of RFC 1701:
//
//	|C| |K|S|    reserved    | 0 |    EtherType    | checksum, 0 | key | sequence |
func (f *finder) gre(at int) bool {
	if !f.has(at, 4) {
		return false
	}
	flags, etherType := be16(f.frame, at), be16(f.frame, at+2)
	if flags&^(greSum|greKey|greSeq) != 0 {
		return false
	}
	m := f.way
	if !f.push(layer{kind: inGRE, at: at}) {
		return false
	}
	f.fit++
	at += greLen(flags)
	if etherType == etherTypeERSPAN { // draft-foschiano-erspan: type II has a header of its own, and a sequence
		etherType = etherTypeBridging
		if flags&greSeq != 0 {
			at += 8
		}
	}
	return f.network(etherType, at) || f.back(m)
}

// greLen is the length of a GRE header.
func greLen(flags uint16) int {
	n := 4
	for _, has := range [...]uint16{greSum, greKey, greSeq} {
		if flags&has != 0 {
			n += 4
		}
	}
	return n
}

// vxlan is RFC 7348, and with flag P its generic protocol extension
// (draft-ietf-nvo3-vxlan-gpe). Flag 0x20 of the second byte is remote checksum
// offload (draft-herbert-vxlan-rco), whose start is in the last byte.
func (f *finder) vxlan(at int) bool {
	const valid, generic, remote = 0x08, 0x04, 0x20
	if !f.has(at, wire.VXLANLen) || f.frame[at]&valid == 0 {
		return false
	}
	h, at := f.frame[at:], at+wire.VXLANLen
	m := f.way
	if h[1]&remote != 0 {
		f.remote = at + int(h[7]&0x7f)*2
	}
	if h[0]&generic != 0 {
		return f.numbered(h[3], at) || f.back(m)
	}
	return f.ethernet(at) || f.back(m)
}

// numbered goes on with what the next protocol of VXLAN-GPE and of NSH (RFC
// 8300 section 2.2) announces.
func (f *finder) numbered(next uint8, at int) bool {
	switch next {
	case 1:
		return f.ipv4(at)
	case 2:
		return f.ipv6(at)
	case 3:
		return f.ethernet(at)
	case 4:
		return f.nsh(at)
	case 5:
		return f.mpls(at)
	}
	return false
}

// nsh is a network service header (RFC 8300 section 2).
func (f *finder) nsh(at int) bool {
	return f.has(at, 8) && f.numbered(f.frame[at+3], at+int(f.frame[at+1]&0x3f)*4)
}

// geneve is RFC 8926 section 3.4, with its options.
func (f *finder) geneve(at int) bool {
	if !f.has(at, 8) || f.frame[at]>>6 != 0 {
		return false
	}
	return f.network(be16(f.frame, at+2), at+8+int(f.frame[at]&0x3f)*4)
}

// gue is draft-ietf-intarea-gue. Its version 1 is IP itself, as in FOU.
// The first private flag of version 0 is remote checksum offload.
func (f *finder) gue(at int) bool {
	const control, private, remote = 0x20, 0x0001, 0x80000000
	if !f.has(at, 4) || f.frame[at]>>6 != 0 || f.frame[at]&control != 0 {
		return false
	}
	size := 4 + int(f.frame[at]&0x1f)*4
	m := f.way
	if be16(f.frame, at+2)&private != 0 && size >= 12 && f.has(at, 12) && binary.BigEndian.Uint32(f.frame[at+4:])&remote != 0 {
		f.remote = at + size + int(be16(f.frame, at+8))
	}
	return f.extension(f.frame[at+1], at+size) || f.back(m)
}

// mpls is a stack of labels (RFC 3032 section 2.1). Nothing in it tells what
// follows: IP, or Ethernet with a control word before it (RFC 4448 section 4.6)
// or none.
func (f *finder) mpls(at int) bool {
	const bottom = 1
	for f.has(at, 4) {
		at += 4
		if f.frame[at-2]&bottom != 0 {
			return f.ip(at) || f.ethernet(at+4) || f.ethernet(at)
		}
	}
	return false
}
