// Package bird has BIRD, a router's BGP that we did not write, judge what package bgp announces.
// It has tests alone.
package bird
