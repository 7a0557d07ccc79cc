package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nitrocard/nic/ctl"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write golden files anew")

// asProgram makes the test binary be nitrocard.
const asProgram = "NITROCARD_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// call runs one command line within the test.
func call(t *testing.T, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = execute(t.Context(), args, &out, &errs)
	return status, out.String(), errs.String()
}

// good runs a command line that must succeed, and returns what it printed.
func good(t *testing.T, args ...string) string {
	t.Helper()
	status, stdout, stderr := call(t, args...)
	require.Zero(t, status, stderr)
	return stdout
}

// golden compares text with a file of testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}

func TestHelp(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/1000")
	text := good(t, "--help")
	for _, name := range []string{"run", "edge", "controller", "keys", "keys create", "keys rotate", "keys sign", "keys show", "apply", "get", "capture", "check", "explain", "replay", "bench", "lab", "lab exec", "lab region", "journey"} {
		text += "\n=== " + name + "\n" + good(t, append(strings.Fields(name), "--help")...)
	}
	golden(t, "help.txt", strings.ReplaceAll(text, ctl.DefaultSocket(), "/run/nitrocard/card.sock"))
}

func TestEveryCommandShowsAnExample(t *testing.T) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden {
			return
		}
		require.Contains(t, c.Example, "nitrocard", c.CommandPath())
		require.NotEmpty(t, c.Short, c.CommandPath())
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
}

