package flow

import "nitrocard/tables"

// Opening is all that a new connection begins with.
type Opening struct {
	Key      Key
	Dir      Dir    // of its first packet
	TCPFlags uint8  // of its first packet
	Conn     Conn   // Epoch, Path, VTEP and Flags; Open sets the rest
	Rule     uint32 // the security group rule that allows it, in the policy Conn.Epoch
	Owner    uint32 // the instance whose allowance it takes
	Limit    uint32 // that allowance. It binds tracked and cached connections apart; 0 allows none
	Now      uint64 // tick of the first packet
}

// OpenError tells why there is no new connection. The zero value says that
// there is one.
type OpenError uint8

const (
	Opened            OpenError = iota
	Existing                    // the key has a connection already, at the index returned; it is untouched
	AllowanceExceeded           // the owner has its fill of tracked connections: EC2 drops the packet
	NotCached                   // the owner has its fill of untracked flows: the packet may pass, unremembered
	TableFull                   // no room for anybody
)

var openErrors = [...]string{
	Opened:            "opened",
	Existing:          "the connection exists already",
	AllowanceExceeded: "the instance's allowance of tracked connections is exceeded",
	NotCached:         "the instance's share of the cache for untracked flows is full",
	TableFull:         "the connection table is full",
}

// String is a sentence for people.
func (e OpenError) String() string {
	if int(e) >= len(openErrors) {
		return "unknown"
	}
	return openErrors[e]
}

// Open adds a connection. The first packet is then counted and goes through
// the state machine like any other. Flags with FlagUntracked, and the
// fragments of a datagram, count as cached, not as tracked.
func (t *Table) Open(o *Opening) (at uint32, err OpenError) {
	slot, err := t.owners.take(o)
	if err != Opened {
		if at, ok := t.conns.Lookup(&o.Key); ok {
			return at, Existing
		}
		return 0, err
	}
	at, full := t.conns.Insert(o.Key, start(o))
	if full != nil {
		t.owners.give(slot)
		if full == tables.ErrExists {
			return at, Existing
		}
		return 0, TableFull
	}
	*t.cold.At(at) = cold{rule: o.Rule, opened: uint32(o.Now), owner: slot}
	t.watch(at, o)
	return at, Opened
}

// start is the record of a connection at its first packet.
func start(o *Opening) Conn {
	return Conn{
		Epoch: o.Conn.Epoch,
		Path:  o.Conn.Path,
		Seen:  uint32(o.Now),
		VTEP:  o.Conn.VTEP,
		State: first(&o.Key, o.TCPFlags),
		Flags: o.Conn.Flags&^FlagInitiator | Flags(o.Dir&1),
	}
}

// Remove ends the connection at an index, and does nothing where there is
// none. The index goes to the next connection that opens: an index that was
// found before, for a packet later in the same burst, is checked against Key.
func (t *Table) Remove(at uint32) {
	if t.cold.At(at).owner == 0 {
		return
	}
	t.wheel.Cancel(at)
	t.end(at)
}

// end takes a connection whose timer is not set out of the table.
func (t *Table) end(at uint32) {
	t.owners.give(t.cold.At(at).owner)
	*t.cold.At(at) = cold{}
	t.conns.Remove(*t.conns.Key(at))
}
