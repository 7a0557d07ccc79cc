// Package flow is the connection table of the card: which packets belong to a
// connection that the rules allowed, where the connection stands, and when the
// connection ends. The behaviour is that of the EC2 User Guide, "Security group
// connection tracking"; a choice of ours, where that page is silent, is labelled
// as ours.
//
//	key.go      Key: an ENI and the two ends, the same for both directions
//	pair.go     Pair: the addresses of the two ends, where a key has no room for them
//	conn.go     Conn: the record that packets of a known connection use
//	status.go   Status: the word in a Conn that workers read while another writes
//	state.go    the states, and in which of them a connection begins
//	tcp.go      TCP's table of transitions (RFC 9293 figure 5)
//	udp.go      request, response, stream
//	fragment.go in which order the fragments of a datagram pass
//	number.go   which FIN and RST can have been sent
//	syn.go      which SYN begins a connection in the place of another
//	timeout.go  ticks, and how long an idle connection lives
//	table.go    Table: all connections, found by key
//	open.go     Open, Restart, Rejudge, Doubt and End
//	record.go   Record: a connection on its way to another card
//	owner.go    the allowance: how many connections an instance may have
//	age.go      Advance: idle connections end
//	birth.go    how old a connection is
//	walk.go     listing, and the cold half of a record
//	notracing.go  what each packet writes; racing.go the same for the race detector
//
// # Records
//
// A connection has one cache line in a cuckoo table, 32 cold bytes and a timer at
// the same index beside the table:
//
//	0     16              64     cold, 32                                timer, 8
//	+-----+---------------+      +----+-----+----+-------+-----+------+  +-----------+
//	| Key | Conn          |      |note|asked|rule|account|first|second|  | next, prev|
//	+-----+---------------+      +----+-----+----+-------+-----+------+  +-----------+
//
// With the hash buckets a connection takes less than 150 bytes at full capacity, and one
// of IPv6 32 more for its addresses. Records that no connection has used yet take no memory. The records
// hold no pointer and lie outside the collector's sight. Nothing is allocated after New.
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
// State, flags, VTEP and exit are one word, loaded once, so a worker never sees an
// exit beside another exit's flags. Packets move the state by compare-and-swap,
// which few packets need. Under a new policy a writer clears the walked bits, then
// stores the epoch, then sets the bits, so a reader of the new epoch sees no old
// exit.
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
// # Forged segments
//
// A stranger may send segments in the remote side's name: a FIN, a RST or a SYN, with
// numbers that he guesses. The ends ignore such a segment (RFC 5961) and go on, so the
// card must go on, too, and after days of silence as well. A guest cannot be played:
// antispoof holds each guest to its addresses. So the card believes a guest, and judges
// the remote side's numbers. AWS documents nothing here; all of this is ours.
//
// To follow the numbers packet by packet would cost each packet. The card takes a note
// instead, at segments that take the stages anyway: which number the remote side sends
// next, beside the count of its bytes so far. What the remote side can have sent since
// lies within the bytes counted since, and 2 KB (stray) for what was lost or miscounted.
// After 64 KB (stale) the timer, which looks at each connection every 17 s, has the next
// segment of each side take the stages once more. So a connection that receives much
// pays two slow packets in 17 s. An idle connection takes one number of a million.
//
// What numbers cannot tell is said here:
//
//   - a number within those bytes is believed, wrong or right. A stranger's own segments
//     count among the bytes, but for a RST or FIN that was not believed, until the guest
//     acknowledges something after the timer's look;
//   - after 4 MB (vague) since the last note one number of 1,024 would do. Then no RST of
//     the remote side is believed, and every FIN;
//   - an end that sent nothing yet can only refuse the SYN, by the SYN's number (RFC 9293
//     section 3.10.7.3);
//   - fragments count for no connection, and a segment that was sent again may be noted,
//     so a real RST or FIN may be taken for forged. The record then lives until its
//     timeout: 2 h 4 min after the guest's FIN, and as long as a whole one without;
//   - a flow that is not tracked has nothing to lose, so everything is believed of it.
//
// # FIN
//
// A guest's FIN leaves 2 h 4 min to a connection that is idle. The remote side's FIN
// leaves a connection as long as it had, even a FIN that is believed, until the guest
// has sent FIN, too: a guest that still has its socket will.
//
// # RST
//
// A RST that is believed takes nothing from the record but time. The state stays, beside
// a bit, and the connection ends 10 s later if nothing follows. After a real RST nothing
// does, because that end has forgotten the connection, and answers whatever was still on
// its way with another RST. If anything follows, the RST was forged or lucky, and the
// connection is where it was, for as long as before.
//
// # SYN
//
// A SYN asks for a new connection, whatever lies at its key: the sending host may
// have lost the old connection or taken over the address of another host, and must
// not get by what was allowed before. So the record keeps the sequence number of the
// SYN that opened the connection, and the rules in force judge a SYN with another
// number. If the rules deny the SYN, the record stays and the old connection goes on.
//
// If the rules allow the SYN, the SYN passes, and the record notes its number. Only a
// SYN+ACK that acknowledges this number makes the record the new connection's, after the
// rules allowed the SYN once more: the end that got the SYN knows no old connection. An
// end that knows one answers a forged SYN by an ACK (RFC 5961 section 4), and the old
// connection goes on. Where the old connection has nothing to lose, the SYN alone takes
// the record: after both FINs, before the first answer, and if it is not tracked.
package flow
