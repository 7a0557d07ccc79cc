package service

import (
	"encoding/binary"
	"time"
)

// ntpLen is the length of a packet of NTP without extensions (RFC 5905 section 7.3).
const ntpLen = 48

// stratum is that of the Amazon Time Sync Service (EC2 User Guide, "Set the time reference").
const stratum = 3

// ntpReference names the clock behind the service, which is the host's: 127.127.1.0, as
// ntpd names a local clock. AWS documents no other.
const ntpReference = 127<<24 | 127<<16 | 1<<8

// ntpInit stands in the place of the reference ID while a clock is not synchronized yet (RFC 5905 section 7.4).
const ntpInit = "INIT"

// Modes of NTP (RFC 5905 section 7.3).
const client, server = 3, 4

// ntp answers with the host's time (RFC 5905 section 7.3):
//
//	 0: leap 2, version 3, mode 3   1: stratum   2: poll   3: precision
//	 4: root delay    8: root dispersion    12: reference ID
//	16: reference time   24: origin time   32: receive time   40: transmit time
//
// A host that is not synchronized says so by leap 3, stratum 0 and no reference time, and no client then sets its
// clock by the answer.
func ntp(q *query) bool {
	p := q.payload()
	if len(p) < ntpLen {
		return false
	}
	version, mode := p[0]>>3&7, p[0]&7
	if version < 1 || version > 4 || mode != client {
		return false
	}
	now := q.clock()
	var a [ntpLen]byte
	a[0] = version<<3 | server
	a[1], a[2], a[3] = stratum, p[2], precision
	if now.Synchronized {
		binary.BigEndian.PutUint32(a[8:], ntpShort(now.Uncertainty))
		binary.BigEndian.PutUint32(a[12:], ntpReference)
		binary.BigEndian.PutUint64(a[16:], ntpTime(now.Truncate(time.Second)))
	} else {
		a[0] |= 3 << 6 // unknown
		a[1] = 0       // unspecified
		copy(a[12:], ntpInit)
	}
	copy(a[24:32], p[40:48])
	binary.BigEndian.PutUint64(a[32:], ntpTime(now.Time))
	binary.BigEndian.PutUint64(a[40:], ntpTime(now.Time))
	return q.reply(a[:])
}

// precision is the binary logarithm of the clock's, in seconds: about a microsecond, which is
// what a thread needs to read the clock and answer.
const precision = 0xec // -20

// ntpEpoch is how many seconds after the beginning of NTP's time, in 1900, Unix's begins.
const ntpEpoch = 2_208_988_800

// ntpTime is a time in NTP's form: 32 bits of seconds, which begin again in 2036, and 32 bits of
// their fraction.
func ntpTime(t time.Time) uint64 {
	return uint64(uint32(t.Unix()+ntpEpoch))<<32 | uint64(t.Nanosecond())<<32/1e9
}

// ntpShort is a time span in NTP's short form: 16 bits of seconds and 16 bits of their fraction.
func ntpShort(d time.Duration) uint32 {
	return uint32(min(uint64(max(d, 0))<<16/1e9, 0xffff_ffff))
}
