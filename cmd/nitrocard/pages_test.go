package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pages are this tree's Markdown files, by path from its root, with their texts.
func pages(t *testing.T) map[string]string {
	all := map[string]string{}
	require.NoError(t, fs.WalkDir(os.DirFS(tree), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(filepath.Join(tree, path))
		all[path] = string(text)
		return err
	}))
	require.Greater(t, len(all), 5)
	return all
}

// tree is this repository's root.
var tree = filepath.Join("..", "..")

var (
	link    = regexp.MustCompile(`\]\(([^):]*)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	mute    = regexp.MustCompile("[^a-z0-9 _-]")
)

// anchors are what links call a page's headings, as GitHub makes them.
func anchors(page string) (all []string) {
	for _, h := range heading.FindAllStringSubmatch(page, -1) {
		all = append(all, strings.ReplaceAll(mute.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-"))
	}
	return all
}

// A page's links lead to files and headings that are there.
func TestLinksOfPagesLeadSomewhere(t *testing.T) {
	all := pages(t)
	for path, text := range all {
		for _, found := range link.FindAllStringSubmatch(text, -1) {
			file, anchor, deep := strings.Cut(found[1], "#")
			to := path
			if file != "" {
				to = filepath.Join(filepath.Dir(path), file)
				require.FileExists(t, filepath.Join(tree, to), "%s: %s", path, found[1])
			}
			if deep {
				require.Contains(t, anchors(all[to]), anchor, "%s: %s", path, found[1])
			}
		}
	}
}

var (
	commands  = regexp.MustCompile("(?m)^(?:    |\\$ )(?:.*-- )?nitrocard (.*)$|`nitrocard ([a-z][^`]*)`")
	quoted    = regexp.MustCompile(`"[^"]*"|'[^']*'`)
	upToShell = regexp.MustCompile(`^[^|>#;&]*`)
)

// Each command line that a page shows names a command and flags that are there.
func TestPagesShowCommandsThatAreThere(t *testing.T) {
	seen := 0
	for path, text := range pages(t) {
		for _, found := range commands.FindAllStringSubmatch(text, -1) {
			line := upToShell.FindString(quoted.ReplaceAllString(found[1]+found[2], ""))
			words, _, _ := strings.Cut(line, " -- ")
			cmd, rest, err := newRoot().Find(strings.Fields(words))
			require.NoError(t, err, "%s: %s", path, line)
			require.True(t, cmd.HasParent() || len(rest) == 0, "%s: there is no command %q", path, line)
			for _, word := range rest {
				name, long := strings.CutPrefix(word, "--")
				name, _, _ = strings.Cut(name, "=")
				require.True(t, !long || name == "help" || cmd.Flags().Lookup(name) != nil, "%s: %s has no flag --%s", path, cmd.Name(), name)
			}
			seen++
		}
	}
	require.Greater(t, seen, 40)
}
