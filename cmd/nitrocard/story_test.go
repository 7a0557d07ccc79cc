package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/nictest/ample"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/pcap"
)

// noon is when the packets of these stories come, in ns since 1970.
const noon = int64(1767268800e9)

var a1 = wire.MAC{0x02, 0, 0, 0x0a, 0x01, 0x05}

// files is a folder of captures for the ports of testdata/region.yaml.
type files struct {
	*testing.T
	dir    string
	socket string
}

func newFiles(t *testing.T) *files {
	f := &files{T: t, dir: t.TempDir()}
	short, err := os.MkdirTemp("", "nc") // a socket's path is short
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(short) })
	f.socket = filepath.Join(short, "s")
	return f
}

func (f *files) path(name string) string { return filepath.Join(f.dir, name) }

// capture writes frames a millisecond apart.
func (f *files) capture(name string, frames ...[]byte) string {
	w, err := pcap.CreateWriter(f.path(name))
	require.NoError(f, err)
	for i, frame := range frames {
		require.NoError(f, w.Write(noon+int64(i)*1e6, frame))
	}
	require.NoError(f, w.Close())
	return f.path(name)
}

// frames reads a capture.
func (f *files) frames(name string) (frames [][]byte) {
	r, err := pcap.OpenReader(f.path(name))
	require.NoError(f, err)
	defer r.Close()
	for {
		p, err := r.Next()
		if err != nil {
			return frames
		}
		frames = append(frames, bytes.Clone(p.Frame))
	}
}

// region writes testdata/region.yaml with replacements, old and new in turn.
func (f *files) region(name string, changes ...string) string {
	text, err := os.ReadFile("testdata/region.yaml")
	require.NoError(f, err)
	require.NoError(f, os.WriteFile(f.path(name), []byte(strings.NewReplacer(changes...).Replace(string(text))), 0o600))
	return f.path(name)
}

// router is the MAC of a1's router.
func (f *files) router() wire.MAC {
	cfg, err := vpc.Load("testdata/region.yaml")
	require.NoError(f, err)
	policy, err := vpc.Compile(cfg, vpc.CompileOptions{})
	require.NoError(f, err)
	return policy.ENI("eni-a1").RouterMAC
}

// runArgs is a card whose guests are captures: a1 opens three connections to
// a2, two of which no rule allows.
func (f *files) runArgs() []string {
	var syns [][]byte
	for _, to := range []string{"10.0.1.6:5432", "10.0.1.6:22", "10.0.1.6:23"} {
		syns = append(syns, wiretest.TCP("10.0.1.5:40000", to).Flags(wire.TCPSyn).MACs(a1, f.router()).Bytes())
	}
	return []string{
		"run", "--config", f.region("region.yaml"), "--socket", f.socket, "--max-connections", "1000", "--workers", "2",
		"--uplink", "pcap:" + f.capture("up.pcap") + ",out=" + f.path("up-out.pcap"),
		"--guest", "eni-a1=pcap:" + f.capture("a1.pcap", syns...),
		"--guest", "eni-a2=pcap:" + f.capture("a2.pcap") + ",out=" + f.path("a2-out.pcap"),
		"--guest", "eni-b1=pcap:" + f.capture("b1.pcap"),
	}
}

// until waits for what a card does in its own time.
func until(t *testing.T, what string, reached func() bool) {
	for end := time.Now().Add(ample.Time); !reached(); time.Sleep(5 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "still not: %s", what)
	}
}

