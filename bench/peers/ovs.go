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
		func() error { return o.load("br-int", trackFlows()...) },
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
	if err := o.configure("dpdk-init=true", "dpdk-lcore-mask=0x1", "pmd-cpu-mask=0x2",
		"dpdk-extra=--no-huge --no-pci --legacy-mem -m 1024"); err != nil {
		return err
	}
	o.switchd = o.command(vswitchd, "unix:"+o.socket("db.sock"), "--unixctl="+o.socket("switch.ctl"),
		"--no-chdir", "-vconsole:off", "--log-file="+o.socket("switch.log"))
	return o.switchd.Start()
}

// configure sets options of the switch.
func (o *ovs) configure(options ...string) error {
	args := []string{"--no-wait", "set", "Open_vSwitch", "."}
	for _, opt := range options {
		key, value, _ := strings.Cut(opt, "=")
		args = append(args, fmt.Sprintf("other_config:%s=%q", key, value))
	}
	return o.vsctl(args...)
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

// bridges makes both, the tunnels' ends, and the output where it belongs. One
// VXLAN port receives from anywhere, the other sends to another VTEP.
func (o *ovs) bridges(wrap bool) error {
	at := "br-int"
	if wrap {
		at = "br-phy"
	}
	return o.vsctl(strings.Fields(fmt.Sprintf(`
		add-br br-phy -- set bridge br-phy datapath_type=netdev fail-mode=secure other-config:hwaddr=%s
		-- add-br br-int -- set bridge br-int datapath_type=netdev fail-mode=secure
		-- add-port br-int in -- set interface in type=vxlan options:remote_ip=flow options:key=flow ofport_request=%d
		-- add-port br-int out -- set interface out type=vxlan options:remote_ip=%s options:key=flow ofport_request=%d
		-- add-port %s output -- set interface output type=dpdk options:dpdk-devargs=%s mtu_request=2000 ofport_request=%d`,
		cardMAC, inPort, otherVTEP, outPort, at, o.output, outputPort))...)
}

// The underlay's addresses: the card's, as in nitrocard's benchmark, and of
// another VTEP that wrapped frames go to.
const (
	cardMAC   = "02:00:00:00:ff:01"
	cardVTEP  = "198.18.0.1/24"
	otherVTEP = "198.18.0.2"
	otherMAC  = "02:00:00:00:ff:03"
)

// underlay gives the tunnels' end its address, and the other one a MAC.
func (o *ovs) underlay() error {
	link, err := netlink.LinkByName("br-phy")
	if err != nil {
		return err
	}
	addr, err := netlink.ParseAddr(cardVTEP)
	if err != nil {
		return err
	}
	if err := errors.Join(netlink.AddrAdd(link, addr), netlink.LinkSetUp(link)); err != nil {
		return err
	}
	if err := o.until("OVS has a route to "+otherVTEP, func() (bool, error) {
		routes, err := o.appctl("ovs/route/show")
		return strings.Contains(routes, "198.18.0.0/24"), err
	}); err != nil {
		return err
	}
	_, err = o.appctl("tnl/arp/set", "br-phy", otherVTEP, otherMAC)
	return err
}

// connect plays the handshake. Each part comes again and again until the switch
// has seen all of it: it loses the first frames of a new port.
func (o *ovs) connect() error {
	seen := []func() (bool, error){o.tracked, o.established}
	for i, file := range o.handshake {
		if err := o.addPort("handshake", input(fmt.Sprintf("net_pcap%d", 1+i), file), handshakePort); err != nil {
			return err
		}
		if err := o.until(fmt.Sprintf("OVS has %d connections", o.flows), seen[i]); err != nil {
			return err
		}
		if err := o.vsctl("del-port", "handshake"); err != nil {
			return err
		}
	}
	return nil
}

// plug starts the input.
func (o *ovs) plug() error { return o.addPort("data", o.data, dataPort) }

// addPort adds a DPDK device to the underlay.
func (o *ovs) addPort(name, device string, number int) error {
	return o.vsctl("add-port", "br-phy", name, "--", "set", "interface", name, "type=dpdk",
		"options:dpdk-devargs="+device, fmt.Sprintf("ofport_request=%d", number))
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
