package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"nitrocard/nic"
	"nitrocard/nic/ctl"
	"nitrocard/nic/sandbox"
	"nitrocard/pmd"
	"nitrocard/pmd/afpacket"
	"nitrocard/pmd/dpdk"
	"nitrocard/pmd/pcap"
)

// sandboxOptions are run's flags about rights.
type sandboxOptions struct {
	off  bool
	user *sandbox.User
	keep driverNames
}

func sandboxFlags(cmd *cobra.Command, o *sandboxOptions) {
	cmd.Flags().BoolVar(&o.off, "no-sandbox", false, "keep all rights, for debuggers")
	cmd.Flags().Var(account{&o.user}, "user", "`user` to become once the ports are open; needs root")
	cmd.Flags().Var(&o.keep, "keep", "`driver` whose rights are kept for ports to come, such as tap; may be repeated")
}

// owners are the users who may own the socket's folder.
func (o *sandboxOptions) owners() []int {
	if o.user == nil {
		return nil
	}
	return []int{o.user.UID}
}

// account is a flag's value: a user of this system.
type account struct{ to **sandbox.User }

func (a account) Type() string { return "user" }

func (a account) String() string {
	if a.to == nil || *a.to == nil {
		return ""
	}
	return (*a.to).Name
}

func (a account) Set(name string) error {
	found, err := user.Lookup(name)
	if err != nil {
		return errors.New("there is no such user here; `useradd --system nitrocard` makes one")
	}
	uid, err := strconv.Atoi(found.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(found.Gid)
	*a.to = &sandbox.User{Name: found.Username, UID: uid, GID: gid}
	return err
}

// driverNames are a flag's values: drivers of this build.
type driverNames []string

func (d *driverNames) Type() string   { return "driver" }
func (d *driverNames) String() string { return strings.Join(*d, ",") }

func (d *driverNames) Set(name string) error {
	if !slices.ContainsFunc(drivers(afpacket.DefaultRing), func(d driver) bool { return d.name == name }) {
		return errors.New("afpacket, tap, dpdk or pcap is expected")
	}
	*d = append(*d, name)
	return nil
}

// ownKey is where a context says that the process is a card's own.
type ownKey struct{}

// ownProcess says that a card may take this process's rights away.
func ownProcess(ctx context.Context) context.Context { return context.WithValue(ctx, ownKey{}, true) }

// rights are the drivers whose ports can be opened again. The zero value: all.
type rights struct {
	kept map[string]bool
}

// opener says of a port that cannot be opened any more why that is so.
func (r *rights) opener(port string, open nic.Opener) nic.Opener {
	name, _, _ := strings.Cut(port, ":")
	if r.kept == nil || r.kept[name] {
		return open
	}
	return func() (pmd.Port, error) {
		p, err := open()
		if err != nil && keepable(name) {
			err = fmt.Errorf("%w. This card had no %s port when it started and gave up the rights to open one: start it with --keep %s", err, name, name)
		}
		return p, err
	}
}

// keepable tells whether --keep helps a driver to open ports: a capture takes no rights,
// and a build without DPDK has no such ports.
func keepable(name string) bool {
	return name != "pcap" && (name != "dpdk" || dpdk.Missing() == nil)
}

// driverNeeds are the capabilities that opening a driver's port takes.
func driverNeeds(name string) []sandbox.Capability {
	for _, d := range drivers(afpacket.DefaultRing) {
		if d.name == name {
			return d.needs
		}
	}
	return nil
}

// enterSandbox takes from the process what the card's ports do not need.
func (o *runOptions) enterSandbox(ctx context.Context, card *nic.Card, guests *guestPorts, log *slog.Logger) error {
	switch {
	case o.sandbox.off:
		log.Warn("no sandbox: the card keeps all rights")
		return nil
	case ctx.Value(ownKey{}) == nil:
		return nil
	}
	keep := o.kept(card, guests)
	if keep.Bare && keep.User != nil {
		return fmt.Errorf("--user %s: a card with DPDK ports stays who started it, as DPDK's memory and devices are that user's; leave --user out", keep.User.Name)
	}
	if keep.User != nil {
		if err := o.handOver(keep.User); err != nil {
			return err
		}
	}
	report, err := sandbox.Enter(keep)
	if err != nil {
		return fmt.Errorf("%w; --no-sandbox runs the card with all rights", err)
	}
	log.Info("sandbox", "done", strings.Join(report.Done, ", "), "kept", strings.Join(report.Kept, ", "))
	if len(report.Lacks) > 0 {
		log.Warn("this kernel has less to offer", "without", strings.Join(report.Lacks, ", "))
	}
	if folder := filepath.Dir(o.socket); unix.Access(folder, unix.W_OK|unix.X_OK) != nil {
		log.Warn("the socket stays when this card ends: the card's user may not remove files in its folder; give the user a folder", "folder", folder)
	}
	return nil
}

// kept is what the card's ports need to be opened again.
func (o *runOptions) kept(card *nic.Card, guests *guestPorts) sandbox.Options {
	keep := sandbox.Options{User: o.sandbox.user, Folders: []string{filepath.Dir(o.socket)}, Files: []string{"/dev/null", "/dev/net/tun"}}
	if o.follower != nil {
		keep.Folders = append(keep.Folders, o.controlled.state)
	}
	if o.pcapDir != "" {
		keep.Folders = append(keep.Folders, o.pcapDir)
	}
	ports := []string{o.uplink}
	if o.edge != nil {
		ports = append(ports, o.edge.port)
	}
	for _, g := range guests.given {
		ports = append(ports, g.spec)
	}
	for _, port := range ports {
		if name, spec, _ := strings.Cut(port, ":"); name == "pcap" && pcap.Out(spec) != "" {
			keep.Files = append(keep.Files, pcap.Out(spec))
		}
	}
	for e := range card.Policy().All() { // of the configuration's ports the drivers alone count: its author may be a stranger
		ports = append(ports, guests.spec(e))
	}
	guests.rights.kept = map[string]bool{}
	for _, driver := range o.sandbox.keep {
		guests.rights.kept[driver] = true
	}
	for _, port := range ports {
		name, _, _ := strings.Cut(port, ":")
		guests.rights.kept[name] = true
	}
	for name := range guests.rights.kept {
		keep.Capabilities = append(keep.Capabilities, driverNeeds(name)...)
	}
	if keep.Bare = guests.rights.kept["dpdk"] || len(*o.eal) > 0; keep.Bare {
		guests.rights.kept = nil // all
	}
	return keep
}

// handOver gives the card's user the socket, and the folder that is the card's own.
func (o *runOptions) handOver(u *sandbox.User) error {
	files, group := []string{o.socket}, -1
	if o.socket == ctl.DefaultSocket() {
		files = append(files, filepath.Dir(o.socket))
	}
	if o.access.Readers == nil && o.access.Writers == nil {
		group = u.GID
	}
	if o.follower != nil {
		kept, err := filepath.Glob(filepath.Join(o.controlled.state, o.controlled.host+".region*"))
		if err != nil {
			return err
		}
		files = append(append(files, o.controlled.state), kept...)
	}
	for _, file := range files {
		if err := os.Lchown(file, u.UID, group); err != nil {
			return fmt.Errorf("--user %s: %w", u.Name, err)
		}
	}
	return nil
}

// takeBack gives root the folder of a socket that a card of another user had (handOver).
// A card that still answers there keeps the folder.
func takeBack(socket string) error {
	folder := filepath.Dir(socket)
	info, err := os.Lstat(folder)
	if err != nil || os.Geteuid() != 0 || info.Sys().(*syscall.Stat_t).Uid == 0 {
		return err
	}
	if err := ctl.Vacant(socket); err != nil {
		return fmt.Errorf("socket %s: %w", socket, err)
	}
	return os.Lchown(folder, 0, 0)
}
