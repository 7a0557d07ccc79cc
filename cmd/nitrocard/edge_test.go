package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// edgeArgs is an edge between captures: the internet opens connections to b1 and to an address
// that nobody has.
func (f *files) edgeArgs() []string {
	to := func(addr string) []byte {
		return wiretest.TCP("198.51.100.7:40000", addr+":80").Flags(wire.TCPSyn).MACs(wire.MAC{2, 0, 0, 0, 9, 9}, wire.Broadcast).Bytes()
	}
	return []string{
		"edge", "--socket", f.socket, "--workers", "1", "--no-sandbox", "--address", "203.0.113.1/24", "--gateway", "203.0.113.254",
		"--uplink", "pcap:" + f.capture("up.pcap") + ",out=" + f.path("up-out.pcap"),
		"--port", "pcap:" + f.capture("in.pcap", to("54.168.7.7"), to("54.168.7.9")),
	}
}

// An edge follows a controller as a card does: it takes what changes, refuses to be changed by
// hand, begins with its copy while no controller answers, and leaves when it is named no more.
func TestAnEdgeFollowsAController(t *testing.T) {
	f := newFiles(t)
	data, socket := filepath.Join(filepath.Dir(f.socket), "d"), filepath.Join(filepath.Dir(f.socket), "c")
	named := []string{"  Edge: {", "  Edges: [{Name: e, Rack: r7, AvailabilityZone: eu-central-1b}]\n  Edge: {"}
	region := f.region("region.yaml", named...)
	edge := append(f.edgeArgs(), "--controller", socket, "--host", "e", "--trust", filepath.Join(data, "keys.pem"), "--state", f.path("state"))
	controller := start(t, "controller", "--data", data, "--socket", socket, "--config", region)
	hosts := func() string { _, out, _ := call(t, "get", "hosts", "e", "--socket", socket); return out }
	until(t, "the controller has the region", func() bool { return strings.Contains(hosts(), "r7") })

	running := start(t, edge...)
	get := func(args ...string) string { return good(t, append([]string{"get", "--socket", f.socket}, args...)...) }
	until(t, "the edge answers", f.answers)
	until(t, "the edge has reported", func() bool { return strings.Contains(hosts(), "yes        1         0") })
	require.Regexp(t, `(?m)^e +edge +eu-central-1b +r7 +172.16.0.1 +2 `, hosts())
	config := get("config")
	require.Contains(t, config, "PublicIp: 54.168.7.7")
	require.NotContains(t, config, "SecurityGroups")
	require.NotContains(t, config, "RouteTables")
	_, _, stderr := call(t, "apply", region, "--socket", f.socket)
	require.Contains(t, stderr, "this card follows the controller at "+socket)

	good(t, "apply", f.region("moved.yaml", append([]string{"54.168.7.7", "54.168.7.9"}, named...)...), "--socket", socket)
	until(t, "the address is another", func() bool { return strings.Contains(get("config"), "PublicIp: 54.168.7.9") })
	controller.stop(t)
	running.stop(t)
	running = start(t, edge...)
	until(t, "the edge answers", f.answers)
	require.Contains(t, get("config"), "PublicIp: 54.168.7.9", "from its copy")
	until(t, "the edge says how old that is", func() bool { return strings.Contains(running.log.String(), "age=") })
	require.NotContains(t, running.log.String(), "lost the region")

	start(t, "controller", "--data", data, "--socket", socket)
	until(t, "the edge has reported", func() bool { return strings.Contains(hosts(), "yes        2         0") })
	good(t, "apply", f.region("unnamed.yaml", "54.168.7.7", "54.168.7.9"), "--socket", socket)
	until(t, "the edge leaves", func() bool {
		return strings.Contains(running.log.String(), `the edge has lost the region: it withdraws its prefixes, and leaves the tunnel end to other edges" error="Edges of the controller's Placement has no \"e\""`)
	})
	good(t, "apply", f.region("named.yaml", append([]string{"54.168.7.7", "54.168.7.9"}, named...)...), "--socket", socket)
	until(t, "the edge comes back", func() bool { return strings.Contains(running.log.String(), "the edge has the region again") })
}

// A wrong line of an edge is told with what would be right.
func TestEdgeErrors(t *testing.T) {
	for _, c := range []struct{ line, says string }{
		{"edge --config x --uplink tap:u", "edge needs --port"},
		{"edge --controller c --config x --host e --uplink tap:u --port tap:p", "the configuration is one's or the other's"},
		{"edge --controller c --host e --uplink tap:u --port tap:p --address 203.0.113.1/24", "edge needs --trust"},
	} {
		_, _, stderr := call(t, strings.Fields(c.line)...)
		require.Contains(t, stderr, c.says, c.line)
	}
}
