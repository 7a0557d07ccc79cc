// Package flow is the connection table of the card: which packets belong to
// a connection that the rules once allowed, where the connection stands, and
// when it ends. What it does follows the EC2 User Guide, "Security group
// connection tracking"; where that page is silent the choice is ours and is
// labelled so.
//
//	key.go      Key: an ENI and the two ends, the same for both directions
//	conn.go     Conn: the record that packets of a known connection use
//	status.go   Status: the word in it that workers read while another writes
//	state.go    the states, and in which of them a connection begins
//	tcp.go      TCP's table of transitions (RFC 9293 figure 5)
//	udp.go      request, response, stream
//	timeout.go  ticks, and how long an idle connection lives
//	table.go    Table: all connections, found by key
//	open.go     Open and Remove; which SYN begins a connection
//	owner.go    the allowance: how many connections an instance may have
//	age.go      Advance: idle connections end
//	walk.go     listing, and the cold half of a record
//
// # Records
//
// A connection is a cache line, 16 bytes of key and 48 of state, in a cuckoo
// table, 12 cold bytes at the same index beside it, and 8 bytes of timer
// wheel: with the hash buckets less than 128 bytes at full capacity, all
// outside the collector's sight and none a pointer. Nothing is allocated
// after New.
//
// # Workers
//
// Any worker may meet any connection, both directions of one at once. What
// makes that right, from the packet's side:
//
// A look-up of a burst takes no lock. Beside a writer it may miss what is
// there; then the packet takes the stages, which look again under the lock. It
// never finds what is not: an entry that is removed is zero at once, with an
// epoch that no policy has and a status that no direction was walked in, and
// its place goes to another connection only when every worker has ended the
// burst it was in (tables.Grace). A worker that still counts on it writes to
// nobody's memory.
//
// State, flags, VTEP and path are one word, loaded once, so they are of one
// moment: a path is never read beside another path's flags. Packets move the
// state in it by compare-and-swap, which few of them need to. Under a new
// policy the word is cleared before the epoch is written and filled after, so
// who sees the new epoch does not see an old path.
//
// Counts and the time of the last packet are plain stores. A device keeps a
// direction to one queue, so each has one writer; where it does not, some
// counts are lost. One that is under way while its connection opens again may
// bring the old one's back.
//
// # Time
//
// Time is a tick of 67 ms that the caller passes in. A packet only writes the
// tick into its record; the timer that fires later reads it, and is set anew
// for what is left, but never for more than the 17 s that the wheel spans.
// So packets never touch the wheel, a timeout that changed takes effect
// within that span, and a connection that is idle for 5 days costs a look
// every 17 s. A connection is gone within two ticks of its timeout, never
// before it.
//
// # SYN
//
// A SYN asks for a new connection, whatever lies at its key: a host that lost the
// old one, or that took over its address, must not get by what was allowed before.
// So the record keeps the sequence number of the SYN that opened it. One with
// another number is evaluated by the rules in force. If they deny it, the record
// stays as it was, and what the old connection sends goes on; if they allow it,
// the record becomes the new connection's. AWS does not document this; it is ours.
//
// # RST
//
// A RST closes a connection without a look at its sequence number: to check
// windows the card would have to keep them for each direction and undo window
// scaling, 24 bytes more, and still be wrong for connections taken up in
// mid-stream. Who wants to close a connection from off its path needs both
// addresses and both ports, and a way to send with the remote side's address,
// which antispoof denies to every guest. And then closes little: the ends
// check the number themselves (RFC 5961 section 3) and go on, every packet
// of theirs passes and keeps the record young, since Closed ends 10 s after
// the last packet and not at once. Only a connection that is idle at that
// moment is forgotten. Its next packet is evaluated by the rules, which
// usually allow it. What is left to lose is an idle connection whose rule was
// removed since; that is accepted.
package flow
