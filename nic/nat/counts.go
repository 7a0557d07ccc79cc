package nat

import (
	"math/bits"

	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// counts says how many connections a host has, and a crowded destination (destinations). Whoever looks
// for a count reads one cache line.
//
// A count lies in the first slot behind its name's own that was free, and moves up when one
// before it goes (Knuth, The Art of Computer Programming, section 6.4, algorithm R). A third of
// the slots is free, always.
type counts struct {
	list   *tables.Array[count]
	mask   uint64
	n      int // slots in use
	secret [4]uint64
}

// count is how many connections have a name. No slot in use has n 0.
type count struct {
	name name
	n    uint64
}

// name stands for a host or a destination: 64 bits that depend on a secret, so that no sender
// can look for two with one name, and no two meet by chance.
type name uint64

// newCounts has room for so many names.
func newCounts(names int, seed uint64) (c counts, err error) {
	slots := 1 << bits.Len(uint(names+names/2))
	c.mask = uint64(slots - 1)
	tables.FillSecret(c.secret[:], seed, 0x636f756e7473)
	c.list, err = tables.NewArray[count](slots)
	return c, err
}

func (c *counts) close() {
	if c.list != nil {
		c.list.Close()
	}
}

// host is the name of a host's connections.
func (c *counts) host(of host) name { return c.nameOf(uint64(of), 1) }

// datagrams is the name of the datagrams in fragments from and to the hosts of a network.
func (c *counts) datagrams(host wire.Addr) name { return c.network(host, 2) }

// network is the name of a host's network (networks), for a use.
func (c *counts) network(host wire.Addr, use uint64) name {
	hi, lo := host.Net80().Words()
	return c.nameOf(hi|uint64(host.As4()), lo>>48<<16|use)
}

// nameOf mixes what a name stands for with the secret.
func (c *counts) nameOf(a, b uint64) name {
	hi, lo := bits.Mul64(a^c.secret[0], b^c.secret[1])
	hi, lo = bits.Mul64(hi^c.secret[2], lo^c.secret[3])
	return name(hi ^ lo)
}

// slot is the slot of a name, or the free one where the name's would be.
func (c *counts) slot(of name) (*count, uint64) {
	for i := uint64(of) & c.mask; ; i = (i + 1) & c.mask {
		if s := c.list.At(uint32(i)); s.n == 0 || s.name == of {
			return s, i
		}
	}
}

// of is how many connections have a name.
func (c *counts) of(of name) uint64 {
	s, _ := c.slot(of)
	return s.n
}

// add counts one more.
func (c *counts) add(of name) {
	s, _ := c.slot(of)
	if s.n == 0 {
		s.name = of
		c.n++
	}
	s.n++
}

// take counts one less.
func (c *counts) take(of name) {
	s, i := c.slot(of)
	if s.n != 1 {
		s.n -= min(s.n, 1)
		return
	}
	c.n--
	for j := i; ; {
		*s = count{}
		for {
			j = (j + 1) & c.mask
			next := c.list.At(uint32(j))
			if next.n == 0 {
				return
			}
			if home := uint64(next.name) & c.mask; (j-home)&c.mask >= (j-i)&c.mask {
				*s = *next
				s, i = next, j
				break
			}
		}
	}
}
