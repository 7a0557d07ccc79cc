package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"nitrocard/nic"
	"nitrocard/nic/follow"
	"nitrocard/nic/vpc"
)

// controlled are run's flags about a controller.
type controlled struct {
	by, host, keys, state string
	tls                   certificates
	lock                  *os.File // held until the process ends
}

// controlledFlags adds them. host says what --host names.
func controlledFlags(cmd *cobra.Command, o *controlled, host string) {
	flags := cmd.Flags()
	flags.StringVar(&o.by, "controller", "", "controller to follow instead of --config: the `path` of its socket, or https://HOST:PORT")
	flags.StringVar(&o.host, "host", "", host)
	flags.StringVar(&o.keys, "trust", "", "`file` with the public keys by which this host knows what its controller signed, or with a root document, which names them and who may change them")
	flags.StringVar(&o.state, "state", "", "`folder` for a copy of what the controller said, for the next start (default: /var/lib/nitrocard/card, or of another user than root nitrocard in XDG_STATE_HOME)")
	o.tls.flags(cmd, "controller-", "the controller")
	goWith(cmd, "controller", "host", "trust", "state", "controller-ca", "controller-cert", "controller-cert-key")
}

// defaultState is where programs of this user keep what outlives them (XDG Base Directory
// Specification).
func defaultState() string {
	if os.Geteuid() == 0 {
		return "/var/lib/nitrocard/card"
	}
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "nitrocard")
	}
	home, _ := os.UserHomeDir() // without one, the folder is refused when it is made
	return filepath.Join(home, ".local", "state", "nitrocard")
}

// check checks the flags.
func (o *controlled) check(cmd *cobra.Command) error {
	if o.by == "" {
		return needs(cmd, "config", "uplink")
	}
	if cmd.Flags().Changed("config") {
		return errors.New("--config and --controller: the configuration is one's or the other's")
	}
	if !strings.HasPrefix(o.by, "https://") && cmd.Flags().Changed("user") {
		return errors.New("--user and a controller's socket: that user may not open it; let the controller --listen, and give https://HOST:PORT")
	}
	o.state = cmp.Or(o.state, defaultState())
	return needs(cmd, "host", "trust", "uplink")
}

// follower follows the controller. It has a copy of what the controller said, if there is
// one.
func (o *controlled) follower(log *slog.Logger) (*follow.Client, error) {
	trust, err := follow.LoadTrust(o.keys)
	if err != nil {
		return nil, fmt.Errorf("--trust: %w", err)
	}
	config, err := o.tls.client()
	if err != nil {
		return nil, fmt.Errorf("--controller: %w", err)
	}
	connection, err := follow.Dial(o.by, config)
	if err != nil {
		return nil, fmt.Errorf("--controller: %w", err)
	}
	if err := os.MkdirAll(o.state, 0o700); err != nil {
		return nil, fmt.Errorf("--state: %w", err)
	}
	if err := o.own(); err != nil {
		return nil, fmt.Errorf("--state: %w", err)
	}
	if err := trust.Keep(filepath.Join(o.state, o.host+".roots")); err != nil {
		return nil, fmt.Errorf("--state: %w; if --trust was changed on purpose, remove this file", err)
	}
	f := follow.NewFollower(o.host, trust)
	path := filepath.Join(o.state, o.host+".region")
	kept := follow.NewCopy(path)
	if err := kept.Recall(f); err != nil {
		log.Error("the copy of what the controller said is not to be believed, and put aside; it waits for the controller", "error", err, "aside", path+".bad")
		if err := os.Rename(path, path+".bad"); err != nil {
			return nil, fmt.Errorf("--state: %w", err)
		}
		f, kept = follow.NewFollower(o.host, trust), follow.NewCopy(path)
	}
	if f.Revision() > 0 {
		log.Info("begins with the copy of what the controller said", "revision", f.Revision(), "age", time.Since(f.Issued()).Round(time.Second))
	}
	return &follow.Client{Card: o.host, Controller: connection, Follower: f, Copy: kept, Log: log, Now: time.Now, Wait: wait}, nil
}

// first is the configuration to begin with: the copy's, or the controller's once it
// answers.
func first(ctx context.Context, c *follow.Client) (*vpc.Config, error) {
	if c.Follower.Revision() == 0 {
		c.Log.Info("waits for the controller to say what it needs")
		if err := c.First(ctx); err != nil {
			return nil, err
		}
	}
	return c.Follower.Region().Config(), nil
}

// wait waits for a time, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// follows has a card follow a controller.
type follows struct {
	*nic.Card
	log *slog.Logger
}

// Region is as follow.Target says.
func (f follows) Region() *vpc.Region { return f.Policy().Region }

// Change is as follow.Target says.
func (f follows) Change(edits ...vpc.Edit) error {
	return f.Card.Follow(edits...)
}

// Resume is as follow.Target says.
func (f follows) Resume(eni string, records []byte) {
	taken, err := f.Card.Resume(eni, records)
	if err != nil {
		f.log.Warn("the connections that an ENI had on another card are not taken", "eni", eni, "error", err)
		return
	}
	f.log.Info("connections go on that an ENI had on another card", "eni", eni, "connections", taken)
}

// leave gives the card's copy to who comes next.
func (o *controlled) leave() {
	if o.lock != nil {
		o.lock.Close()
	}
}

// own has this process be the only one that writes the card's copy.
func (o *controlled) own() error {
	info, err := os.Stat(o.state)
	if err != nil {
		return err
	}
	if info.Mode()&0o022 != 0 {
		return fmt.Errorf("%s: others than its owner may write there, and what a card begins with is its own; mode 0700 is expected", o.state)
	}
	lock, err := os.OpenFile(filepath.Join(o.state, o.host+".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return errors.Join(fmt.Errorf("another card %s has its copy in %s: %w", o.host, o.state, err), lock.Close())
	}
	o.lock = lock
	return nil
}