func (f *files) answers() bool {
	conn, err := net.Dial("unix", f.socket)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// A card from its start to its end, with each command asking or telling it
// something meanwhile.
func TestACardsLife(t *testing.T) {
	f := newFiles(t)
	ctx, end := context.WithCancel(t.Context())
	var log bytes.Buffer
	var status int
	var running sync.WaitGroup
	running.Go(func() { status = execute(ctx, f.runArgs(), &log, &log) })
	until(t, "the socket answers", f.answers)
	get := func(args ...string) string { return good(t, append([]string{"get", "--socket", f.socket}, args...)...) }
	until(t, "all packets are through", func() bool { return strings.Contains(get("ports", "eni-a1"), "3         1     0         2") })

	require.Contains(t, get("flows", "eni-a2"), "sg-db: tcp 5432 from sg-web")
	require.Contains(t, get("drops"), "security_group_in  2        eni-a2:2")
	require.Contains(t, get("drops", "security_group_in"), "10.0.1.6:23")
	var enis []nic.ENIView
	require.NoError(t, json.Unmarshal([]byte(get("enis", "--output", "json")), &enis))
	require.Len(t, enis, 3)
	var workers []nic.WorkerView
	require.NoError(t, json.Unmarshal([]byte(get("workers", "--output", "json")), &workers))
	require.Len(t, workers, 2)
	require.Equal(t, [][]string{{"uplink", "eni-a2"}, {"eni-a1", "eni-b1"}}, [][]string{workers[0].Ports, workers[1].Ports}, "they take turns")
	require.EqualValues(t, 3, workers[0].Packets+workers[1].Packets)
	require.Contains(t, get("workers", "1"), "eni-a1,eni-b1")
	_, _, none := call(t, "get", "workers", "2", "--socket", f.socket)
	require.Contains(t, none, `this card has no worker "2"; it has 2 workers, counted from 0`)
	require.Regexp(t, "(?s)^-----BEGIN CERTIFICATE-----\n.*-----END CERTIFICATE-----\n$", get("identity"))
	_, _, none = call(t, "get", "identity", "i-a1", "--socket", f.socket)
	require.Contains(t, none, "get identity takes no ID: the card has one certificate")
	require.Equal(t, "REASON  PACKETS  ENIS  IN WORDS\n", get("drops", "blackhole"))
	_, _, none = call(t, "get", "drops", "bad_luck", "--socket", f.socket)
	require.Contains(t, none, "there is no drop reason \"bad_luck\"; `nitrocard get drops` lists this card's")
	_, _, none = call(t, "get", "hits", "sg-none", "--socket", f.socket)
	require.Contains(t, none, `the configuration has no object "sg-none"`)
	_, _, none = call(t, "get", "bgp", "--socket", f.socket)
	require.Contains(t, none, "what answers at this socket is not an edge with BGP neighbors, which tells this")
	require.Contains(t, get("security-groups"), "sg-db")
	require.Contains(t, get("security-groups", "sg-web"), "203.0.113.9/32")
	require.Contains(t, get("config", "rtb-b"), "RouteTableId: rtb-b")
	f.write("again.yaml", get("config"))
	require.Contains(t, good(t, "apply", f.path("again.yaml"), "--socket", f.socket), "0 added, 0 changed, 0 removed", "what get prints, apply takes")

	shut := f.region("shut.yaml", "FromPort: 22, ToPort: 22", "FromPort: 23, ToPort: 23")
	keeps := good(t, "apply", f.region("bare.yaml", "FromPort: 5432, ToPort: 5432", "FromPort: 5433, ToPort: 5433"), "--dry-run", "--socket", f.socket)
	require.Contains(t, keeps, "~ SecurityGroups sg-db\nnothing was changed; it would be: 0 added, 1 changed, 0 removed\nnewly denied inbound: sg-db tcp 5432 from sg-web; at eni-a2\nnewly allowed inbound: sg-db tcp 5433 from sg-web; at eni-a2\nagainst epoch 2, at ")
	require.Contains(t, keeps, "4 connections, 1 kept by tracking alone, 3 kept\n\n1 connection, 1 (40 B): kept by tracking alone: the new rules would not let them begin; sg-db tcp 5432 from sg-web did\n  ENI")
	require.Contains(t, good(t, "apply", f.path("bare.yaml"), "--flush", "--socket", f.socket), "~ SecurityGroups sg-db\n1 connection cut that tracking alone would have kept\nin force as epoch 3: ")
	require.Contains(t, good(t, "apply", f.path("again.yaml"), "--flush", "--socket", f.socket), "~ SecurityGroups sg-db\nin force as epoch 4: ")
	cuts, told, _ := call(t, "apply", f.region("moved.yaml", "PrivateIpAddress: 10.0.1.6", "PrivateIpAddress: 10.0.1.7"), "--dry-run", "--socket", f.socket, "--output", "json")
	require.Equal(t, int(wouldCut), cuts)
	var found nic.DryRun
	require.NoError(t, json.Unmarshal([]byte(told), &found))
	require.EqualValues(t, 4, found.Outcomes.Cut, told)
	require.Equal(t, "~ SecurityGroups sg-web\nin force as epoch 5: 0 added, 1 changed, 0 removed\n", good(t, "apply", shut, "--socket", f.socket))
	_, _, stderr := call(t, "apply", f.region("bad.yaml", "sg-shop}", "sg-none}"), "--socket", f.socket)
	require.Contains(t, stderr, "sg-none")
	require.Contains(t, get("config", "sg-web"), "ToPort: 23", "the old one stays in force")

	status2, _, stderr := call(t, f.runArgs()...)
	require.Equal(t, 1, status2)
	require.Contains(t, stderr, "another card answers there already")

	end()
	running.Wait()
	require.Zero(t, status, log.String())
	require.Contains(t, log.String(), "card is down")
	require.NoFileExists(t, f.socket)
	require.Len(t, f.frames("a2-out.pcap"), 1)
}

// hostile is what somebody may call things: it colours, moves, renames the
// terminal's window, turns text round and begins lines of its own.
const hostile = "A\x1b[31mRED\x1b]0;pwned\x07\r\nsg-evil  inbound\t\u009b2J\x7f\u202egpj\u2066\U000e0041\u2028Z"

// clean holds text to what may reach a terminal.
func clean(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		require.True(t, unicode.IsGraphic(r) || r == '\n', "%q in %q", r, text)
	}
	require.NotContains(t, text, "\nsg-evil")
}

