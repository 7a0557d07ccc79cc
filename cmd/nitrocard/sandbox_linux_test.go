package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"nitrocard/nic"
	"nitrocard/nic/ctl"
	"nitrocard/nic/vpc"
	"nitrocard/pmd"
	"nitrocard/pmd/dpdk"
	"nitrocard/pmd/pmdtest"
)

// cardProcess is a card of its own, in a network namespace of its own.
type cardProcess struct {
	*testing.T
	*exec.Cmd
	socket string
	log    bytes.Buffer
	links  *netlink.Handle // of the namespace
}

// startCard starts a card whose uplink is one end of a cable.
func startCard(t *testing.T, socket string, flags ...string) *cardProcess {
	if os.Geteuid() != 0 {
		pmdtest.Missing(t, "only root makes interfaces")
	}
	c := &cardProcess{T: t, socket: socket, Cmd: exec.Command("/proc/self/exe", flags...)}
	c.Env = append(os.Environ(), asProgram+"=1", "GORACE=atexit_sleep_ms=0")
	c.Stderr = &c.log
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: &syscall.Credential{Groups: []uint32{0, 1}}} // root's, of which another user keeps none
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with its namespace
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			c.links, err = netlink.NewHandle()
		}
		if err == nil {
			c.cable()
			err = c.Start()
		}
		started <- err
		if err == nil {
			c.Wait()
		}
		close(started)
	}()
	if err := <-started; errors.Is(err, unix.EPERM) {
		pmdtest.Missing(t, fmt.Sprintf("a network namespace: %v", err))
	} else {
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		c.Process.Signal(syscall.SIGTERM)
		<-started
		c.links.Close()
	})
	until(t, "the card is up", func() bool {
		status, _, _ := call(t, "get", "ports", "--socket", socket)
		return status == 0
	})
	return c
}

// cable plugs a cable in: up0, the uplink, and its other end.
func (c *cardProcess) cable() {
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "up0"}, PeerName: "up1"}
	require.NoError(c, c.links.LinkAdd(veth))
	for _, name := range []string{"up0", "up1"} {
		link, err := c.links.LinkByName(name)
		require.NoError(c, err)
		require.NoError(c, c.links.LinkSetUp(link))
	}
}

// comesAndGoes takes the uplink away and puts another one in its place.
func (c *cardProcess) comesAndGoes() {
	shows := func(link string) func() bool {
		row := regexp.MustCompile(`(?m)^uplink +afpacket:up0 +` + link + ` `)
		return func() bool { return row.MatchString(good(c.T, "get", "ports", "--socket", c.socket)) }
	}
	until(c.T, "the uplink is up", shows("up"))
	link, err := c.links.LinkByName("up0")
	require.NoError(c, err)
	require.NoError(c, c.links.LinkDel(link))
	until(c.T, "the uplink is gone", func() bool { return !shows("up")() })
	c.cable()
	until(c.T, "the uplink is back", shows("up"))
}

// status is a field of /proc/PID/status, the same on all threads.
func (c *cardProcess) status(field string) (value string) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", c.Process.Pid))
	require.NoError(c, err)
	seen := false
	for _, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH) {
			continue
		}
		require.NoError(c, err)
		_, rest, found := strings.Cut(string(text), "\n"+field+":\t")
		require.True(c, found, field)
		line, _, _ := strings.Cut(rest, "\n")
		if seen {
			require.Equal(c, value, line, "%s of %s", field, file)
		}
		value, seen = line, true
	}
	require.True(c, seen, "no thread of the card tells its %s", field)
	return value
}

