// Package nat is the NAT gateway (VPC user guide, "NAT gateways"): many hosts of a VPC send
// from the few addresses of one ENI.
//
//	client 10.0.2.7:40000 ──▶ NAT gateway's ENI ──▶ Gateway ──▶ NAT gateway's ENI ──▶ 203.0.113.9:443
//	                          its stages inbound    10.0.1.8:2017    its stages outbound
//
// A host that has IPv6 alone sends to 64:ff9b::/96, which stands for the addresses of IPv4, and
// the gateway translates between the families (NAT64, RFC 6146). Hosts of both families share
// ports and table: Key says how.
//
// A Gateway is the guest behind the ENI, an appliance of package pipeline. The ENI's stages do
// what they do for any guest: network ACL, routes, translation at the internet gateway,
// accounts.
//
//	gateway.go    Gateway: one NAT gateway of this card, and what all workers share of it
//	appliance.go  Appliance: one worker's part, which takes bursts and hands them on
//	translate.go  one packet: which direction, which connection, what is written
//	error.go      ICMP errors, with the packet that each quotes
//	mss.go        how long a segment a SYN may ask for
//	reset.go      RST to a host that goes on with a connection that is no more
//	key.go        Key: what the packets of a direction have; a way is what they get
//	table.go      table: connections, by either direction
//	open.go       a new connection: which address and port it gets
//	datagrams.go  later fragments follow their first one
//	counts.go     how many connections a host has, networks.go the hosts of a prefix; destinations.go where
//	              there is room for one more
//	crowd.go      what a host may take from another when there is no room; hunts.go how often it may look
//	age.go        idle connections end; tcp.go where a TCP connection stands
//	metrics.go    CloudWatch's metrics
//	look.go       connections, for who asks about them
//
// # One table for all workers
//
// The two directions of a connection have different addresses and ports, so that a device hashes
// them to different queues, and any worker may meet either. If each worker had a table of its own,
// the workers would have to ask each other. So all workers share one table a gateway, as all share
// the card's connection table, and by the same means: look-ups of a burst take no lock; a worker
// whose burst opens or ends a connection holds the lock from then until the burst is translated;
// and an index is not given again before every worker has ended its burst (tables.Grace).
//
// The entries are pipeline.Passages, which hold besides what the stages of the ENI found: the fast
// path takes plain packets of known connections through, and touches entries as the gateway would.
// The gateway itself sees what opens a connection or moves its state, and what comes after a pause.
//
// A connection has two entries in one table, one for each direction. The key is what a
// packet of the direction has; the value is what the packet gets instead. So both
// directions of a burst are one look-up, and a packet writes to its own direction's entry
// alone.
//
// # Bounds
//
// A gateway's memory is taken when it comes, and never grows. An address has 55,000
// connections to each destination at most. When a destination's ports or the table are used
// up, a host that has fewer connections takes the place of one that has more, and no
// established or answered connection that was heard of late ends for that. So a scan leaves
// others what they need, by whatever protocol. Hosts of IPv6 count by their /80, because EC2
// delegates that many addresses to an ENI at once.
//
// A connection that is over gives way to any host's: one that both sides or the host itself
// ended. One after a RST from outside, which may be forged, gives way to its own host, and to
// others after a minute, until its own host sends again.
//
// The datagrams in fragments are 4,096 at most, 256 of one host; they have an eighth of a small
// table, and one host a quarter of the eighth. AWS documents nothing of the kind; the choice is
// ours.
//
// Of the connections that a card may track, each of its n gateways has room for the nth part. A
// gateway keeps the room that it came with, so gateways that come one by one have more together:
// the first for all, the second for half, the third for a third.
package nat
