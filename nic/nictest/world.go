// Package nictest is the world around server x of nic/testdata/region.yaml, for
// tests of the card and of its pipeline: who is who there, what they send, and what
// must be in what leaves; and a journal of what is logged meanwhile.
//
// It knows policies and frames, and neither cards nor workers, so that tests inside
// both packages may use it.
package nictest

import (
	"nitrocard/nic/wire"
)

// Who is who.
const (
	Client = "203.0.113.9" // on the internet
	Other  = "198.18.5.5"  // there as well; no rule names it

	Client6 = "2001:db8:ffff::9" // IPv6 of the client
	Other6  = "2001:db8:eeee::5" // no rule names it

	Edge, ServerX, ServerY = "172.16.0.1", "172.16.0.11", "172.16.0.12"

	VNIA, VNIB = 5001, 5002
)

// The MACs of the edge, of the tunnel ends by address, and of ENI a1.
var (
	EdgeRouter   = MAC("02:00:00:00:ed:9e") // inside tunnels
	EdgeUnderlay = MAC("02:00:00:00:00:01")
	Stations     = map[string]wire.MAC{Edge: EdgeUnderlay, ServerX: MAC("02:00:00:00:00:11"), ServerY: MAC("02:00:00:00:00:12")}

	MACA1 = MAC("06:00:00:00:0a:01")
)

// MAC reads an address that a test spells right.
func MAC(s string) wire.MAC {
	var m wire.MAC
	if err := m.UnmarshalText([]byte(s)); err != nil {
		panic(err)
	}
	return m
}
