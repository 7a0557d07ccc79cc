// Package router makes a router of the internet out of a Linux host: its kernel forwards, and
// BGP (RFC 4271) fills the kernel's table. BGP is spoken by BIRD where the machine has it, which we
// did not write, and by GoBGP where not.
//
//	plan.go    Plan: what a router is told; Route: what it has learned
//	bird.go    the plan in BIRD's words, and BIRD's answers read
//	gobgp.go   Run: a process that speaks BGP by GoBGP, and fills its kernel's table
//	table.go   that table, and a file of it for those who ask
//
// GoBGP itself leaves the kernel's table to Zebra, a further daemon, so gobgp.go does that part:
// it asks GoBGP for its paths again and again, and sends what is for a prefix to the neighbors that
// told of it by the shortest AS path, to all of them if they are several (ECMP). Sessions run over
// the link between two routers, so that the neighbor who told is the next hop, whatever the NEXT_HOP
// attribute says.
package router
