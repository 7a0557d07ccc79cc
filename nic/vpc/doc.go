// Package vpc reads what customers configure, in EC2's own vocabulary, and compiles the
// configuration into the form that packets ask.
//
//	Config ── edits ──▶ Region    what all cards share: objects, mapping, routes, rules
//	                      │
//	                    a card
//	                      ▼
//	                    Policy    what one card needs: its own ENIs and their matchers
//
// The configuration, and how it is read:
//
//	config.go     Config: EC2's lists, our Placement; sent.go writes it for a card
//	placement.go  what EC2 does not tell, with its defaults
//	place.go      where each object was read
//	load.go       bytes to a Config; folder.go the files of a folder
//	document.go   a document: one answer of EC2's API, or what people write; answer.go tells
//	              which of the two, documentlists.go reads its lists
//	merge.go      many documents as one configuration; pages.go tells whether all are there
//	wrapped.go    answers inside other objects; instances.go instances, and ENIs that only they tell
//	foreign.go    files with nothing of EC2
//	objects.go    a configuration's objects, by kind and ID
//	ec2/          EC2's shapes and their strict reading
//
// A region, and how it changes:
//
//	region.go     Region, and what it is asked
//	edit.go       Edit: one object put or removed
//	belonging.go  the VPCs of an object
//	told.go       a region, or its last change, as edits
//	create.go     an object that lacks its ID, as edits: given.go what is given out, createdwith.go
//	              what comes with it
//	ownership.go  what the owner of a VPC may see and change; draftcheck.go and may create
//	change.go     some edits; become.go a whole configuration, as edits
//	object.go     an object as it was configured; order.go its place among others, configured.go a list
//	edgepart.go   what an edge needs of a region; whereabouts.go whose a public address is, and where
//	identity.go   an ENI as it was configured, in few bytes
//	placing.go    Placement as it was configured; allowances.go its allowances,
//	              limits.go what they come to; instancetypes.go those of EC2's types
//	mappings.go   many ENIs as one edit; mappingsbytes.go its bytes, mapped.go its compiler
//	mark.go       which objects are compiled anew; users.go who names whom
//	diff.go       what a change changed
//	vector.go, numberset.go, tight.go  lists, sets and trees that regions share
//
// The compiler:
//
//	compile.go    its steps in order
//	networks.go   VPCs and VNIs; subnets.go their subnets
//	metadata.go   what metadata tells of an instance: its options, user data and key;
//	              instancecheck.go whether an instance is where its ENIs are
//	dhcpoptions.go  what DHCP tells the instances of a VPC; hostname.go names of the VPC,
//	              nameservice.go what its DNS server does
//	routes.go     route tables and their subnets; routecompiler.go compiles one table,
//	              routerank.go which of two routes counts, routetarget.go where they lead,
//	              routecheck.go and routelisted.go find the mistakes of one, gatewayroutes.go a gateway's
//	acls.go       network ACLs and their subnets; publicaccess.go what is kept from the internet
//	security.go   security groups; groupcheck.go finds the mistakes of one
//	prefixlists.go  prefix lists
//	internetgateways.go  internet gateways; peerings.go VPC peering connections
//	natgateways.go  NAT gateways; regionalnats.go those without a subnet
//	exits.go      targets whose other side is not the card's; exitcheck.go finds their mistakes
//	interfaces.go ENIs; enibuilder.go one of them, membership.go its subnet and groups,
//	              private.go and public.go its addresses; settle.go what two ENIs may not both have
//	underlay.go   checks of cards, edge and places; vtep.go tunnel ends
//	partial.go    what answers of EC2's API lack or contradict
//	unread.go     mistakes beside those of reading
//	unenforced.go what EC2 does and this card does not; quotas.go more than EC2 allows
//	notice.go     such differences; noticewords.go their words
//	shared.go     equal things once
//
// What packets ask:
//
//	policy.go     Policy; owneni.go an ENI of the card; edge.go the policy of an edge
//	eni.go        ENI: mapping, addresses, timeouts
//	network.go    VPC, subnet, router MACs; mapping.go who holds an address
//	route.go      route lookup; detour.go what goes through a middlebox; peering.go the VPCs at the other ends of peering connections
//	acl.go        the judgement of a subnet's network ACL
//	access.go     what a change newly allows and denies, accessmembers.go through who is in a group;
//	              box.go sets of packets
//	hit.go        which entries and routes decided about a packet; deciders.go which a card has
//	nat.go        NAT gateways
//	reach.go      which VPCs the internet reaches
//	station.go    what a frame to an ENI begins with, inside its tunnel; tunnel.go outside
//	mtu.go        how long a packet may be on a way
//	match.go      the judgement of an ENI's security groups
//	matcher.go    their compiled form: two binary searches and an AND; rowbuilder.go makes it
//	group.go      groups; rule.go rules and their text; service.go protocols and ports
//
// # Regions
//
// A Region is immutable. A region and its successor share the objects that did not
// change: maps are B-trees whose copy is one word and whose nodes are copied when
// they are written to, and sets of numbers are lists of sorted chunks. A thousand cards of one process share one region.
//
// A change is a list of edits; each puts one object in the place of another. A file is a
// change, too: the edits in which the file differs from the region. Edits first change
// the configured objects and mark the objects to compile: the edited object, and the
// objects that name it if the edit can matter to them. Then each step compiles the marked
// objects of its kind. So the compiler does not depend on the order of edits, and to
// compile everything is the same code with everything marked:
// TestChangesAgreeWithTheWhole compares the two. The compiler finds all errors of a
// change; a change with an error has no successor.
//
// Each fact stands in one place, so a change of a fact is one write. An ENI points to its
// subnet and groups, which stay the same while their names and VPCs do; routes and rules
// are kept beside them, by ID. So a rule is compiled once, whoever is in the group. For a
// rule that names a group, a packet asks for the groups of the ENI that has the remote
// address, so members come and go and no rule is compiled. A route table is found
// through its subnet when a policy is made.
//
// Three changes compile everything: a section without IDs (Cards, Edge,
// associations of groups), the first object of a list that was not there, and any
// change of a region that is partial, where the answer about one object may depend
// on all others (see partial.go).
//
// AWS.md beside this file lists what EC2 does, and the test that holds each row.
//
// # A new kind
//
// The objects of a further list that packets ask by (a transit gateway) take six
// steps, of which routes.go is the model:
//
//   - a tree of the compiled objects in Region, which EmptyRegion makes and successor
//     copies;
//   - a step of the compiler in the order of compile.go, which takes out what the marked IDs
//     compiled to before, and then compiles each marked object;
//   - the other objects to compile when such an object changes, in compiler.touched;
//   - what an ENI's packets ask, in ownMembership, where a policy finds it through the subnet;
//   - a judge that answers a Query, for the stage of package pipeline;
//   - a maker of random objects in region_test.go, with a line of meaning and of
//     judgements, so that TestChangesAgreeWithTheWhole proves every order of changes.
//
// # A million ENIs
//
// Of an ENI on another card, a card needs its address, MAC and VTEP, and its groups.
// A large VPC has a million such ENIs, so a region keeps each in about 290 bytes, its
// IDs and its configuration included:
//
//	object     where the ENI was read  ──▶ identity   ID, instance, MAC, address ──▶ form
//	                                          ▲
//	mapping    private address ──▶ ENI   ─────┴──▶ membership   subnet, groups, timeouts
//
// ENIs with the same subnet, groups and settings share a form, which is the rest of
// their configuration, and a membership, which is the form compiled. An ENI with
// tags, several addresses or a public address of its own has a form of its own.
//
// # Policies
//
// The cost of a Policy grows with the ENIs of its card alone. All ENIs with the same
// groups, on all cards of the process, share one matcher while one of them needs it.
//
// # Numbers
//
// Connections hold numbers and no pointers. The numbers of VTEPs and stations hold under
// one policy alone, so a connection has them beside the policy's epoch. An ENI's number
// is handed from policy to policy; in the first policy the number is the ENI's place
// among the card's ENIs in the configuration, so each process that loads the same
// configuration gives the same number. No number is given a second time. ENIs are found
// by number in an array, in which each ENI that ever was costs a word; after 4,194,304
// ENIs a change is an error. An owner is 64 bits of a hash of the instance's ID, the same
// in every process. Two of 100,000 instances share an owner, and so an allowance, on one
// of four billion cards.
//
// # Errors
//
// An error is a line "path: reason". A configuration that can only be a mistake is an
// error: dangling references within a VPC, addresses twice, ports upside down. What real
// dumps hold and the card cannot serve is a Notice: peering with a VPC that is
// not here, prefix lists without entries.
package vpc
