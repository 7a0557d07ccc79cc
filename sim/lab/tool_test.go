//go:build linux

package lab

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A check whose tool the machine lacks is skipped, and fails where CI=true says that nothing is missing.
func TestACheckWithoutItsToolIsSkipped(t *testing.T) {
	none := tool{name: "no-such-tool", origin: "nobody"}
	all := []check{
		{"first", func(context.Context) (string, error) { _, err := none.path(); return "", err }},
		{"second", func(context.Context) (string, error) { return "seen", nil }},
	}
	for ci, want := range map[string]outcome{"": {Passed: 1, Skipped: 1}, "true": {Passed: 1, Failed: 1}} {
		t.Setenv("CI", ci)
		var out bytes.Buffer
		require.Equal(t, want, doAll(t.Context(), &out, all, check.do))
		require.Contains(t, out.String(), "first: this machine has no no-such-tool (nobody; as root: `make deps`)\nok   second: seen\n")
	}
}

// A tool has a name or another one, and may be beside the program.
func TestAToolIsFound(t *testing.T) {
	path, err := tool{name: "no-such-tool", another: "sh"}.path()
	require.NoError(t, err)
	require.FileExists(t, path)
	self, err := os.Executable()
	require.NoError(t, err)
	path, err = tool{name: filepath.Base(self)}.path()
	require.NoError(t, err)
	require.Equal(t, self, path)
}
