package flow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// Record is a tracked connection on its way to the table of another card, where its ENI is. What
// another card finds out by itself, such as the rule that allows the connection, is no part of it.
type Record struct {
	Pair                  Pair
	LocalPort, RemotePort uint16 // as in Ends
	Proto                 uint8
	state                 Status // with statusReset
	flags                 recordFlags
	First                 uint32 // Opening.First
	second                uint32
	number, sent          uint32 // the note's number, and the remote side's bytes since
	idle, age             uint32 // ticks
	packets, bytes        [2]uint64
}

// recordFlags are what a Record says yes or no to.
type recordFlags uint8

const (
	recordInitiator recordFlags = 1 << iota // FlagInitiator
	recordSyn                               // flagSyn
	recordResumed                           // Opening.Resumed
	recordNote                              // there is a note
	recordLate                              // … a late one

	recordFlagsKnown = recordLate<<1 - 1
)

// RecordLen is a Record's length in bytes, in which all numbers are big-endian:
//
//	0     16     32    34     36    37    38    39 40    44     48     52   56   60  64      80      96
//	+-----+------+-----+------+-----+-----+-----+--+-----+------+------+----+----+---+-------+-------+
//	|local|remote|local|remote|proto|state|flags|0 |first|second|number|sent|idle|age|packets|bytes  |
//	|     |      |port |port  |     |     |     |  |     |      |      |    |    |   |in, out|in, out|
//	+-----+------+-----+------+-----+-----+-----+--+-----+------+------+----+----+---+-------+-------+
const RecordLen = 96

// IsIPv6 tells the family of the connection's packets.
func (r *Record) IsIPv6() bool { return !r.Pair.Local.Is4() }

// Initiator is the direction of the connection's first packet.
func (r *Record) Initiator() wire.Direction { return wire.Direction(r.flags & recordInitiator) }

// IsQuery tells whether the connection is an ICMP query and its answers.
func (r *Record) IsQuery() bool { return r.state == Status(ICMP) }

// QueryType is the type of the ICMP query that began the connection.
func (r *Record) QueryType() uint8 { return uint8(r.RemotePort >> 8) }

// Key is the connection's key at an ENI of a table.
func (r *Record) Key(t *Table, eni uint32) (k Key) {
	ends := t.Fold(&r.Pair)
	k.Set(eni, r.Proto, Ends{Local: ends.Local, Remote: ends.Remote, LocalPort: r.LocalPort, RemotePort: r.RemotePort})
	if r.IsIPv6() {
		k.Who |= WhoIPv6
	}
	return k
}

// Record is the connection at an index, at the tick now; ok is false of what stays behind: a flow that
// is not tracked, which the rules in force judge anew, and the fragments of a datagram. The lock is
// held.
func (t *Table) Record(at uint32, now uint64) (r Record, ok bool) {
	k, conn, c := t.conns.Key(at), t.conns.At(at).Copy(), t.cold.At(at)
	s := conn.Status()
	if c.account == 0 || k.IsFragment() || s.Flags()&FlagUntracked != 0 || conn.Epoch == 0 {
		return r, false
	}
	r = Record{
		Pair: t.PairOf(at, k), LocalPort: k.LocalPort, RemotePort: k.RemotePort, Proto: k.Proto(),
		state: s & statusState, First: c.first, second: c.second,
		idle: uint32(max(int32(uint32(now)-conn.Seen), 0)), age: uint32(min(t.ageAt(at, now), oldest)), packets: conn.Packets, bytes: conn.Bytes,
	}
	r.flags = recordFlags(s.Flags() & FlagInitiator)
	if s.Flags()&flagSyn != 0 {
		r.flags |= recordSyn
	}
	if c.account&accountResumed != 0 {
		r.flags |= recordResumed
	}
	if n := note(c.note); n != 0 {
		r.flags |= recordNote
		if n&noteLate != 0 {
			r.flags |= recordLate
		}
		r.number, r.sent = uint32(n), n.sent(&conn)
	}
	return r, true
}

// Resume adds a connection from another card, of which o has what this card found out: Key, the rule,
// the owner and its limit, the epoch, and the tick. Both directions take the stages once. A connection
// that is here already stays.
func (t *Table) Resume(r *Record, o *Opening) OpenError {
	o.Pair, o.Dir, o.Resumed, o.First = r.Pair, r.Initiator(), r.flags&recordResumed != 0, r.First
	account, err := t.owners.charge(o)
	if err != Opened {
		return err
	}
	conn := r.conn(o)
	at, full := t.conns.Insert(o.Key, conn)
	if full != nil {
		t.owners.refund(account)
		if full == tables.ErrExists {
			return Existing
		}
		return TableFull
	}
	t.begin(at, o, account.born(o.Now, uint64(r.age)))
	c := t.cold.At(at)
	c.second = r.second
	if r.flags&recordNote != 0 {
		n := note((conn.Bytes[wire.In]-uint64(r.sent))<<33>>1) | note(r.number)
		if r.flags&recordLate != 0 {
			n |= noteLate
		}
		atomic.StoreUint64(&c.note, uint64(n))
	}
	return Opened
}