// A card keeps what opening its ports again takes, and nothing else; and it opens
// them again.
func TestACardGivesItsRightsUp(t *testing.T) {
	f := newFiles(t)
	f.capture("empty.pcap")
	f.write("bare.yaml", "Vpcs: []\n")
	args := []string{"run", "--config", f.path("bare.yaml"), "--socket", f.socket, "--workers", "1", "--uplink", "afpacket:up0"}
	t.Run("as root", func(t *testing.T) {
		c := startCard(t, f.socket, args...)
		require.Equal(t, "1", c.status("NoNewPrivs"))
		for _, set := range []string{"CapEff", "CapPrm"} {
			require.Equal(t, "0000000000002000", c.status(set), "%s is CAP_NET_RAW", set)
		}
		require.Equal(t, "0000000000000000", c.status("CapInh"))
		require.Equal(t, "0000000000002000", c.status("CapBnd"))
		c.comesAndGoes()
		_, _, stderr := call(t, "apply", f.region("tap.yaml"), "--socket", f.socket)
		require.Contains(t, stderr, "This card had no tap port when it started and gave up the rights to open one: start it with --keep tap")
	})
	t.Run("as another user", func(t *testing.T) {
		require.NoError(t, os.Chmod(filepath.Dir(f.socket), 0o777|os.ModeSticky))
		c := startCard(t, f.socket, append(args, "--user", "nobody", "--keep", "tap")...)
		require.Equal(t, "65534\t65534\t65534\t65534", c.status("Uid"))
		require.Equal(t, "65534\t65534\t65534\t65534", c.status("Gid"))
		require.Empty(t, strings.TrimSpace(c.status("Groups")))
		require.Equal(t, "0000000000003000", c.status("CapEff"), "CAP_NET_ADMIN and CAP_NET_RAW")
		c.comesAndGoes()
		require.Contains(t, good(t, "apply", f.region("tap.yaml"), "--socket", f.socket), "in force")
	})
	t.Run("as a user who may not enter the socket's folder", func(t *testing.T) {
		require.NoError(t, os.Chmod(filepath.Dir(f.socket), 0o700))
		open, err := os.MkdirTemp("", "nc")
		require.NoError(t, err)
		defer os.RemoveAll(open)
		require.NoError(t, os.Chmod(open, 0o755))
		config := filepath.Join(open, "bare.yaml")
		require.NoError(t, os.WriteFile(config, []byte("Vpcs: []\n"), 0o644))
		var c *cardProcess
		t.Run("reads its configuration again", func(t *testing.T) {
			c = startCard(t, f.socket, append(args, "--config", config, "--user", "nobody")...)
			require.NoError(t, os.WriteFile(config, []byte("Vpcs: [{VpcId: vpc-1, CidrBlock: 10.0.0.0/16}]\n"), 0o644))
			require.NoError(t, c.Process.Signal(syscall.SIGHUP))
			until(t, "the new configuration is in force", func() bool {
				return strings.Contains(good(t, "get", "config", "--socket", f.socket), "vpc-1")
			})
		})
		require.Contains(t, c.log.String(), "the socket stays when this card ends")
		require.Contains(t, c.log.String(), `msg="configuration changed" config=`+config)
	})
	t.Run("with all rights", func(t *testing.T) {
		c := startCard(t, f.socket, append(args, "--no-sandbox")...)
		require.Equal(t, "0", c.status("NoNewPrivs"))
		require.Equal(t, "0", c.status("Seccomp"))
	})
}

// Root takes a folder back that a card of another user's left, unless a card answers there.
func TestRootTakesTheFolderBack(t *testing.T) {
	if os.Geteuid() != 0 {
		pmdtest.Missing(t, "only root gives folders away")
	}
	socket := newFiles(t).socket
	folder := filepath.Dir(socket)
	require.NoError(t, os.Chown(folder, 65534, 65534))
	living, err := ctl.Listen(socket, 65534)
	require.NoError(t, err)
	require.ErrorContains(t, takeBack(socket), "socket "+socket+": another card answers there already")
	require.NoError(t, living.Close())
	_, err = ctl.Listen(socket)
	require.ErrorContains(t, err, "belongs to another user")
	require.NoError(t, takeBack(socket))
	l, err := ctl.Listen(socket)
	require.NoError(t, err)
	require.NoError(t, l.Close())
}

// What the command line names is written later, too; what a configuration names is not.
func TestAConfigurationOpensNoWayOut(t *testing.T) {
	f := newFiles(t)
	cfg, err := vpc.Load(f.region("region.yaml", "Placement:", "Placement:\n  Ports: {eni-b1: \"pcap:b1.pcap,out=/,out=new.pcap\"}"))
	require.NoError(t, err)
	card, err := nic.New(cfg, nic.Options{})
	require.NoError(t, err)
	defer card.Close()
	o := &runOptions{
		socket: f.socket, eal: &ealOptions{}, uplink: "pcap:,out=up.pcap",
		guests: []string{"eni-a1=pcap:,out=a1.pcap,loop", "eni-a2=afpacket:a2"},
	}
	guests, err := o.guestPorts(cfg)
	require.NoError(t, err)
	keep := o.kept(card, guests)
	require.ElementsMatch(t, []string{"/dev/null", "/dev/net/tun", "up.pcap", "a1.pcap"}, keep.Files)
	require.Equal(t, []string{filepath.Dir(f.socket)}, keep.Folders)
	require.Equal(t, map[string]bool{"pcap": true, "afpacket": true}, guests.rights.kept)
}

// Who cannot open a port for want of rights hears which flag keeps the rights.
func TestThePortOfADriverThatWasNotKept(t *testing.T) {
	no := func() (pmd.Port, error) { return nil, errors.New("no") }
	some := &rights{kept: map[string]bool{"afpacket": true}}
	for _, c := range []struct {
		rights *rights
		port   string
		hint   bool
	}{{some, "tap:a", true}, {some, "dpdk:a", dpdk.Missing() == nil}, {some, "afpacket:a", false}, {some, "pcap:a", false}, {&rights{}, "tap:a", false}} {
		_, err := c.rights.opener(c.port, no)()
		require.Equal(t, c.hint, strings.Contains(err.Error(), "start it with --keep "), "%s: %v", c.port, err)
	}
}

// A card with DPDK keeps the rights of all drivers.
func TestACardWithDPDKKeepsAll(t *testing.T) {
	cfg, err := vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	card, err := nic.New(cfg, nic.Options{})
	require.NoError(t, err)
	defer card.Close()
	o := &runOptions{eal: &ealOptions{}, uplink: "dpdk:net_null0"}
	guests := &guestPorts{}
	require.True(t, o.kept(card, guests).Bare)
	require.Nil(t, guests.rights.kept)
}
