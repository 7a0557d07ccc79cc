//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"nitrocard/nic/vpc"
	"nitrocard/pmd/pmdtest"
)

// The table shows both sides of each load, in microseconds.
func TestTheTable(t *testing.T) {
	r := results{}
	for _, load := range loads {
		for i := range int64(3) {
			r[load.name] = append(r[load.name], pair{&taken{p50: 1000 * (1 + i)}, &taken{max: 500}})
		}
	}
	delete(r, "idle")
	var b bytes.Buffer
	require.NoError(t, r.print(&b, &gaps{rounds: 3, duration: time.Second}))
	require.Contains(t, b.String(), "medians (least–most) of 3, 1s each.\n")
	require.Contains(t, b.String(), "| both: worker | 2.0 (1.0–3.0) | 0.0 (0.0–0.0) |")
	require.Contains(t, b.String(), "| both: C loop | 0.0 (0.0–0.0) |")
	require.Contains(t, b.String(), "| 0.5 (0.5–0.5) |\n")
	require.NotContains(t, b.String(), "idle", "it was not asked for")
}

// What is applied is good, a hundred thousand objects more than the card has,
// and each rule is another one the next time.
func TestTheObjects(t *testing.T) {
	var policies []*vpc.Policy
	for port := 1; port <= 2; port++ {
		text, err := objects(port)
		require.NoError(t, err)
		var cfg vpc.Config
		require.NoError(t, json.Unmarshal(text, &cfg))
		require.Len(t, cfg.NetworkInterfaces, enis+otherENIs)
		rules := 0
		for _, g := range cfg.SecurityGroups {
			if g.VpcId == "vpc-other" {
				rules += 1 + len(g.IpPermissions)
				require.Equal(t, port, *g.IpPermissions[0].FromPort)
			}
		}
		require.Equal(t, 100_000, rules+otherENIs)
		p, err := vpc.Compile(&cfg, vpc.CompileOptions{})
		require.NoError(t, err)
		policies = append(policies, p)
	}
	local := 0
	for _, e := range policies[0].ENIs {
		if e != nil {
			local++
		}
	}
	require.Equal(t, enis, local)
}

// The loop in C counts as a worker does.
func TestTheLoop(t *testing.T) {
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		pmdtest.Missing(t, err.Error())
	}
	g := gaps{loop: filepath.Join(t.TempDir(), "loop"), duration: 50 * time.Millisecond}
	out, err := exec.Command(gcc, "-O2", "-Wall", "-Werror", "-o", g.loop, "loop/loop.c").CombinedOutput()
	require.NoError(t, err, "%s", out)
	var cpus unix.CPUSet
	require.NoError(t, unix.SchedGetaffinity(0, &cpus))
	cpu := 0
	for !cpus.IsSet(cpu) {
		cpu++
	}
	got, err := g.loopTurn(t.Context(), &taken{cpu: cpu, p50: 20_000})
	require.NoError(t, err)
	require.GreaterOrEqual(t, got.p50, int64(20_000))
	for _, times := range [][2]int64{{got.p50, got.p99}, {got.p99, got.p999}, {got.p999, got.p9999}, {got.p9999, got.max}} {
		require.LessOrEqual(t, times[0], times[1])
	}
	g.loop = "false"
	_, err = g.loopTurn(t.Context(), got)
	require.EqualError(t, err, "false: exit status 1")
}

// Who misspells a load gets no empty table for an answer.
func TestFlagsThatCannotBe(t *testing.T) {
	for _, only := range []string{"", "idle", "applied", "listed", "both", "crowd"} {
		require.NoError(t, (&gaps{only: only, rounds: 1}).check())
	}
	for _, only := range []string{"dance", "d", "objects"} {
		require.EqualError(t, (&gaps{only: only, rounds: 1}).play(t.Context(), ""), "-load "+only+": idle, applied, listed, both or crowd is expected")
	}
	require.EqualError(t, (&gaps{}).play(t.Context(), ""), "-rounds 0: one at least is expected")
}

func TestARoleThatIsNone(t *testing.T) {
	require.EqualError(t, (&gaps{}).play(t.Context(), "dance"), `the roles are card, quiet, apply, list and crowd, not "dance"`)
}