// conn is the hot half of the connection.
func (r *Record) conn(o *Opening) Conn {
	flags := Flags(r.flags & recordInitiator)
	if r.flags&recordSyn != 0 {
		flags |= flagSyn
	}
	return Conn{
		Packets: r.packets, Bytes: r.bytes, Epoch: o.Found.Epoch, Seen: uint32(o.Now) - r.idle,
		status: uint64(Status(flags)<<flagsAt | r.state),
	}
}

// Append appends the record's bytes.
func (r *Record) Append(b []byte) []byte {
	be := binary.BigEndian
	for _, a := range []wire.Addr{r.Pair.Local, r.Pair.Remote} {
		hi, lo := a.Words()
		b = be.AppendUint64(be.AppendUint64(b, hi), lo)
	}
	b = be.AppendUint16(be.AppendUint16(b, r.LocalPort), r.RemotePort)
	b = append(b, r.Proto, uint8(r.state), uint8(r.flags), 0)
	for _, n := range []uint32{r.First, r.second, r.number, r.sent, r.idle, r.age} {
		b = be.AppendUint32(b, n)
	}
	for _, n := range []uint64{r.packets[0], r.packets[1], r.bytes[0], r.bytes[1]} {
		b = be.AppendUint64(b, n)
	}
	return b
}

// errRecord is the error of bytes that no card wrote.
var errRecord = errors.New("is none that a card writes")

// ReadRecord reads what Append wrote. The bytes may be anybody's: a record that ReadRecord takes is one
// that a table may have.
func ReadRecord(b []byte) (r Record, err error) {
	if len(b) != RecordLen {
		return r, fmt.Errorf("a record of %d bytes; %d are expected", len(b), RecordLen)
	}
	be := binary.BigEndian
	r = Record{
		Pair:      Pair{wire.AddrFromWords(be.Uint64(b), be.Uint64(b[8:])), wire.AddrFromWords(be.Uint64(b[16:]), be.Uint64(b[24:]))},
		LocalPort: be.Uint16(b[32:]), RemotePort: be.Uint16(b[34:]), Proto: b[36], state: Status(b[37]), flags: recordFlags(b[38]),
		First: be.Uint32(b[40:]), second: be.Uint32(b[44:]), number: be.Uint32(b[48:]), sent: be.Uint32(b[52:]), idle: be.Uint32(b[56:]), age: be.Uint32(b[60:]),
		packets: [2]uint64{be.Uint64(b[64:]), be.Uint64(b[72:])}, bytes: [2]uint64{be.Uint64(b[80:]), be.Uint64(b[88:])},
	}
	if !r.possible() || b[39] != 0 {
		return r, errRecord
	}
	return r, nil
}

// mostIdle bounds how long a connection can have been idle, in ticks: more than any timeout, and less
// than what Conn.Seen can tell from the future.
const mostIdle = 1 << 30

// possible tells whether a table may have the record.
func (r *Record) possible() bool {
	p := &r.Pair
	switch {
	case p.Local.Is4() != p.Remote.Is4(), !p.Local.IsUnicast(), !p.Remote.IsUnicast():
		return false
	case r.flags&^recordFlagsKnown != 0, r.idle > mostIdle, r.age > oldest, r.sent >= 1<<31:
		return false
	case r.flags&(recordNote|recordLate) == recordLate:
		return false
	}
	lasting := r.state.lasting()
	switch first(&Key{Who: r.who()}, syn) {
	case SynSent:
		return lasting > None && lasting <= TimeWait
	case UDPOneWay:
		return r.state >= Status(UDPOneWay) && r.state <= Status(UDPStream)
	case ICMP:
		return r.state == Status(ICMP) && r.First <= 0xff
	}
	return r.state == Status(Other) && r.LocalPort == 0 && r.RemotePort == 0
}

// who is Key.Who without an ENI.
func (r *Record) who() uint32 {
	who := uint32(r.Proto) << whoProto
	if r.IsIPv6() {
		who |= WhoIPv6
	}
	return who
}
