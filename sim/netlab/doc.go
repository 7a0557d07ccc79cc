// Package netlab builds networks out of Linux network namespaces, through
// netlink and without a shell.
//
//	host.go     Host: one namespace; run functions and processes in it
//	link.go     cables, bridges, addresses, routes, neighbours
//	ipv6.go     links that speak IPv6, too
//	vxlan.go    the kernel's own VXLAN tunnel end
//	finish.go   frames that leave finished, for a receiver that mends none
//	ownqueue.go frames that no other link's flood pushes out
//	ethtool.go  what `ethtool` sets
//	raw.go      frames sent and seen, as a driver on the link would
//	snmp.go     the kernel's protocol counters
//
// Namespaces are anonymous: a file descriptor holds each, none has a name in
// the file system, so there is nothing to clean up when the process dies.
package netlab
