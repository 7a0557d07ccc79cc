// Package bgp is how an edge tells the internet which prefixes it serves: a BGP speaker
// (RFC 4271) that announces, and believes nothing that it hears. The protocol is GoBGP's.
//
//	speaker.go   Speaker: sessions with neighbors, and what is announced
//	neighbor.go  Neighbor, as users name one
//	view.go      what a speaker shows
//
// A speaker refuses all routes of its neighbors: the edge sends what leaves to its gateway, so
// that no neighbor leads packets elsewhere. Its sessions run between the kernels of both sides,
// by their own TCP: the host has the edge's addresses, and the edge leaves them what is for them.
//
// GoBGP has its own clock and makes its own connections, so that tests of a speaker have a real
// peer, BIRD or another GoBGP, and wait for what they see.
package bgp