func TestErrorsSayWhatWouldBeRight(t *testing.T) {
	const region = "testdata/region.yaml"
	dir := t.TempDir()
	text, err := os.ReadFile(region)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(dir+"/mine.yaml", text, 0o600))
	require.NoError(t, os.WriteFile(dir+"/mute", []byte("# FROM TO PROTOCOL PORT EXPECTED\n"), 0o600))
	for _, c := range []struct{ line, want string }{
		{"chek", `there is no command "chek"; did you mean check?`},
		{"fly", `there is no command "fly"; there are apply, bench, capture, check, controller, edge, explain, get, journey, keys, lab, replay, run`},
		{`""`, `there is no command ""; there are`},
		{"help fly", `there is no command "fly"; there are`},
		{"run", "run needs --config"},
		{"run --config x", "run needs --uplink"},
		{"run --conf x", "run has no flag --conf; `nitrocard run --help` lists those it has"},
		{"get workers -1", "get has no flag -1; `nitrocard get --help` lists"},
		{"run --socket", "--socket needs a value, path: path of the card's control socket"},
		{`run --config "" --uplink tap:up`, "--config is empty: a file or folder is expected"},
		{`run --config x --uplink ""`, "--uplink is empty: a port is expected"},
		{`get enis --socket ""`, "--socket is empty: a path is expected"},
		{"get enis --socket " + strings.Repeat("x", 108), "the path is too long: a socket's has at most 107 bytes"},
		{"run --config " + region + " --uplink pcap:x --socket " + dir + "/" + strings.Repeat("x", 108), "the path is too long: a socket's has at most 107 bytes"},
		{"run --config " + region + " --uplink pcap:x --max-connections -1", "--max-connections -1: a number from 1 to 1073741824 is expected"},
		{"run --config " + region + " --uplink pcap:x --max-connections 9223372036854775807", "--max-connections 9223372036854775807: a number from 1 to"},
		{"run --config " + region + ` --uplink pcap:x --max-connections ""`, `--max-connections "": a number from 1 to`},
		{"run --config " + region + " --uplink pcap:x --guest =pcap:x", "--guest =pcap:x: ENI=PORT is expected"},
		{"run now", "run takes flags only"},
		{"run --config " + region + " --uplink pcap:x --pcap-dir " + dir + "/none", "--pcap-dir " + dir + "/none: there is no such folder"},
		{"run --config " + region + " --uplink pcap:x --trust none", "--trust goes with --controller, which is missing"},
		{"run --controller c --card x --host x --trust t --uplink pcap:x", "--card and --controller: one of them is expected, not both"},
		{"run --controller c --controller-cert x --host x --trust t --uplink pcap:x", "--controller-cert goes with --controller-cert-key, which is missing"},
		{"edge --config " + region + " --stale-after 1s", "--stale-after goes with --controller, which is missing"},
		{"edge --config " + region + " --neighbor 192.0.2.1@64511", "--neighbor goes with --asn, which is missing"},
		{"controller --data " + dir + "/o --config none.yaml", "none.yaml: no such file or directory"},
		{"controller --data " + dir + "/o --etcd a:2379", "--etcd a:2379: URLs are expected, such as https://a:2379,https://b:2379"},
		{"controller --data " + dir + "/o --cert c --cert-key k", "--cert goes with --listen, which is missing"},
		{"run --config none.yaml --uplink tap:up", "none.yaml"},
		{"run --config " + region + " --uplink dpdk:0", "this build has no DPDK; install libdpdk-dev"},
		{"run --config " + region + " --uplink eth0", `this build has no driver "eth0"`},
		{"run --config " + region + " --uplink pcap:", "pcap:FILE[,out=FILE][,loop] is expected"},
		{"run --config " + region + " --uplink pcap:x --guest eni-a1", "--guest eni-a1: ENI=PORT is expected"},
		{"run --config " + region + " --uplink pcap:x --guest eni-x=pcap:y", "--guest eni-x=pcap:y: card x has no ENI eni-x"},
		{"run --config " + region + " --uplink pcap:x --guest eni-a1=foo:y", `--guest eni-a1=foo:y: port "foo:y": this build has no driver "foo"`},
		{"run --config " + region + " --uplink pcap:x --guest eni-a1=pcap:y --guest eni-a1=pcap:z", "eni-a1 has a port already"},
		{"run --config " + region + " --uplink pcap:x --guest eni-a1=pcap:y --guest eni-a2=pcap:y", "pcap:y is the port of both eni-a1 and eni-a2"},
		{"run --config " + region + " --uplink pcap:x --guest eni-a1=pcap:x", "pcap:x is the port of both uplink and eni-a1"},
		{"run --config " + region + " --uplink pcap:x --read-group no-such", "--read-group no-such: there is no such group here; `getent group` lists those that are"},
		{"run --config " + region + " --uplink pcap:x --user no-such", "--user no-such: there is no such user here"},
		{"run --config " + region + " --uplink pcap:x --keep eth0", "--keep eth0: afpacket, tap, dpdk or pcap is expected"},
		{"run --config " + region + " --uplink pcap:x --card z", "z"},
		{"run --config " + region + " --uplink pcap:x --workers -1", "--workers -1: a number from 1 to 64 is expected"},
		{"run --config " + region + " --uplink pcap:x --idle-sleep -1s", "--idle-sleep -1s: a time from 0 on is expected"},
		{"get", "get takes what to get"},
		{"get eni", `there is no "eni" to get; there are enis, allowances, security-groups`},
		{"get enis --output yaml", "--output yaml: table or json is expected"},
		{`get ""`, "get takes what to get, enis, allowances, security-groups, network-acls, flows, hits, ports, nat-gateways, drops, workers, identity, hosts, bgp or config, and perhaps an ID, and what was given is empty"},
		{`get ports ""`, "and perhaps an ID, and what was given is empty"},
		{"get flows --limit -1", "--limit -1: a number from 1 to 1073741824 is expected"},
		{"get flows --limit 0x10", "--limit 0x10: a number from 1"},
		{"get enis --limit 1", "--limit is for flows; get enis shows all"},
		{"get enis --socket " + dir + "/none", "no card answers at " + dir + "/none"},
		{"apply", "apply takes one FILE or DIR"},
		{"apply none.yaml", "none.yaml"},
		{"apply " + region + " --dry-run --flush", "--dry-run and --flush: one of them is expected, not both"},
		{"get enis --socket https://:1", "--socket https://:1: the path of a socket is expected, or https://HOST:PORT of a controller"},
		{"get enis --socket http://a", "--socket http://a: the path of a socket is expected"},
		{"get enis --ca ca.pem", "--ca, --cert and --cert-key are for a controller elsewhere: --socket https://HOST:PORT names it"},
		{"explain " + region + " --from eni-a1", "explain needs --to"},
		{`explain ` + region + ` --from "" --to eni-a1`, "--from is empty: an end is expected"},
		{"explain " + region + " --from eni-a1 --to eni-a2 --protocol tpc", "--protocol tpc: tcp, udp, icmp, icmpv6 or a number from 0 to 255 is expected"},
		{"check", "check takes one FILE or DIR"},
		{"check none.yaml", "none.yaml: no such file or directory"},
		{`check ""`, "check takes one FILE or DIR, and what was given is empty"},
		{"check main.go", "main.go"},
		{"check " + region + " --strict --lenient", "--strict and --lenient: one of them is expected, not both"},
		{"check " + region + " --strict=perhaps", "--strict=perhaps: it takes no value, or true or false"},
		{"check " + region + " --expect none", "--expect: open none: no such file or directory"},
		{"check " + region + " --expect " + dir + "/mute", dir + "/mute: no sentence is in it"},
		{"check " + region + " --junit r.xml", "--junit goes with --expect, which is missing"},
		{"replay --out " + dir, "replay needs --config"},
		{"replay --config " + region, "replay needs --out"},
		{"replay --config " + region + " --out " + dir + "/o --in uplink", "--in uplink: PORT=FILE is expected"},
		{"replay --config " + region + " --out " + dir + "/o --in eni-x=none", "--in eni-x=none: this card has no such port"},
		{"replay --config " + dir + " --out " + dir + "/o --verdicts " + dir + "/mine.yaml", dir + "/mine.yaml would be written over"},
		{"replay --config " + region + " --out " + dir + "/o --verdicts " + dir, dir + " would be written, and is a folder"},
		{"replay --config " + region + " --out " + dir + "/o --verdicts " + dir + "/none/v", "and there is no folder " + dir + "/none"},
		{"replay --config " + region + " --out " + dir + "/o --max-connections 0", "--max-connections 0: a number from 1"},
		{"replay --config " + region + " --out " + dir + "/o --events none", "--events: open none: no such file or directory"},
		{`replay --config x --out ""`, "--out is empty: a folder is expected"},
		{"lab --keep=x", "--keep=x: it takes no value, or true or false"},
		{"lab --attack -1s", "--attack -1s: a time from 0 on is expected"},
		{"lab --kernel k", "--kernel goes with --vm, which is missing"},
		{"lab --cloud --vm", "--vm and --cloud: one of them is expected, not both"},
		{`lab --driver ""`, "--driver is empty: a driver is expected"},
		{"lab now", "lab takes no arguments"},
		{"lab --driver fast", `the lab has no driver "fast"; it has afpacket and dpdk`},
		{"lab --driver dpdk", "the lab on DPDK ports: this build has no DPDK; install libdpdk-dev"},
		{"lab --vm", "the lab with a virtual machine: this build has no DPDK"},
		{"lab exec a1", "exec takes a HOST and a COMMAND"},
		{"journey", "journey takes an ADDRESS"},
		{"journey a1", "a1: an IPv4 address is expected, such as 35.72.2.8"},
		{"journey 2001:db8::1", "2001:db8::1: an IPv4 address is expected"},
		{"journey 35.72.2.8 --port 0", "--port 0: a number from 1 to 65535 is expected"},
	} {
		args := strings.Fields(c.line)
		for i := range args {
			args[i] = strings.TrimPrefix(args[i], `""`)
		}
		status, stdout, stderr := call(t, args...)
		require.Equal(t, 1, status, c.line)
		require.Empty(t, stdout, c.line)
		require.True(t, strings.HasPrefix(stderr, "nitrocard: "), "%s: %s", c.line, stderr)
		require.Contains(t, stderr, c.want, c.line)
		require.NoDirExists(t, dir+"/o", "%s: nothing is half done", c.line)
	}
}

