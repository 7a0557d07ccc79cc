package nic

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
)

// What is unused is told if each card names it that has it, however often one card does; and a card names no objects
// that nobody has.
func TestWhatIsUnusedIsNamedByEachCard(t *testing.T) {
	config, err := vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	region, err := vpc.NewRegion(config)
	require.NoError(t, err)
	rule, forged := Decider{"SecurityGroups", "sg-a-web", "udp 53 from 0.0.0.0/0"}, Decider{"SecurityGroups", "sg-z", "all to ::/0"}
	route, alone := Decider{"RouteTables", "rtb-a1", "::/0 to igw-a"}, Decider{"RouteTables", "rtb-b", "0.0.0.0/0 to igw-b"}
	var g Gathering
	g.Add("x", &Effect{Unused: []Decider{rule, rule, forged, route, route, alone}})
	f := g.EffectIn(region)
	require.Equal(t, []Decider{alone}, f.Unused, "y has the others' objects, too")
	require.Equal(t, 1, f.UnusedCount)
	g.Add("y", &Effect{Unused: []Decider{rule, route}})
	f = g.EffectIn(region)
	require.Equal(t, []Decider{rule, route, alone}, f.Unused)
	require.Equal(t, 3, f.UnusedCount)
}

// A card in an attacker's hands that names as much as an answer has room for leaves room for what others name.
func TestOneCardLeavesOthersRoomForWhatIsUnused(t *testing.T) {
	config, err := vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	region, err := vpc.NewRegion(config)
	require.NoError(t, err)
	flood := make([]Decider, mostCounted)
	for i := range flood {
		flood[i] = Decider{"SecurityGroups", "sg-z", strconv.Itoa(i)}
	}
	var g Gathering
	g.Add("hostile", &Effect{Unused: flood})
	alone := Decider{"RouteTables", "rtb-b", "0.0.0.0/0 to igw-b"}
	g.Add("x", &Effect{Unused: []Decider{alone}})
	require.Equal(t, []Decider{alone}, g.EffectIn(region).Unused)
}

// Many unused rules, more than are told, hide no route.
func TestUnusedRulesHideNoRoutes(t *testing.T) {
	config, err := vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	region, err := vpc.NewRegion(config)
	require.NoError(t, err)
	named := []Decider{{"RouteTables", "rtb-a1", "::/0 to igw-a"}}
	for i := range len(unusedKinds)*mostUnused - 1 {
		named = append(named, Decider{"SecurityGroups", "sg-a-web", strconv.Itoa(i)})
	}
	var g Gathering
	g.Add("x", &Effect{Unused: named, UnusedCount: len(named)})
	g.Add("y", &Effect{Unused: named, UnusedCount: len(named)})
	f := g.EffectIn(region)
	require.Equal(t, len(named), f.UnusedCount)
	require.Len(t, f.Unused, mostUnused+1)
	require.Equal(t, named[0], f.Unused[mostUnused])
	require.False(t, f.UnusedCut)
	g.Add("z", &Effect{Unused: named, UnusedCount: len(named) + 1})
	require.True(t, g.EffectIn(region).UnusedCut, "z has more than it names")
}
