package replay

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/pcap"
)

// noon is when the stories begin.
const noon = Time(1767268800_000000000)

const second = Time(1e9)

// Stations of testdata/region.yaml.
var (
	edge = wire.MAC{0x02, 0, 0, 0, 0xed, 0x9e}
	a1   = wire.MAC{0x02, 0, 0, 0x0a, 0x01, 0x05}
	a2   = wire.MAC{0x02, 0, 0, 0x0a, 0x01, 0x06}
)

// stamped is a frame and its time.
type stamped struct {
	at    Time
	frame []byte
}

// desk is a folder with the files of one replay.
type desk struct {
	*testing.T
	dir string
	o   Options
}

func newDesk(t *testing.T) *desk {
	d := &desk{T: t, dir: t.TempDir()}
	cfg, err := vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	d.o = Options{Config: cfg, Out: d.path("out"), Verdicts: d.path("v.jsonl")}
	return d
}

func (d *desk) path(name string) string { return filepath.Join(d.dir, name) }

// write makes a file.
func (d *desk) write(name, text string) string {
	require.NoError(d, os.WriteFile(d.path(name), []byte(text), 0o600))
	return d.path(name)
}

// region writes testdata/region.yaml with replacements, old and new in turn.
func (d *desk) region(name string, changes ...string) string {
	text, err := os.ReadFile("testdata/region.yaml")
	require.NoError(d, err)
	for i := 0; i < len(changes); i += 2 {
		require.Contains(d, string(text), changes[i])
	}
	return d.write(name, strings.NewReplacer(changes...).Replace(string(text)))
}

// in adds a capture to the inputs.
func (d *desk) in(port string, packets ...stamped) {
	path := d.path(port + "-in.pcap")
	w, err := pcap.CreateWriter(path)
	require.NoError(d, err)
	for _, s := range packets {
		require.NoError(d, w.Write(int64(s.at), s.frame))
	}
	require.NoError(d, w.Close())
	d.o.Inputs = append(d.o.Inputs, Input{port, path})
}

// run replays and reads the verdicts back.
func (d *desk) run() (Summary, []Verdict) {
	sum, err := Run(d.Context(), d.o)
	require.NoError(d, err)
	return sum, d.verdicts()
}

func (d *desk) verdicts() (vs []Verdict) {
	data, err := os.ReadFile(d.o.Verdicts)
	require.NoError(d, err)
	for line := range bytes.Lines(data) {
		var v Verdict
		require.NoError(d, json.Unmarshal(line, &v))
		vs = append(vs, v)
	}
	return vs
}

// out reads back what left by a port.
func (d *desk) out(port string) (packets []stamped) {
	in, err := open(Input{port, filepath.Join(d.o.Out, port+".pcap")})
	require.NoError(d, err)
	for ; !in.done; in.next() {
		packets = append(packets, stamped{in.head.time, bytes.Clone(in.head.frame)})
	}
	require.NoError(d, in.err)
	return packets
}

// fromClient is a segment of the internet client for a1, as the edge sends it.
func fromClient(client string, port string, flags uint8) []byte {
	inner := wiretest.TCP(client, "35.72.2.8:"+port).Flags(flags).MACs(edge, a1).Bytes()
	return wiretest.VXLAN("172.16.0.1", "172.16.0.11", 5001, inner).Bytes()
}

// routerMAC is that of a1's subnet.
func routerMAC(t *testing.T, d *desk) wire.MAC {
	p, err := vpc.Compile(d.o.Config, vpc.CompileOptions{})
	require.NoError(t, err)
	return p.ENI("eni-a1").RouterMAC
}

func read(t *testing.T, path string) string {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}
