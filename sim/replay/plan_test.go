package replay

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

func TestAnIDThatIsNoFileName(t *testing.T) {
	require.NoError(t, namesFile("eni-0a1b"))
	for _, id := range []string{"../up", "a/b", `a\b`, "uplink"} {
		require.ErrorContains(t, namesFile(id), "does not name a file", id)
	}
}

func TestWhatIsWrongIsToldBeforeAnythingIsWritten(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(d *desk)
		words []string
	}{
		{"a port that the card never has", func(d *desk) { d.in("eni-x") }, []string{"--in eni-x", "no such port", "eni-a1, eni-a2, eni-b1, uplink"}},
		{"an input that is not there", func(d *desk) { d.o.Inputs = []Input{{"uplink", d.path("none.pcap")}} }, []string{"--in uplink", "none.pcap"}},
		{"an input that is no capture", func(d *desk) { d.o.Inputs = []Input{{"eni-a1", d.write("x.pcap", "hello, world")}} }, []string{"--in eni-a1", "a capture in pcap or pcapng format is expected"}},
		{"a bad configuration at an event", func(d *desk) {
			d.region("bad.yaml", "FromPort: 22, ToPort: 22", "FromPort: 23, ToPort: 22")
			d.o.Events = d.write("e.jsonl", "\n"+`{"time": 1, "apply": "bad.yaml"}`)
		}, []string{"e.jsonl:2", "FromPort 23 is above ToPort 22"}},
		{"a configuration that is not there", func(d *desk) { d.o.Events = d.write("e.jsonl", `{"time": 1, "apply": "none.yaml"}`) }, []string{"e.jsonl:1", "none.yaml"}},
		{"an unknown card", func(d *desk) { d.o.Card = "z" }, []string{"z"}},
		{"verdicts over an input", func(d *desk) {
			d.in("uplink")
			d.o.Verdicts = d.path("sub/../uplink-in.pcap")
			require.NoError(d, os.Mkdir(d.path("sub"), 0o700))
		}, []string{"would be written over"}},
		{"verdicts into a capture", func(d *desk) { d.o.Verdicts = filepath.Join(d.o.Out, "uplink.pcap") }, []string{"would be written twice"}},
		{"verdicts into a folder that is not there", func(d *desk) { d.o.Verdicts = d.path("none/v.jsonl") }, []string{"none/v.jsonl would be written, and there is no folder", "none"}},
		{"verdicts over a folder", func(d *desk) { d.o.Verdicts = d.path(".") }, []string{"would be written, and is a folder"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			c.spoil(d)
			_, err := Run(d.Context(), d.o)
			for _, w := range c.words {
				require.ErrorContains(t, err, w)
			}
			require.NoFileExists(t, filepath.Join(d.o.Out, "uplink.pcap"))
		})
	}
}

// Whatever is read is not written over: captures, events, and configurations,
// alone or in a folder.
func TestOutputsNeverReplaceConfigurations(t *testing.T) {
	for name, read := range map[string]func(d *desk){
		"the events":        func(d *desk) { d.o.Events = d.write("v.jsonl", "") },
		"the configuration": func(d *desk) { d.o.ConfigFile = d.region("v.jsonl") },
		"one that comes later": func(d *desk) {
			d.region("later/v.yaml")
			d.o.Verdicts = d.path("later/v.yaml")
			d.o.Events = d.write("e.jsonl", `{"time": 1, "apply": "later"}`)
		},
		"one by another name": func(d *desk) {
			d.o.ConfigFile = d.region("region.yaml")
			require.NoError(d, os.Symlink(d.path("region.yaml"), d.o.Verdicts))
		},
	} {
		d := newDesk(t)
		require.NoError(t, os.Mkdir(d.path("later"), 0o700))
		read(d)
		before, _ := os.ReadFile(d.o.Verdicts)
		_, err := Run(d.Context(), d.o)
		require.EqualError(t, err, d.o.Verdicts+" would be written over, and is an input", name)
		after, _ := os.ReadFile(d.o.Verdicts)
		require.Equal(t, before, after, name)
	}
}

func TestOutputsNeverReplaceInputs(t *testing.T) {
	d := newDesk(t)
	d.in("uplink", stamped{noon, fromClient("203.0.113.7:40000", "80", wire.TCPSyn)})
	d.o.Out = d.dir
	d.o.Inputs[0].File = d.path("uplink.pcap")
	require.NoError(t, os.Rename(d.path("uplink-in.pcap"), d.path("uplink.pcap")))
	before := read(t, d.path("uplink.pcap"))
	_, err := Run(d.Context(), d.o)
	require.ErrorContains(t, err, "would be written over")
	require.Equal(t, before, read(t, d.path("uplink.pcap")))
}
