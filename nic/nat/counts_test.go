package nat

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/tables/oracle"
)

// A map agrees with counts over random counts that come and go, in a table as full as it may be,
// whose names crowd into few slots: at its end, too, from where they go on at its beginning.
func TestCountsAgreeWithAMap(t *testing.T) {
	const names = 40
	r := oracle.Random(t)
	c, err := newCounts(names, r.Uint64())
	require.NoError(t, err)
	t.Cleanup(c.close)
	slots := c.mask + 1
	all := map[name]uint64{}
	for range 100_000 {
		of := name(r.Uint64N(40)<<32 | (slots-8+r.Uint64N(16))&c.mask)
		if r.IntN(2) == 0 {
			c.take(of)
			if all[of]--; all[of]+1 <= 1 {
				delete(all, of)
			}
		} else if all[of] > 0 || len(all) < names {
			c.add(of)
			all[of]++
		}
		require.Equal(t, all[of], c.of(of))
		require.Equal(t, len(all), c.n)
	}
	for of, n := range all {
		require.Equal(t, n, c.of(of))
	}
}

// Hosts, their datagrams and destinations have counts of their own, by each part of what they are.
func TestNamesTellApart(t *testing.T) {
	now := int64(1_780_000_000e9)
	g := newGateway(t, 10, &now)
	a, b, c6 := wiretest.Addr("10.0.2.8"), wiretest.Addr("10.0.2.9"), wiretest.Addr("2001:db8::8")
	four, six := g.hostOf(a), g.hostOf(c6)
	c, d := &g.uses, &g.leads
	seen := map[name]bool{c.host(four): true, c.host(six): true, c.datagrams(a): true, c.datagrams(c6): true}
	for _, k := range []Key{{Dst: 1}, {Dst: 2}, {Dst: 1, DstPort: 1}, {Dst: 1, Kind: pipeline.KindOf(1)}, {Dst: 1, Kind: pipeline.KindOf(2)}} {
		seen[d.name(a, &k)], seen[d.name(b, &k)] = true, true
	}
	require.Len(t, seen, 14)
	from := Key{Dst: 1, SrcPort: 7, Src: uint32(six), Kind: uint32(six >> 32)}
	require.Equal(t, d.name(a, &Key{Dst: 1}), d.name(a, &from), "whoever sends there")
}
