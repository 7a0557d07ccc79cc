package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd/pcap"
)

// short is a measurement that takes no time worth naming.
const short = "bench --enis 2 --flows 100 --duration 20ms"

// benched is what a report in JSON says.
type benched struct {
	Mode  string            `json:"forward_mode"`
	Mpps  float64           `json:"mpps"`
	Ns    float64           `json:"ns_per_packet"`
	Gbps  float64           `json:"gbit_per_s"`
	Drops map[string]uint64 `json:"drops"`
	Ports []struct {
		Rx uint64 `json:"rx_packets"`
		Tx uint64 `json:"tx_packets"`
	} `json:"ports"`
	Gap map[string]float64 `json:"burst_gap_us"`
}

// measures runs bench for as long as this machine's clocks need to see the CPU time: some tell it by the tick.
func measures(t *testing.T, flags string) (r benched) {
	for d := 20 * time.Millisecond; r.Mpps == 0; d *= 2 {
		require.Less(t, d, 5*time.Minute, "the worker never had a CPU")
		out := good(t, strings.Fields(fmt.Sprintf("bench --enis 2 --flows 100 --duration %s -o json %s", d, flags))...)
		require.NoError(t, json.Unmarshal([]byte(out), &r))
	}
	return r
}

// What is in use is mixed at will, and costs no drop.
func TestBenchWithUses(t *testing.T) {
	for _, flags := range []string{"--acl", "--nat", "--ipv6", "--acl --ipv6", "--acl --nat --ipv6"} {
		require.Empty(t, measures(t, flags).Drops, flags)
	}
}

func TestBenchInJSON(t *testing.T) {
	for _, mode := range []string{"io", "macswap", "decap", "sg", "encap", "full"} {
		r := measures(t, "--forward-mode "+mode)
		require.Equal(t, mode, r.Mode)
		require.InDelta(t, 1000/r.Mpps, r.Ns, 0.01)
		require.Positive(t, r.Gbps)
		require.NotNil(t, r.Drops)
		require.Empty(t, r.Drops)
		var in, out uint64
		for _, p := range r.Ports {
			in, out = in+p.Rx, out+p.Tx
		}
		require.Positive(t, in)
		require.Equal(t, in, out)
		require.Len(t, r.Gap, 5)
	}
}

// reader reads what is written, and has enough after the first of it.
type reader struct {
	bytes.Buffer
	enough func()
}

func (r *reader) Write(b []byte) (int, error) {
	r.enough()
	return r.Buffer.Write(b)
}

func TestBenchEndsWithCtrlCAndTellsAll(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	rates := &reader{enough: cancel}
	line := "bench --enis 2 --flows 100 --duration 0 --stats-period 1ms --frame-size imix"
	require.Zero(t, execute(ctx, strings.Fields(line), &out, rates))
	stdout, stderr := out.String(), rates.String()
	for _, words := range []string{"full: imix frames in bursts of 64", "RX-packets", "TX-dropped", "accumulated", "ns/packet", "burst gap", "dropped    none"} {
		require.Contains(t, stdout, words)
	}
	require.Contains(t, stderr, "Mpps a core")
}

func TestBenchPlaysACapture(t *testing.T) {
	file := filepath.Join(t.TempDir(), "in.pcap")
	w, err := pcap.CreateWriter(file)
	require.NoError(t, err)
	require.NoError(t, w.Write(0, make([]byte, 60)))
	require.NoError(t, w.Close())
	out := good(t, append(strings.Fields(short), "--forward-mode", "sg", "--port", "pcap:"+file)...)
	require.Contains(t, out, "pcap:"+file)
	require.Contains(t, out, "not_vxlan")
	require.Contains(t, out, "sg: frames as they came, of 60 bytes on average, in bursts of 64, 100 flows over 2 ENIs, ")
	out = good(t, append(strings.Fields(short), "--forward-mode", "io", "--port", "pcap:"+file)...)
	require.Regexp(t, `io: frames as they came, of 60 bytes on average, in bursts of 64, [0-9.]+ s\n`, out)
}

func TestBenchByHand(t *testing.T) {
	root := newRoot()
	var out bytes.Buffer
	root.SetArgs(strings.Fields("bench -i --enis 1 --flows 10"))
	root.SetIn(strings.NewReader("start\nquit\n"))
	root.SetOut(&out)
	require.NoError(t, root.ExecuteContext(t.Context()))
	require.Contains(t, out.String(), "bench> bench> full: frames of 114 bytes")
}

func TestBenchErrorsSayWhatWouldBeRight(t *testing.T) {
	for line, want := range map[string]string{
		"bench now":                             "bench takes flags only",
		"bench --forward-mode flow":             `there is no forward mode "flow"; there are io, macswap, decap, sg, encap, full`,
		"bench --nb-cores 65":                   "--nb-cores 65: a number from 1 to 64 is expected",
		"bench --burst 65":                      "--burst 65: a number from 1 to 64 is expected",
		"bench --flows 0":                       "--flows 0: a number from 1 to 8388608 is expected",
		"bench --frame-size 64":                 `--frame-size 64: a number of bytes from 104 to 9085, tunnel included, or imix is expected`,
		"bench --port foo":                      `--port: port "foo": this build has no driver`,
		"bench --port pcap:none":                "--port: pcap:none: open none",
		"bench --port pcap:x,loop":              "--port: pcap:x,loop: a benchmark reads the file into memory",
		"bench --eal -m64":                      "--eal -m64: this build has no DPDK; install libdpdk-dev",
		"bench --eal '-m64":                     `--eal '-m64: the ' is not closed`,
		"bench -i --duration 1s":                "--duration has no place at a prompt",
		"bench -i -o json":                      "--output has no place at a prompt",
		"bench --duration 1":                    "--duration 1: a time from 0 on is expected, with its unit, such as 10s or 500ms",
		"bench --stats-period -1s --duration 0": "--stats-period -1s: a time from 0 on is expected",
		"bench --duration 9999999999h":          "--duration 9999999999h: a time from 0 on is expected",
		"bench --flows 1e6":                     "--flows 1e6: a number from 1 to 8388608 is expected",
		"bench --enis -1":                       "--enis -1: a number from 1 to 1024 is expected",
		"bench --seed -1":                       "--seed -1: a number from 0 to 18446744073709551615 is expected",
		"bench --nb-cores 0":                    "--nb-cores 0: a number from 1 to 64 is expected",
		"bench --interactive=maybe":             "--interactive=maybe: it takes no value, or true or false",
	} {
		status, stdout, stderr := call(t, strings.Fields(line)...)
		require.Equal(t, 1, status, line)
		require.True(t, stdout == "" || strings.Contains(line, "json"), stdout)
		require.Contains(t, stderr, want, line)
	}
}
