// Package vpc is what customers configure, in EC2's own vocabulary, and its
// compiled form.
//
//	Config (plain data) ─ Compile → Policy (immutable, every lookup prebuilt)
//
// The configuration:
//
//	config.go     Config: EC2's lists, our Placement
//	place.go      where each object was read
//	load.go       bytes to a Config; folder.go the files of a folder
//	document.go   one answer of EC2's API, or what people write; merge.go many of them
//	placement.go  what EC2 does not tell, with its defaults
//	objects.go    its objects, by kind and ID; put.go one put or removed
//	diff.go       what two configurations differ in
//	ec2/          EC2's shapes and their strict reading
//
// The compiler, which finds all mistakes before it gives up:
//
//	compile.go    the steps in order; numbers, paths, matchers
//	region.go     VPCs, VNIs, subnets
//	routes.go     route tables; publicaccess.go what is kept from the internet
//	security.go   security groups and prefix lists
//	interfaces.go ENIs; private.go and public.go their addresses
//	underlay.go   cards, edge, guest ports, allowances
//	acl.go, unenforced.go  what EC2 does and this card does not
//	notice.go     the kinds of such differences, and their words
//	lineage.go    what one policy hands to the next
//
// The policy, as the packet path reads it:
//
//	policy.go     Policy, Card, VTEP, the ENI table
//	eni.go        ENI: ownership, addresses, timeouts
//	network.go    VPC, subnet, router MACs; mapping.go who holds an address
//	route.go      route lookup
//	path.go       prebuilt outer headers
//	match.go      the judgement of an ENI's security groups
//	matcher.go    their compiled form: two binary searches and an AND
//	group.go, rule.go  groups, rules, their text
//
// A policy is taken whole or not at all, and a change makes a new one that shares
// with the old what did not change: groups, matchers, the ENI table. Numbers of
// ENIs and their owners are handed down, so that connections, which hold numbers
// and no pointers, outlive the change.
//
// A number is never given again within a process: a connection may outlive its
// ENI by days, and must not become another's. What is found by number is an array,
// so each ENI that ever was costs about 160 bytes, twice for a moment with each
// change: after 100,000 that is 17 MB and some ms a change. 8,388,608 are the end,
// and an error says so.
//
// An error is a line "path: reason". What can only be a mistake is one: dangling
// references within a VPC, addresses twice, ports upside down. What real dumps
// hold and the card cannot serve becomes a Notice: rules that name groups of
// peers, prefix lists without entries, NAT gateways, IPv6.
package vpc
