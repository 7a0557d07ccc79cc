// Package controller is the database of a region: it holds the objects of all VPCs and the
// places of all ENIs, and tells each card and each edge what it needs of them, as they change.
//
//	people ── HTTP ──▶ Controller ── one commit for many changes ──▶ etcd
//	                       ▲                                          │
//	                       └──────────── what all controllers commit ─┘
//	                       │
//	                     Feed, one a card ── signed messages (package follow) ──▶ card
//
//	controller.go  Controller: the region now, and who is told of it
//	load.go        the region as the store has it; watch.go what other controllers change there
//	write.go       from what people ask for to a commit; draft.go changes on their way there
//	store.go       Store: where the region is kept; memory.go, etcd.go, embedded.go are stores
//	scope.go       which card needs which objects
//	edges.go       which objects edges need, and what of them
//	feed.go        Feed: what one card is yet to be told; change.go is what all are told of one revision
//	message.go     messages that a Feed makes of it
//	hosts.go       what cards report
//	handover.go    ENIs that go from one card to another, and their connections
//	dryrun.go      what a change would do to the cards' connections; candidate.go is the change
//	question.go    questions to cards, and their answers
//	serve.go       HTTP for cards
//	shares.go      how many of the connections one address may have
//	upload.go      room for what cards bring
//
// # One order
//
// A store has one revision, which every commit raises by one on condition that it is the
// one that the committing controller knew. So the region is a sequence of revisions, each
// checked as a whole by the compiler of package vpc, whichever controllers made them:
// no reference dangles and no number is given twice. A controller that was overtaken takes
// over what the other one changed, and compiles its own changes anew. What a controller
// refuses, it refuses of the newest revision: it asks the store before it says no.
//
// # What a card needs
//
// A card needs the VPCs of its ENIs and the VPCs that peer with them or lend them groups,
// each as a whole, and what belongs to no VPC: prefix lists and Placement. The user data of an
// instance, in which people keep secrets, go to the cards of the instance's ENIs alone, and a key
// pair to the cards with an instance that names the key. A finer cut would save memory on cards
// whose VPCs are large and whose rules name few groups, and would cost an index from each group to
// the cards that can reach it.
//
// The ENIs of a VPC that a card did not have go as vpc.Mappings, in some 60 bytes each. A change is
// encoded once, for all cards. A Feed holds, object by object, the last edit
// that its card was not told of, so a slow card costs what the region is long, and delays
// nobody. A card that comes back names its revision, and is told what has changed since if
// this controller remembers (mostRecent changes), and a snapshot if not, or if the card
// needs other VPCs now.
//
// # What a change would cut
//
// The connections are the cards'. A dry run is compiled here, and each card that it concerns is asked over its Feed: the
// question is what the card would be told of the change, so it costs what the change costs. The card answers by a
// request of its own. A card may be in hostile hands, so an answer has at most nic.MostAnswer bytes. A card that does
// not answer in time is told by name, and nobody waits for it but who asked.
//
// # What an edge needs
//
// An edge needs the ENIs of all VPCs that have public addresses, where they are, and nothing of
// groups, ACLs and routes. So edges have a scope of their own, edgeScope, in which an object is
// smaller than in the store (vpc.Region.EdgePart): whatever object gives an ENI a public address,
// edges are told of the ENI. A change that makes no difference to an edge is not told. Edges are
// the hosts that Placement names in Edges, and a host that is named no more is told so in its last
// message.
//
// # A region of a million servers
//
// On paper, with 20 ENIs a server, 1,000 VPCs of 20,000 ENIs, each VPC on 10,000 servers,
// and 1,000 changes a second:
//
//   - Keys: 20 million ENIs and as many places, of 500 bytes: 20 GB, where etcd advises 8.
//     So a region is split by VPC among etcds, peers together: 20 of 1 GB each. Placement,
//     with a card of 100 bytes a server, is 100 MB in one key today: it must become a key a
//     card before, as the places of ENIs are keys of their own.
//   - Watches: one a controller, whatever the number of cards. 1,000 changes a second are
//     4 commits a second of 256 changes, and 0.5 MB/s to each controller.
//   - Messages: a change of a group concerns the 10,000 cards of its VPC. 1,000 changes a
//     second, each of a group, are 10 million messages a second of 1 KB. That is the part
//     that a million servers cannot have unfolded: at a card, changes within a second fold
//     together (a Feed does so while its card reads slowly), which bounds messages to one a
//     card and second: a million a second, 25 µs of Ed25519 each, 25 cores over all
//     controllers, 50 controllers with 20,000 cards each.
//   - Edges: if one ENI in ten has a public address, an edge has 2 million of them. Its snapshot
//     is 420 MB, of 210 bytes an ENI, and takes 12 s a million (BenchmarkEdgeSnapshotOfAMillion of
//     package follow, on two shared cores); a message may have 1 GB. Of 1,000 changes a second an
//     edge is told the tenth that moves a public address, of 500 bytes: 50 KB/s. Edges are few, and
//     all are told the same, so 100 of them cost a controller less than 100 cards do. An edge
//     follows the region of one etcd today: where VPCs are split among 20, it must follow 20.
//   - Cards: a region has 32,766 at most, for a connection keeps its server in 15 bits. A million
//     servers are 31 such regions before anything else is split, and a VPC is in one of them.
//   - A controller's memory: its VPCs' objects compiled, 300 bytes an ENI and the JSON that
//     is pending.
package controller
