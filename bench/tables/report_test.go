//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every side finds all that it is asked for, again after it was emptied; a
// key that is missing would panic.
func TestEachSideFindsItsKeys(t *testing.T) {
	for _, side := range []string{"tables", "map"} {
		one, held, asked, err := newTable[[2]uint64, [2]uint64](side, 1024)
		require.NoError(t, err)
		require.Equal(t, []int{896, 4096}, []int{held, asked})
		other, _, _, err := newTable[[5]uint64, uint64](side, 1024)
		require.NoError(t, err)
		for _, table := range []table{one, other} {
			require.Panics(t, table.one, "it is empty")
			for range 2 {
				table.fill()
				table.one()
				table.burst(32)
				table.burst(64)
				table.clear()
			}
			require.Panics(t, table.one)
			require.Equal(t, side == "tables", table.bursts())
			if table.bursts() {
				require.Panics(t, func() { table.burst(32) })
			}
		}
	}
	_, _, _, err := newTable[[2]uint64, uint64]("tree", 1024)
	require.EqualError(t, err, `the sides here are tables and map, not "tree"`)
}

func TestMedian(t *testing.T) {
	require.Equal(t, 2.0, median([]float64{3, 1, 2}))
	require.Equal(t, 2.5, median([]float64{4, 1, 3, 2}))
}

// The table replaces the one in the README, and nothing beside it.
func TestTheTableGoesIntoTheREADME(t *testing.T) {
	r := results{}
	for _, size := range keySizes {
		for _, slots := range tableSizes {
			for side, prints := range map[string]string{"tables": `burst32 9\nburst64 8`, "rte_hash": `burst32 10\nburst64 16`, "map": `one 7`} {
				require.NoError(t, r.take(cell{side, size, slots.name}, exec.Command("printf", prints)))
			}
		}
	}
	file := filepath.Join(t.TempDir(), "README.md")
	require.NoError(t, os.WriteFile(file, []byte("before\n"+from+"old\n"+to+"after\n"), 0o600))
	require.NoError(t, r.publish(file, 1))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Regexp(t, `(?s)^before\n`+from+`\| ns .*`+to+`after\n$`, string(text))
	require.NotContains(t, string(text), "old")
	require.Contains(t, string(text), "| 16 B, bursts of 64: tables | 8.0 (8.0–8.0) |")
	require.Contains(t, string(text), "at its better** | **0.80** |")
	require.Equal(t, 8.0, r.best(cell{"tables", 16, "1k"}))
	require.Equal(t, 7.0, r.best(cell{"map", 16, "1k"}))
	picture, err := os.ReadFile(filepath.Join(filepath.Dir(file), "tables.svg"))
	require.NoError(t, err)
	require.Contains(t, string(picture), "rte_hash, bursts")
	require.FileExists(t, filepath.Join(filepath.Dir(file), "tables.png"))
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.ErrorContains(t, r.publish(file, 1), "has no place for the table")
}

func TestATurnThatFailsIsAnError(t *testing.T) {
	r := results{}
	require.ErrorContains(t, r.take(cell{}, exec.Command("false")), "exit status 1")
	require.ErrorContains(t, r.take(cell{}, exec.Command("echo", "what else")), `printed "what else\n"`)
}
