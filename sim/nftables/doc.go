// Package nftables holds the card against Linux's own packet filter, where both mean the
// same: stateful rules of security groups are rules of nftables beside `ct state
// established,related`, and a stateless network ACL is a chain before connection tracking. The
// same random configuration and the same packets meet both, and the same packets must arrive.
// It has tests alone.
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
// Each difference has its test.
//
//   - EC2 does not track a flow that rules for 0.0.0.0/0 let in and out. When the rule goes,
//     the flow ends at once; the kernel's established connection goes on.
//   - The kernel is a hop and drops a packet whose last hop it is; a card is none.
//
// Timeouts are left aside: the kernel's clock is not the test's.
package nftables
