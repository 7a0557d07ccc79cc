package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A provider names a controller's key in a root document that two root keys sign, replaces the key, and
// a card follows, also after a start of its own: it takes nothing of who still has the old one.
func TestAControllersKeyIsReplaced(t *testing.T) {
	f := newFiles(t)
	data := filepath.Join(filepath.Dir(f.socket), "d")
	socket := filepath.Join(filepath.Dir(f.socket), "c")
	require.NoError(t, os.MkdirAll(data, 0o700))
	roots, signing := filepath.Join(data, "roots"), filepath.Join(data, "signing.pem")
	for _, key := range []string{f.path("a"), f.path("b"), signing, f.path("new.pem")} {
		require.Contains(t, good(t, "keys", "create", key), key+", to be kept secret")
	}
	sign := func() {
		require.Contains(t, good(t, "keys", "sign", roots, "--key", f.path("a")), "is signed by 1 of the root keys of version")
		require.Contains(t, good(t, "keys", "sign", roots, "--key", f.path("b")), "; complete")
	}
	good(t, "keys", "rotate", roots, "--threshold", "2", "--add-root", f.path("a.pub"), "--add-root", f.path("b.pub"), "--add-controller", signing+".pub")
	sign()
	given := f.path("given.json")
	first, err := os.ReadFile(filepath.Join(roots, "1.root.json"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(given, first, 0o600))

	args := f.runArgs()
	card := append([]string{"run", "--controller", socket, "--host", "x", "--trust", given, "--state", f.path("state")}, args[3:]...)
	region := f.region("region.yaml", "172.16.0.11/24}", "172.16.0.11/24, Rack: r1, AvailabilityZone: eu-central-1a}")
	reported := func(revision string) {
		until(t, "the card has reported", func() bool {
			status, out, _ := call(t, "get", "hosts", "--socket", socket)
			return status == 0 && strings.Contains(out, "yes        "+revision+"         0")
		})
	}
	controller := start(t, "controller", "--data", data, "--socket", socket, "--config", region)
	running := start(t, card...)
	reported("1")
	controller.stop(t)

	old := viewed(t, good(t, "keys", "show", roots), "controller")
	good(t, "keys", "rotate", roots, "--revoke", old, "--add-controller", f.path("new.pem.pub"))
	_, _, stderr := call(t, "keys", "rotate", roots)
	require.Contains(t, stderr, "is signed by 0 of the root keys of version 1, which asks for 2; have it signed, or remove it")
	sign()
	second, err := os.ReadFile(filepath.Join(roots, "2.root.json"))
	require.NoError(t, err)
	alone := filepath.Join(f.path("alone"), "2.root.json")
	require.NoError(t, os.MkdirAll(f.path("alone"), 0o700))
	require.NoError(t, os.WriteFile(alone, second, 0o600))
	require.Contains(t, good(t, "keys", "show", alone), "whether the root keys of version 1 signed is not known", "without the version before")
	controller = start(t, "controller", "--data", data, "--socket", socket)
	until(t, "the old key is told of", func() bool {
		return strings.Contains(controller.log.String(), "the newest root document does not name this controller's key")
	})
	until(t, "the card takes nothing of it", func() bool {
		return strings.Contains(running.log.String(), "it is signed by a key that this card was not given")
	})
	controller.stop(t)
	require.NoError(t, os.Rename(f.path("new.pem"), signing))
	controller = start(t, "controller", "--data", data, "--socket", socket)
	reported("1")
	running.stop(t)
	running = start(t, card...)
	until(t, "the card answers", f.answers)
	reported("1")
	require.Regexp(t, `:\d\d  2     -\n`, good(t, "get", "hosts", "--socket", socket), "the card's root document is of version 2")
	require.Contains(t, running.log.String(), "begins with the copy of what the controller said")
	running.stop(t)

	require.NoError(t, os.WriteFile(f.path("state/x.roots"), []byte("{"), 0o600))
	status, _, stderr := call(t, card...)
	require.NotZero(t, status)
	require.Contains(t, stderr, "x.roots: root document 1 is cut off; if --trust was changed on purpose, remove this file")
}

// viewed is the first key of a role in what show prints.
func viewed(t *testing.T, text, role string) string {
	for l := range strings.Lines(text) {
		if cells := strings.Fields(l); len(cells) > 1 && cells[0] == role {
			return cells[1]
		}
	}
	t.Fatal(text)
	return ""
}

// A wrong line is told with what would be right.
func TestKeysErrors(t *testing.T) {
	dir := t.TempDir()
	good(t, "keys", "create", dir+"/a")
	good(t, "keys", "create", dir+"/b")
	good(t, "keys", "rotate", dir+"/roots", "--add-root", dir+"/a.pub", "--add-controller", dir+"/b.pub")
	for _, c := range []struct{ line, says string }{
		{"keys create", "create takes one FILE"},
		{"keys create DIR/a", "DIR/a.pub is there already"},
		{"keys rotate DIR/none", "the first root document needs --add-root and --add-controller"},
		{"keys rotate DIR/roots", "is signed by 0 of the root keys of version 1, which asks for 1; have it signed, or remove it"},
		{"keys rotate DIR/new --add-root DIR/a --add-controller DIR/b.pub", "a PEM block of the type PUBLIC KEY is expected, not PRIVATE KEY"},
		{"keys rotate DIR/new --add-root DIR/a.pub --add-controller DIR/b.pub --threshold 2", "Threshold 2 is not from 1 to 1, the number of its keys"},
		{"keys rotate DIR/new --add-root DIR/a.pub --add-controller DIR/b.pub --revoke x", `--revoke: no role has a key "x"`},
		{"keys sign DIR/roots", "sign needs --key"},
		{"keys sign DIR/roots --key DIR/b", "is no root key, neither of version 1 nor of the one before"},
		{"keys show DIR", "no root document is in it"},
		{"keys show DIR/a", "no root document"},
		{"keys fly", "keys takes one of its commands"},
	} {
		status, _, stderr := call(t, strings.Fields(strings.ReplaceAll(c.line, "DIR", dir))...)
		require.NotZero(t, status, c.line)
		require.Contains(t, stderr, strings.ReplaceAll(c.says, "DIR", dir), c.line)
	}
}
