package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

// Checking and replaying also work elsewhere: all packages and tests, but for files that are
// Linux's or one processor's alone, are Go for another system and for another processor. Types are
// checked from the source, because compiling it all for each takes ten times as long.
func TestAllOfItIsGoElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("the types of all packages, twice")
	}
	for _, elsewhere := range []string{"GOOS=darwin", "GOOS=linux"} {
		t.Run(elsewhere, func(t *testing.T) {
			all, err := packages.Load(&packages.Config{
				Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
					packages.NeedDeps | packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesSizes,
				Env:        append(os.Environ(), "CGO_ENABLED=0", "GOARCH=arm64", elsewhere),
				BuildFlags: []string{"-pgo=off"}, // with a profile each package is there once more
				Tests:      true,
			}, module+"...")
			require.NoError(t, err)
			require.NotEmpty(t, all)
			for _, p := range all {
				require.Empty(t, p.Errors, p.PkgPath)
			}
		})
	}
}
