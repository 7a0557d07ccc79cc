// Package flow is the connection table of the card: which packets belong to a
// connection that the rules allowed, where the connection stands, and when the
// connection ends. The behaviour is that of the EC2 User Guide, "Security group
// connection tracking"; a choice of ours, where that page is silent, is labelled
// as ours.
//
//	key.go      Key: an ENI and the two ends, the same for both directions
//	conn.go     Conn: the record that packets of a known connection use
//	status.go   Status: the word in a Conn that workers read while another writes
//	state.go    the states, and in which of them a connection begins
//	tcp.go      TCP's table of transitions (RFC 9293 figure 5)
//	udp.go      request, response, stream
//	timeout.go  ticks, and how long an idle connection lives
//	table.go    Table: all connections, found by key
//	open.go     Open and Restart; which SYN begins a connection
//	owner.go    the allowance: how many connections an instance may have
//	age.go      Advance: idle connections end
//	walk.go     listing, and the cold half of a record
//
// # Records
//
// A connection has one cache line in a cuckoo table, 12 cold bytes and a timer at
// the same index beside the table:
//
//	0     16                     64        cold, 12             timer, 8
//	+-----+----------------------+         +----+-------+-----+ +-----------+
//	| Key | Conn                 |         |rule|account|first| | next, prev|
//	+-----+----------------------+         +----+-------+-----+ +-----------+
//
// With the hash buckets a connection takes less than 128 bytes at full capacity.
// The records hold no pointer and lie outside the collector's sight. Nothing is
// allocated after New.
//
// # Workers
//
// Any worker may meet any connection, and two workers may have both directions of
// one connection at once. Four rules make that right.
//
// A look-up of a burst takes no lock. A look-up beside a writer may miss a
// connection; the packet then takes the stages, and the stages look again in a way
// that misses none (Find).
//
// A connection that ends is zero at once: epoch 0, which no policy has, and a
// status without a walked direction. The index goes to another connection only when
// every worker has ended the burst that it was in (tables.Grace). So a worker that
// still counts on an ended connection writes to memory that nobody else uses.
//
// State, flags, VTEP and path are one word, loaded once, so a worker never sees a
// path beside another path's flags. Packets move the state by compare-and-swap,
// which few packets need. Under a new policy a writer clears the walked bits, then
// stores the epoch, then sets the bits, so a reader of the new epoch sees no old
// path.
//
// Counts and the time of the last packet are plain stores. A device keeps a
// direction to one queue, so each count has one writer; a device that does not
// loses some counts. A store under way while its connection restarts may bring the
// old connection's counts back.
//
// # Time
//
// Time is a tick of 67 ms that the caller passes in. A packet only writes the tick
// into its record. A timer that fires reads the record, and is set again for the
// time that is left, at most the 17 s that the wheel spans. So packets never touch
// the wheel, a changed timeout takes effect within 17 s, and an idle connection that
// lives 5 days costs a look every 17 s. A connection ends at its timeout or up to two
// ticks later.
//
// # SYN
//
// A SYN asks for a new connection, whatever lies at its key: the sending host may
// have lost the old connection or taken over the address of another host, and must
// not get by what was allowed before. So the record keeps the sequence number of the
// SYN that opened the connection, and the rules in force judge a SYN with another
// number. If the rules deny the SYN, the record stays and the old connection goes
// on. If the rules allow the SYN, the record becomes the new connection's. AWS does
// not document this; the choice is ours.
//
// # RST
//
// A RST closes a connection without a look at its sequence number. To check numbers
// the card would keep both directions' windows and their scaling, 24 bytes more, and
// would still be wrong for connections that it took up in mid-stream.
//
// The attack is dear and gains little. An attacker off the path needs both addresses,
// both ports, and a way to send with the remote side's address, which antispoof denies
// to every guest. A forged RST then does not disturb a connection in use: the ends
// check the number themselves (RFC 5961 section 3) and go on, and each packet keeps
// the record young, because a Closed record ends 10 s after its last packet. An idle
// connection is forgotten, and the rules judge its next packet, which they usually
// allow. Only an idle connection whose rule was removed since is lost. We accept that
// loss.
package flow
