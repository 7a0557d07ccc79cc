package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "nitrocard/"

// levels are the design's, lowest first: a package imports packages of rows
// above its own only. A row's packages do not know each other.
var levels = [][]string{
	{"tables", "nic/wire", "nic/wire/serial", "nic/seat", "nic/printable", "nic/sandbox", "nic/nictest/ample"},
	{"pmd", "tables/oracle", "nic/wire/wiretest"},
	{"nic/vpc/ec2", "pmd/internal/*", "pmd/pmdtest"},
	{"nic/vpc", "nic/vpc/vpctest", "nic/flow", "nic/siit"},
	{"pmd/mem", "pmd/pcap", "pmd/afpacket", "pmd/tap", "pmd/dpdk"},
	{"nic/pipeline", "nic/nictest"},
	{"nic/imds"},
	{"nic/bay", "nic/nat", "nic/service", "nic/follow", "nic/bgp"},
	{"nic"},
	{"nic/capture"},
	{"nic/ctl"},
	{"sim/cage", "sim/netlab", "sim/oracle", "sim/controller", "sim/explain", "sim/router"},
	{"sim/cage/cagetest"},
	{"sim/lab", "sim/replay", "sim/nftables", "sim/reassembly", "sim/bird", "bench"},
	{"cmd/nitrocard", "bench/*"},
}

// level is a package's row. It is -1 for a package that the design does not
// know: give it a place there first.
func level(pkg string) int {
	return slices.IndexFunc(levels, func(row []string) bool {
		return slices.ContainsFunc(row, func(pattern string) bool {
			ok, _ := path.Match(pattern, pkg)
			return ok
		})
	})
}

// listed is what `go list` tells of a package.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
	CgoFiles   []string
}

// ours lists this module's packages, by path within the module. The profile
// is off: with it each package is listed once more, as built for the program.
func ours(t *testing.T) map[string]listed {
	cmd := exec.Command("go", "list", "-pgo=off", "-deps", "-json=ImportPath,Standard,Imports,Deps,CgoFiles", "nitrocard/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	pkgs := map[string]listed{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else {
			require.NoError(t, err)
		}
		if name, ok := strings.CutPrefix(p.ImportPath, module); ok {
			pkgs[name] = p
		}
	}
}

func TestAPackageImportsLowerLevelsOnly(t *testing.T) {
	pkgs := ours(t)
	require.Contains(t, pkgs, "cmd/nitrocard")
	for name, p := range pkgs {
		own := level(name)
		require.NotEqual(t, -1, own, "%s has no level", name)
		for _, imported := range p.Imports {
			if low, ok := strings.CutPrefix(imported, module); ok {
				require.Less(t, level(low), own, "%s imports %s", name, low)
			}
		}
	}
}

func TestTheCardKnowsNoDriver(t *testing.T) {
	for _, dep := range ours(t)["nic"].Deps {
		require.False(t, strings.HasPrefix(dep, module+"pmd/"), "nic depends on %s", dep)
		require.False(t, strings.Contains(dep, "gopacket"), "nic depends on %s, which is never on the hot path", dep)
	}
}

func TestAllCgoLivesInOneDriver(t *testing.T) {
	for name, p := range ours(t) {
		require.True(t, len(p.CgoFiles) == 0 || name == "pmd/dpdk", "%s uses cgo", name)
	}
}
