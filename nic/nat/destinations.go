package nat

import (
	"math/bits"

	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// perDestination is how many connections through one address may lead to one destination (VPC user
// guide, "NAT gateway basics").
const perDestination = 55_000

// destinations says where there is room for one connection more. Nearly every connection leads somewhere
// else, so that the exact counts of all destinations are memory that no cache holds. So few counts
// connections in a byte, which several destinations may share, and exact counts those that come while the
// byte is full: to the crowded destinations. A way notes which of the two counted its connection.
//
//	            few                       exact
//	name ──▶ 0 … 255 connections     and 54,745 more of this name
//
// A destination that shares its byte has room for up to 255 connections less than one that is alone
// there: in a full table, where four to eight connections share a byte, for about so many less. There are no
// more bytes, because so few stay in a cache. No sender can choose the byte, which depends on a secret.
type destinations struct {
	few   *tables.Array[uint8]
	exact *counts
}

// full is the most that a byte of few counts.
const full = 255

// newDestinations has room for so many connections.
func newDestinations(connections int, exact *counts) (d destinations, err error) {
	d.exact = exact
	d.few, err = tables.NewArray[uint8](1 << bits.Len(uint(connections/8)))
	return d, err
}

func (d *destinations) close() {
	if d.few != nil {
		d.few.Close()
	}
}

// name is the name of the connections through an address to where packets of a key go.
func (d *destinations) name(through wire.Addr, from *Key) name {
	return d.exact.nameOf(uint64(through.As4())<<32|uint64(from.Dst), 3|uint64(from.DstPort)<<16|uint64(from.Kind&^ofHost)<<32)
}

// through has a connection leave through an address.
func (d *destinations) through(c *connection, addr wire.Addr) {
	if !c.foreseen || c.Addr != addr {
		c.Addr, c.to, c.foreseen = addr, d.name(addr, c.from()), false
	}
}

// at is the byte of a name.
func (d *destinations) at(of name) *uint8 {
	list := d.few.All()
	return &list[uint64(of)&uint64(len(list)-1)]
}

// fetch has memory bring the bytes of names, for all of them at once. The sum is of no use but to have the
// compiler leave the loads in.
func (d *destinations) fetch(names []name) (sum uint64) {
	for _, of := range names {
		sum += uint64(*d.at(of))
	}
	return sum
}

// hasRoom tells whether there is room for one connection more.
func (d *destinations) hasRoom(of name) bool {
	return *d.at(of) < full || d.exact.of(of) < perDestination-full
}

// add counts one connection more, and tells whether exact counted it.
func (d *destinations) add(of name) (crowded bool) {
	if n := d.at(of); *n < full {
		*n++
		return false
	}
	d.exact.add(of)
	return true
}

// take counts one less, which exact counted or not.
func (d *destinations) take(of name, crowded bool) {
	if crowded {
		d.exact.take(of)
	} else {
		*d.at(of)--
	}
}
