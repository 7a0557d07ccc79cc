package nat

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/tables/oracle"
)

// Destinations that share a byte: each has room for 54,745 connections at least and for 55,000 at most, and for
// 55,000 if it is alone; whatever comes and goes, nothing is left of it.
func TestDestinationsThatShareAByte(t *testing.T) {
	c, err := newCounts(10, 1)
	require.NoError(t, err)
	t.Cleanup(c.close)
	d, err := newDestinations(1000, &c)
	require.NoError(t, err)
	t.Cleanup(d.close)
	r := oracle.Random(t)
	names := []name{7, 7 + 1<<32, 8} // 8 shares with none
	conns := map[name][]bool{}
	for len(conns[8]) < perDestination || len(conns[7]) < perDestination-full {
		of := names[r.IntN(3)]
		n := len(conns[of])
		room := d.hasRoom(of)
		require.True(t, room || n >= perDestination-full && (of != 8 || n == perDestination), n)
		require.True(t, !room || n < perDestination, n)
		switch {
		case r.IntN(8) == 0 && n > 0:
			i := r.IntN(n)
			d.take(of, conns[of][i])
			conns[of][i] = conns[of][n-1]
			conns[of] = conns[of][:n-1]
		case room:
			conns[of] = append(conns[of], d.add(of))
		}
	}
	for of, all := range conns {
		for _, crowded := range all {
			d.take(of, crowded)
		}
	}
	require.Zero(t, c.n)
	require.Equal(t, uint64(0), d.fetch(names))
}