func TestCheck(t *testing.T) {
	golden(t, "check.txt", good(t, "check", "testdata/region.yaml"))
	golden(t, "check.json", good(t, "check", "testdata/unenforced.yaml", "-o", "json"))
	golden(t, "check-unenforced.txt", good(t, "check", "testdata/unenforced.yaml"))
}

// Where nothing has an ENI, nothing is called enforced.
func TestCheckWithoutENIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "regions.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"Regions": [{"RegionName": "eu-west-1"}]}`), 0o600))
	require.Contains(t, good(t, "check", path), "\ngood: card local has no ENI, and drops every packet; ")
}

func TestCheckNamesPathAndReason(t *testing.T) {
	text, err := os.ReadFile("testdata/region.yaml")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(path, bytes.Replace(text, []byte("FromPort: 22, ToPort: 22"), []byte("FromPort: 90, ToPort: 80"), 1), 0o600))
	_, _, stderr := call(t, "check", path)
	require.Contains(t, stderr, "SecurityGroups[0] sg-web: IpPermissions[1]: FromPort 90 is above ToPort 80")
}

// A machine of any size begins with as many workers as one may ask for.
func TestUsualWorkers(t *testing.T) {
	for cpus, want := range map[int]int{1: 1, 2: 1, 8: 7, mostWorkers: mostWorkers - 1, 2 * mostWorkers: mostWorkers} {
		require.Equal(t, want, usualWorkers(cpus), "%d CPUs", cpus)
	}
}

func TestDefaultSocket(t *testing.T) {
	if os.Geteuid() == 0 {
		require.Equal(t, "/run/nitrocard/card.sock", ctl.DefaultSocket())
		return
	}
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/7")
	require.Equal(t, "/run/user/7/nitrocard/card.sock", ctl.DefaultSocket())
}

func TestAnExitStatusIsPassedOnWithoutWords(t *testing.T) {
	require.NoError(t, ended(0, nil))
	require.Equal(t, exitStatus(3), ended(3, nil))
	require.ErrorIs(t, ended(3, context.Canceled), context.Canceled)
}

// A program that asked for JSON gets it where a command fails, too.
func TestRefusalsInJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "misspelt.yaml")
	require.NoError(t, os.WriteFile(file, []byte("Vpcs: [{VpcId: vpc-1, CidrBlok: 10.0.0.0/16}]"), 0o600))
	status, stdout, stderr := call(t, "check", "--output", "json", file)
	require.Equal(t, 1, status)
	require.Contains(t, stderr, "there is no field")
	var got refused
	require.NoError(t, json.Unmarshal([]byte(stdout), &got))
	require.Equal(t, file, got.Problems[0].File)
	require.Contains(t, got.Problems[0].Reason, "there is no field")
}
