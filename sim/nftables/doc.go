// Package nftables holds the card against Linux's own packet filter, where both mean the
// same: stateful rules of security groups are rules of nftables beside `ct state
// established,related`, and a stateless network ACL is a chain before connection tracking. The
// same random configuration and the same packets, of IPv4 and IPv6, meet both, and the same
// packets must arrive. It has tests alone.
//
//	configuration_test.go  random groups and ACLs
//	ruleset_test.go        the same as rules of nftables
//	router_test.go         a kernel that routes between two links by them
//	card_test.go           a card with two guests in the place of the links
//	traffic_test.go        random packets: beginnings, answers, errors
//	nftables_test.go       both, side by side; and where they differ
//
// # Where they differ
//
// Each difference has its test, for both families, and for connections from the guest and to it.
//
//   - EC2 does not track a flow that rules for everyone let in and out. When the rule goes,
//     the flow ends at once; the kernel's established connection goes on.
//   - The kernel is a hop and drops a packet whose last hop it is; a card is none.
//   - The kernel drops segments outside of a connection's windows; a card keeps no windows.
//   - The kernel takes a segment from the middle of a stream for the beginning of a connection
//     at any time; a card does so only while connections from before its start may live.
//
// Timeouts are left aside: the kernel's clock is not the test's.
package nftables
