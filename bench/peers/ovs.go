package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
)

// The daemon with DPDK in it, as Debian has it, and what its database is like.
const (
	vswitchd = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
	schema   = "/usr/share/openvswitch/vswitch.ovsschema"
)

// ovs is OVS-DPDK with two bridges: br-phy has the underlay's ports and the
// tunnels' end, br-int what is in the tunnels.
type ovs struct {
	*shell
	dir          string
	db, switchd  *exec.Cmd
	flows        int
	handshake    []string
	data, output string // devices
}

// startOVS starts its daemons, and a region whose flows are established.
func (p *peers) startOVS(c *capture, t task) (*ovs, error) {
	dir, err := os.MkdirTemp(p.dir, "ovs")
	if err != nil {
		return nil, err
	}
	s := *p.shell
	s.env = []string{"OVS_RUNDIR=" + dir, "OVS_LOGDIR=" + dir, "OVS_DBDIR=" + dir}
	o := &ovs{shell: &s, dir: dir, flows: c.flows, handshake: c.handshake, data: t.input, output: t.output}
	for _, step := range []func() error{
		o.startDatabase,
		o.startSwitch,
		func() error { return o.bridges(t.wrap) },
		o.underlay,
		func() error { return o.load("br-phy", underlayFlows()...) },
		func() error { return o.load("br-int", trackFlows(c.enis)...) },
		o.connect,
		func() error { return o.load("br-int", passFlow(t.wrap)) },
		o.plug,
	} {
		if err := step(); err != nil {
			return nil, errors.Join(o.explain(err), o.end())
		}
	}
	return o, nil
}

// task is what an OVS does with the input's frames.
type task struct {
	wrap          bool   // wrap them again, or deliver them
	input, output string // devices
}

// socket is a file of the daemons.
func (o *ovs) socket(name string) string { return filepath.Join(o.dir, name) }

func (o *ovs) startDatabase() error {
	if _, err := o.ask("ovsdb-tool", "create", o.socket("conf.db"), schema); err != nil {
		return err
	}
	o.db = o.command("ovsdb-server", o.socket("conf.db"), "--remote=punix:"+o.socket("db.sock"), "--unixctl="+o.socket("db.ctl"),
		"--no-chdir", "-vconsole:off", "--log-file="+o.socket("db.log"))
	if err := o.db.Start(); err != nil {
		return err
	}
	return o.until("ovsdb-server answers", func() (bool, error) {
		_, err := os.Stat(o.socket("db.sock"))
		return err == nil, nil
	})
}

// startSwitch starts the daemon whose one polling thread is on CPU 1. Without
// legacy memory it would ask for what is not to be had without huge pages. Its
// pool is of 262,144 frames, come what may.
func (o *ovs) startSwitch() error {
	start := configuration("dpdk-init=true", "dpdk-lcore-mask=0x1", "pmd-cpu-mask=0x2", "dpdk-extra=--no-huge --no-pci --legacy-mem -m 1024")
	if err := o.vsctl(append([]string{"--no-wait"}, start...)...); err != nil {
		return err
	}
	o.switchd = o.command(vswitchd, "unix:"+o.socket("db.sock"), "--unixctl="+o.socket("switch.ctl"),
		"--no-chdir", "-vconsole:off", "--log-file="+o.socket("switch.log"))
	return o.switchd.Start()
}

// configuration sets options of the switch.
func configuration(options ...string) []string {
	args := []string{"set", "Open_vSwitch", "."}
	for _, opt := range options {
		key, value, _ := strings.Cut(opt, "=")
		args = append(args, fmt.Sprintf("other_config:%s=%q", key, value))
	}
	return args
}

// vsctl changes the database, and waits until the switch is so. That a port
// cannot be had is no error to ovs-vsctl; it says so.
func (o *ovs) vsctl(args ...string) error {
	_, complaint, err := o.hear(append([]string{"ovs-vsctl", fmt.Sprintf("--timeout=%.0f", patience.Seconds()), "--db=unix:" + o.socket("db.sock")}, args...)...)
	if err == nil && strings.Contains(complaint, "Error detected") {
		err = errors.New(strings.TrimSpace(complaint))
	}
	return err
}

func (o *ovs) appctl(args ...string) (string, error) {
	return o.ask(append([]string{"ovs-appctl", "--target=" + o.socket("switch.ctl")}, args...)...)
}

// explain adds what the daemon complained of last to an error.
func (o *ovs) explain(err error) error {
	log, _ := os.ReadFile(o.socket("switch.log"))
	var last string
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, "|ERR|") || strings.Contains(line, "|EMER|") {
			last = strings.TrimSpace(line)
		}
	}
	if last == "" {
		return err
	}
	return fmt.Errorf("%w (OVS says: %s)", err, last)
}

// end stops the daemons and forgets them, and the interfaces they leave for
// when they come back.
func (o *ovs) end() error {
	var errs []error
	for _, c := range []*exec.Cmd{o.switchd, o.db} {
		if c != nil {
			errs = append(errs, end(c))
		}
	}
	for _, name := range []string{"br-phy", "br-int", "ovs-netdev"} {
		if link, err := netlink.LinkByName(name); err == nil {
			errs = append(errs, netlink.LinkDel(link))
		}
	}
	return errors.Join(append(errs, os.RemoveAll(o.dir))...)
}
