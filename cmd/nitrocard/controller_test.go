package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// program is a command that works until the test ends it.
type program struct {
	sync.WaitGroup
	end    context.CancelFunc
	log    said
	status int
}

// said is what a program says, for a test that listens meanwhile.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// start runs a command line until it is ended.
func start(t *testing.T, args ...string) *program {
	p := &program{}
	ctx, cancel := context.WithCancel(t.Context())
	p.end = cancel
	p.Go(func() { p.status = execute(ctx, args, &p.log, &p.log) })
	t.Cleanup(func() { p.stop(t) })
	return p
}

// stop ends the command, which must end well.
func (p *program) stop(t *testing.T) {
	p.end()
	p.Wait()
	require.Zero(t, p.status, p.log.String())
}

// A card that follows a controller takes what is changed there, refuses to be changed by
// hand, begins with its copy while no controller answers, and goes on with the next one.
func TestACardFollowsAController(t *testing.T) {
	f := newFiles(t)
	data := filepath.Join(filepath.Dir(f.socket), "d")
	socket := filepath.Join(filepath.Dir(f.socket), "c")
	args := f.runArgs()
	card := append([]string{"run", "--controller", socket, "--host", "x", "--trust", filepath.Join(data, "keys.pem"), "--state", f.path("state")}, args[3:]...)
	rack := []string{"172.16.0.11/24}", "172.16.0.11/24, Rack: r1, AvailabilityZone: eu-central-1a}"}
	region := f.region("region.yaml", rack...)

	controller := start(t, "controller", "--data", data, "--socket", socket, "--config", region)
	ask := func(args ...string) string { return good(t, append(args, "--socket", socket)...) }
	until(t, "the controller has the region", func() bool {
		status, out, _ := call(t, "get", "hosts", "--socket", socket)
		return status == 0 && strings.Contains(out, "r1")
	})
	_, _, none := call(t, "get", "enis", "--socket", socket)
	require.Contains(t, none, "there is no /v1/enis; there are security-groups, network-acls, hosts, config and dry-run under /v1", "of a controller")
	running := start(t, card...)
	get := func(args ...string) string { return good(t, append([]string{"get", "--socket", f.socket}, args...)...) }
	until(t, "the card answers", f.answers)
	until(t, "all packets are through", func() bool { return strings.Contains(get("ports", "eni-a1"), "3         1     0         2") })
	until(t, "the card has reported", func() bool { return strings.Contains(ask("get", "hosts", "x"), "yes        1         0") })

	shut := f.region("shut.yaml", append([]string{"FromPort: 22, ToPort: 22", "FromPort: 23, ToPort: 23"}, rack...)...)
	until(t, "the card has answered a dry run in time", func() bool {
		_, dry, _ := call(t, "apply", shut, "--dry-run", "--socket", socket)
		return strings.Contains(dry, "against revision 1, told by the card concerned, at ")
	})
	require.Contains(t, ask("check", shut), "~ SecurityGroups sg-web\nwould change: 0 added, 1 changed, 0 removed\n")
	require.Equal(t, "~ SecurityGroups sg-web\nstored as revision 2: 0 added, 1 changed, 0 removed\n", ask("apply", shut))
	until(t, "the change is in force", func() bool { return strings.Contains(get("config", "sg-web"), "ToPort: 23") })
	_, _, stderr := call(t, "apply", shut, "--socket", f.socket)
	require.Contains(t, stderr, "this card follows the controller at "+socket)

	controller.stop(t)
	require.Contains(t, get("config", "sg-web"), "ToPort: 23", "the card goes on")
	running.stop(t)
	running = start(t, card...)
	until(t, "the card answers", f.answers)
	require.Contains(t, get("config", "sg-web"), "ToPort: 23", "from its copy")

	start(t, "controller", "--data", data, "--socket", socket)
	until(t, "the card has reported", func() bool {
		status, out, _ := call(t, "get", "hosts", "--socket", socket)
		return status == 0 && strings.Contains(out, "yes        2         0")
	})
	ask("apply", region)
	until(t, "the change is in force", func() bool { return strings.Contains(get("config", "sg-web"), "ToPort: 22") })
	running.stop(t)
	require.Contains(t, running.log.String(), "begins with the copy of what the controller said")
}

// A wrong line is told with what would be right.
func TestControllerErrors(t *testing.T) {
	for _, c := range []struct{ line, says string }{
		{"controller", "controller needs --data"},
		{"controller --data d --listen :1", "controller needs --cert"},
		{"run --controller c --config x --uplink tap:u", "the configuration is one's or the other's"},
		{"run --controller c --host x --uplink tap:u", "run needs --trust"},
		{"run --controller ftp://c --host x --trust testdata/keys.pem --uplink tap:u", "testdata/keys.pem: no such file"},
	} {
		_, _, stderr := call(t, strings.Fields(c.line)...)
		require.Contains(t, stderr, c.says, c.line)
	}
}
