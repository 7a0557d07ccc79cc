// Package vpc is what customers configure, in EC2's own vocabulary, and its
// compiled form.
//
//	Config ── edits ──▶ Region    what all cards share: objects, mapping, routes, rules
//	                      │
//	                    a card
//	                      ▼
//	                    Policy    what one card needs: its own ENIs and their matchers
//
// The configuration:
//
//	config.go     Config: EC2's lists, our Placement
//	place.go      where each object was read
//	load.go       bytes to a Config; folder.go the files of a folder
//	document.go   one answer of EC2's API, or what people write; merge.go many of them
//	wrapped.go    answers inside other objects; instances.go ENIs that only instances tell
//	foreign.go    files with nothing of EC2
//	placement.go  what EC2 does not tell, with its defaults
//	objects.go    its objects, by kind and ID; put.go one put or removed
//	diff.go       what two configurations differ in
//	ec2/          EC2's shapes and their strict reading
//
// The region, and how it changes:
//
//	region.go     Region, and what it is asked
//	change.go     Edit; which objects an edit has compiled anew
//	places.go     the same for Placement
//	compile.go    the compiler's steps in order
//	networks.go   VPCs, VNIs, subnets
//	routes.go     route tables; publicaccess.go what is kept from the internet
//	security.go   security groups and prefix lists
//	interfaces.go ENIs; private.go and public.go their addresses
//	underlay.go   cards, edge, guest ports, allowances
//	partial.go    what answers of EC2's API lack or contradict
//	acl.go, unenforced.go  what EC2 does and this card does not
//	notice.go     the kinds of such differences, and their words
//	shared.go     equal things once
//
// What packets ask:
//
//	policy.go     Policy and OwnENI
//	eni.go        ENI: mapping, addresses, timeouts
//	network.go    VPC, subnet, router MACs; mapping.go who holds an address
//	route.go      route lookup
//	station.go    what a frame to an ENI begins with, inside its tunnel; tunnel.go outside
//	match.go      the judgement of an ENI's security groups
//	matcher.go    their compiled form: two binary searches and an AND
//	group.go, rule.go  groups, rules, their text
//
// # Regions
//
// A Region is immutable. Its successor shares with it what did not change: maps
// are B-trees whose copy is one word and whose nodes are copied when they are
// written to. A thousand cards of one process share one region.
//
// A change is a list of edits: this object in the place of that. A file is one,
// too: the edits in which it differs from the region that is. Edits are done to
// what is configured first, and mark what has to be compiled: the object, and what
// names it if that can matter. Then each step compiles what is marked of its kind.
// So the order of edits is of no account, and to compile everything is the same
// code with everything marked: TestChangesAgreeWithTheWhole compares the two.
// Errors are found whole; with one there is no successor.
//
// What stands in one place needs one change. An ENI names its subnet and its
// groups, which are the same objects as long as nothing changes by which others
// know them: routes and rules are kept beside them, by ID. So a rule is compiled
// once, whoever is in the group; a rule that names a group asks for the groups of
// the ENI that has the remote address, so that members come and go without a rule
// compiled; a route table is found through its subnet when a policy is made.
//
// Three changes compile everything: a section without IDs (Cards, Edge,
// associations of groups), the first object of a list that was not there, and any
// change of a region that is partial, where what is said of one object may depend
// on all others (see partial.go).
//
// # Policies
//
// A Policy costs what its card has of ENIs. Matchers are shared by all ENIs with
// the same groups, on all cards of the process, as long as one of them needs them.
//
// # Numbers
//
// Connections hold numbers and no pointers. Those that they hold beside an epoch,
// VTEPs and stations, mean something under one policy alone. An ENI's number is
// handed from policy to policy, and is its place among the card's ENIs in the
// configuration when the first one is made: so a process that loads the same
// configuration gives the same. No number is given again: what is found by number
// is an array, and each ENI that ever was costs a word. 8,388,608 are the end, and
// an error says so. An owner is 64 bits of a hash of the instance's ID, and the same
// everywhere; that two of 100,000 instances share it, and an allowance, happens once
// in four billion cards.
//
// # Errors
//
// An error is a line "path: reason". What can only be a mistake is one: dangling
// references within a VPC, addresses twice, ports upside down. What real dumps
// hold and the card cannot serve becomes a Notice: rules that name groups of
// peers, prefix lists without entries, NAT gateways, IPv6.
package vpc