// No name, description, tag, ID or file's name commands a terminal, whichever way it
// comes out; and whatever a card takes, get config shows, and apply takes again.
func TestWhatPeopleSeeIsClean(t *testing.T) {
	f := newFiles(t)
	args := f.runArgs()
	quoted := strconv.QuoteToASCII(hostile)
	f.region("region.yaml", "GroupName: web", "GroupName: "+quoted+"\n    Description: "+quoted+"\n    Tags: [{Key: "+quoted+", Value: "+quoted+"}]",
		"CidrIp: 203.0.113.9/32", "CidrIp: 203.0.113.9/32, Description: "+quoted, "Name: x", "Name: "+quoted)
	clean(t, good(t, "check", f.path("region.yaml")))
	ctx, end := context.WithCancel(t.Context())
	var log bytes.Buffer
	var running sync.WaitGroup
	running.Go(func() { execute(ctx, args, &log, &log) })
	until(t, "the socket answers", f.answers)
	for _, kind := range kindNames() {
		if kind == "hosts" || kind == "bgp" {
			continue // a controller's, and an edge's
		}
		clean(t, good(t, "get", kind, "--socket", f.socket))
		clean(t, good(t, "get", kind, "--socket", f.socket, "--output", "json"))
	}
	clean(t, good(t, "apply", f.region("dry.yaml", "GroupName: web", "GroupName: "+quoted, "FromPort: 5432, ToPort: 5432", "FromPort: 5433, ToPort: 5433", "Name: x", "Name: "+quoted), "--dry-run", "--socket", f.socket))
	clean(t, good(t, "get", "security-groups", "sg-web", "--socket", f.socket))
	var group ec2.SecurityGroup
	require.NoError(t, json.Unmarshal([]byte(good(t, "get", "config", "sg-web", "--socket", f.socket, "-o", "json")), &group))
	require.Equal(t, hostile, group.Description, "JSON means what was meant")
	f.write("again.yaml", good(t, "get", "config", "--socket", f.socket))
	require.Contains(t, good(t, "apply", f.path("again.yaml"), "--socket", f.socket), "0 added, 0 changed, 0 removed", "and so does YAML")
	end()
	running.Wait()
	clean(t, log.String())
}

// A mistake is one line, whatever it is about.
func TestErrorsAreClean(t *testing.T) {
	f := newFiles(t)
	quoted := strconv.QuoteToASCII(hostile)
	evil := "evil\x1b[31m\nnitrocard: good\u009b.yaml"
	f.write(evil, "SecurityGroups:\n- {GroupId: "+quoted+", GroupName: x, VpcId: vpc-a}\n- {"+quoted+": 1}\n")
	for _, args := range [][]string{{"check", f.path(evil)}, {"check", f.dir}, {"get", hostile}, {hostile}, {"check", "/nonexistent/" + hostile}, {"get", "enis", "--socket", hostile}} {
		_, stdout, stderr := call(t, args...)
		clean(t, stdout+stderr)
		require.NotContains(t, stderr, "\nnitrocard: good")
		_, stdout, _ = call(t, append(args, "--output", "json")...)
		clean(t, stdout)
	}
}

func (f *files) write(name, text string) {
	require.NoError(f, os.WriteFile(f.path(name), []byte(text), 0o600))
}

// SIGHUP reads the configuration again; SIGTERM ends the program, with its
// socket gone and its captures whole.
func TestSignals(t *testing.T) {
	f := newFiles(t)
	var log bytes.Buffer
	cmd := exec.Command(os.Args[0], f.runArgs()...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0") // the race detector lingers for a second
	cmd.Stderr = &log
	require.NoError(t, cmd.Start())
	defer cmd.Process.Kill()
	until(t, "the socket answers", f.answers)
	until(t, "all packets are through", func() bool {
		return strings.Contains(good(t, "get", "ports", "eni-a1", "--socket", f.socket), "3         1     0         2")
	})
	web := func() string { return good(t, "get", "config", "sg-web", "--socket", f.socket) }
	require.Contains(t, web(), "ToPort: 22")

	f.region("region.yaml", "FromPort: 22, ToPort: 22", "FromPort: 23, ToPort: 23")
	until(t, "the new configuration is in force", func() bool {
		require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
		return strings.Contains(web(), "ToPort: 23")
	})
	f.write("region.yaml", "Vpcs: 7")
	require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
	require.Contains(t, web(), "ToPort: 23")

	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait(), log.String())
	require.NoFileExists(t, f.socket)
	require.Len(t, f.frames("a2-out.pcap"), 1)
}

