package replay

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEventsAreSortedByTimeAndThenByLine(t *testing.T) {
	d := newDesk(t)
	d.region("r.yaml")
	path := d.write("e.jsonl", `{"time": 3, "apply": "r.yaml"}

{"time": 1, "apply": "r.yaml"}
{"apply": "`+d.path("r.yaml")+`", "time": 3.0}
`)
	events, err := readEvents(path)
	require.NoError(t, err)
	var lines []string
	for _, e := range events {
		lines = append(lines, e.line)
	}
	require.Equal(t, []string{path + ":3", path + ":1", path + ":4"}, lines)
}

func TestAnEventsFileIsSoughtBesideTheEventsFirst(t *testing.T) {
	d := newDesk(t)
	here := t.TempDir()
	t.Chdir(here)
	require.NoError(t, os.WriteFile("only-here.yaml", nil, 0o600))
	require.NoError(t, os.WriteFile("both.yaml", nil, 0o600))
	d.write("both.yaml", "")
	require.Equal(t, d.path("both.yaml"), beside(d.dir, "both.yaml"))
	require.Equal(t, "only-here.yaml", beside(d.dir, "only-here.yaml"))
	require.Equal(t, d.path("neither.yaml"), beside(d.dir, "neither.yaml"))
	require.Equal(t, "/abs.yaml", beside(d.dir, "/abs.yaml"))
}

func TestEventLinesThatMeanNothing(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`{`, "a line is like"},
		{`{"time": 1}`, `both "time" and "apply"`},
		{`{"apply": "r.yaml"}`, `both "time" and "apply"`},
		{`{"time": null, "apply": "r.yaml"}`, "e.jsonl:1"},
		{`{"time": 1, "aply": "r.yaml"}`, `unknown field "aply"`},
		{`{"time": 1, "apply": "r.yaml"} {}`, "more than one object"},
		{`{"time": -1, "apply": "r.yaml"}`, "outside 1970"},
		{`[1]`, "a line is like"},
	} {
		d := newDesk(t)
		d.region("r.yaml")
		_, err := readEvents(d.write("e.jsonl", c.line))
		require.ErrorContains(t, err, c.want, c.line)
		require.ErrorContains(t, err, "e.jsonl:1", c.line)
	}
}
