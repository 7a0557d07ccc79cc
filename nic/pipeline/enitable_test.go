package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/tables/oracle"
)

// Each ENI is found by its VNI and MAC, and nothing else is, beside a map.
func TestENITableAsAMap(t *testing.T) {
	r := oracle.Random(t)
	for range shorter(100) {
		guests, want := []guest{{}}, map[wire.Target]uint32{}
		for n := range uint32(r.IntN(600)) {
			g := guest{eni: &vpc.OwnENI{VNI: 1 + uint32(r.IntN(9))}, number: n, primary: n + 1, macBits: 0x0200_0000_0000 | uint64(r.IntN(1<<12))}
			if x := wire.TargetOf(g.eni.VNI, g.macBits); want[x] == 0 {
				want[x] = n + 1
				guests = append(guests, g)
			}
		}
		table := newENITable(guests)
		for vni := range uint32(11) {
			for mac := range uint64(1 << 12) {
				x := wire.TargetOf(vni, 0x0200_0000_0000|mac)
				e := table.find(x)
				if want[x] == 0 {
					require.Nil(t, e)
					continue
				}
				require.Equal(t, eniPlace{target: x, number: want[x] - 1, primary: want[x], public: want[x], taken: true}, *e)
			}
		}
	}
}