// However many clients come, a card that may have 64 descriptors has some for files and ports.
func TestClientsLeaveDescriptorsToTheCard(t *testing.T) {
	f := newFiles(t)
	var log bytes.Buffer
	cmd := exec.Command("sh", append([]string{"-c", `ulimit -n 64; exec "$0" "$@"`, os.Args[0]}, f.runArgs()...)...)
	cmd.Env, cmd.Stderr = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0"), &log
	require.NoError(t, cmd.Start())
	defer cmd.Process.Kill()
	until(t, "the socket answers", f.answers)
	for range 100 {
		client, err := net.Dial("unix", f.socket)
		require.NoError(t, err)
		defer client.Close()
	}
	f.region("region.yaml", "FromPort: 22, ToPort: 22", "FromPort: 23, ToPort: 23")
	require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
	until(t, "the new configuration is in force", func() bool {
		return strings.Contains(good(t, "get", "config", "sg-web", "--socket", f.socket), "ToPort: 23")
	})
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait(), log.String())
	require.NotContains(t, log.String(), "too many open files")
}

// Whoever writes the configuration writes no file of the card's user.
func TestAConfigurationWritesNoFile(t *testing.T) {
	f := newFiles(t)
	args := f.runArgs()
	args = args[:len(args)-2] // eni-b1 is where the configuration says
	f.write("precious", "mine")
	require.NoError(t, os.Mkdir(f.path("captures"), 0o700))
	f.region("region.yaml", "Placement:", "Placement:\n  Ports: {eni-b1: \"pcap:"+f.path("b1.pcap")+",out="+f.path("precious")+"\"}")
	for _, more := range [][]string{nil, {"--pcap-dir", f.path("captures")}} {
		status, _, stderr := call(t, append(args, more...)...)
		require.Equal(t, 1, status)
		require.Contains(t, stderr, "out="+f.path("precious"))
	}
	text, err := os.ReadFile(f.path("precious"))
	require.NoError(t, err)
	require.Equal(t, "mine", string(text))
}

func TestACardThatCannotStartLeavesNothing(t *testing.T) {
	f := newFiles(t)
	args := f.runArgs()
	require.NoError(t, os.Remove(f.path("b1.pcap")))
	status, _, stderr := call(t, args...)
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "eni-b1")
	require.Contains(t, stderr, "b1.pcap")
	require.NoFileExists(t, f.socket)
}

func TestReplay(t *testing.T) {
	f := newFiles(t)
	edge := wire.MAC{0x02, 0, 0, 0, 0xed, 0x9e}
	var in [][]byte
	for _, port := range []string{"80", "22", "80"} {
		inner := wiretest.TCP("203.0.113.7:40000", "35.72.2.8:"+port).Flags(wire.TCPSyn).MACs(edge, a1).Bytes()
		in = append(in, wiretest.VXLAN("172.16.0.1", "172.16.0.11", 5001, inner).Bytes())
	}
	f.region("shut.yaml", "FromPort: 80, ToPort: 80", "FromPort: 81, ToPort: 81")
	f.write("e.jsonl", `{"time": 1767268800.001, "apply": "shut.yaml"}`)
	args := []string{
		"replay", "--config", f.region("region.yaml"), "--in", "uplink=" + f.capture("up.pcap", in...), "--in", "eni-b1=" + f.capture("b1.pcap"),
		"--out", f.path("out"), "--events", f.path("e.jsonl"), "--verdicts", f.path("v.jsonl"),
	}
	require.Equal(t, "3 packets: 2 sent, 0 consumed, 1 dropped; 1 event; written to "+f.path("out")+"\n", good(t, args...))
	verdicts, err := os.ReadFile(f.path("v.jsonl"))
	require.NoError(t, err)
	golden(t, "verdicts.jsonl", string(verdicts))
	require.Len(t, f.frames("out/eni-a1.pcap"), 2)

	require.JSONEq(t, `{"packets": 3, "sent": 2, "consumed": 0, "dropped": 1, "events": 1}`, good(t, append(args, "-o", "json")...))
	again, err := os.ReadFile(f.path("v.jsonl"))
	require.NoError(t, err)
	require.Equal(t, string(verdicts), string(again))
}
