package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"nitrocard/nic"
	"nitrocard/nic/ctl"
	"nitrocard/nic/vpc"
	"nitrocard/pmd"
	"nitrocard/pmd/dpdk"
)

// runOptions are run's flags.
type runOptions struct {
	config, card, uplink, socket string
	guests                       []string
	connections, workers         int
	idleSleep                    time.Duration
	eal                          *ealOptions
}

func newRun() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run --config FILE|DIR --uplink PORT [--guest ENI=PORT ...]",
		Short: "Be a network card, until told to stop",
		Long: `Be a network card, until told to stop (SIGTERM, Ctrl-C). SIGHUP reads the
configuration again. An ENI without --guest is on the port that the
configuration's Placement says, or on a tap made for it.

PORT is ` + portUsage() + `.`,
		Example: `  nitrocard run --config region.yaml --uplink afpacket:eth0
  nitrocard run --config region.yaml --card x --uplink afpacket:eth0 --guest eni-a1=tap:a1`,
		Args:                  takes(0, 0, "flags only"),
		DisableFlagsInUseLine: true,
	}
	config, card, socket := configFlag(cmd), cardFlag(cmd), socketFlag(cmd)
	o.eal = ealFlag(cmd)
	cmd.Flags().StringVar(&o.uplink, "uplink", "", "`port` to the underlay")
	cmd.Flags().StringArrayVar(&o.guests, "guest", nil, "`ENI=port` of a guest; may be repeated")
	cmd.Flags().IntVar(&o.connections, "max-connections", nic.DefaultConnections, "`connections` tracked by all instances together")
	cmd.Flags().IntVar(&o.workers, "workers", 0, "`threads` that share the packets, several pinned to a CPU each (default: one per CPU but one)")
	cmd.Flags().DurationVar(&o.idleSleep, "idle-sleep", nic.DefaultIdleSleep, "`time` without traffic after which a worker sleeps until some comes; 0 never")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := needs(cmd, "config", "uplink"); err != nil {
			return err
		}
		if err := o.check(); err != nil {
			return err
		}
		o.config, o.card, o.socket = *config, *card, *socket
		return run(cmd.Context(), &o, cmd.ErrOrStderr())
	}
	return cmd
}

// mostWorkers is more than any card has queues for.
const mostWorkers = 64

// check tells what of the flags cannot be, and fills in what was left out.
func (o *runOptions) check() error {
	if o.workers < 0 || o.workers > mostWorkers {
		return fmt.Errorf("--workers %d: a number from 1 to %d is expected", o.workers, mostWorkers)
	}
	if o.workers == 0 {
		o.workers = max(runtime.NumCPU()-1, 1)
	}
	if o.idleSleep < 0 {
		return fmt.Errorf("--idle-sleep %v: a time from 0 on is expected", o.idleSleep)
	}
	return nil
}

// options are the card's.
func (o *runOptions) options() nic.Options {
	idle := o.idleSleep
	if idle == 0 {
		idle = -1
	}
	return nic.Options{Card: o.card, MaxConnections: o.connections, Workers: o.workers, IdleSleep: idle}
}

// run makes the card and its socket and works until ctx ends. The socket
// comes first: two cards on the same ports would disturb each other before
// either of them noticed.
func run(ctx context.Context, o *runOptions, stderr io.Writer) error {
	log := slog.New(slog.NewTextHandler(stderr, nil))
	cfg, err := vpc.Load(o.config)
	if err != nil {
		return err
	}
	uplink, err := opener(o.uplink, o.workers)
	if err != nil {
		return fmt.Errorf("--uplink: %w", err)
	}
	guests, err := o.guestPorts(cfg)
	if err != nil {
		return err
	}
	socket, err := ctl.Listen(o.socket)
	if err != nil {
		return err
	}
	defer socket.Close()
	if err := o.eal.start(); err != nil {
		return err
	}
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), o.workers+2)) // workers do not give theirs up; two are for all else
	options := o.options()
	options.Log, options.OpenPort = log, guests.open
	card, err := nic.New(cfg, options)
	if err != nil {
		return err
	}
	if err := card.Attach(nic.Uplink, uplink); err != nil {
		return errors.Join(fmt.Errorf("--uplink: %w", err), card.Close())
	}
	introduce(log, card, o)
	return work(ctx, card, ctl.Options{Listener: socket, Card: card, Log: log}, o)
}

// introduce logs what the card is and what of its configuration it does not
// enforce.
func introduce(log *slog.Logger, card *nic.Card, o *runOptions) {
	p := card.Policy()
	for _, n := range p.Notices {
		log.Warn("not enforced", "path", n.Path, "what", n.Text)
	}
	if memory := dpdk.Memory(); memory != "" {
		log.Info("DPDK is up", "memory", memory)
	}
	log.Info("card is up", "card", p.Card.Name, "enis", len(card.ENIs()), "uplink", o.uplink, "workers", o.workers, "socket", o.socket)
}

// work runs card and socket. The socket ends first: its requests read what
// the card gives back when it ends.
func work(ctx context.Context, card *nic.Card, o ctl.Options, opt *runOptions) error {
	serving, endServing := context.WithCancel(ctx)
	defer endServing()
	running, endRunning := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() {
		defer endRunning()
		served <- ctl.Serve(serving, o)
	}()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	go reload(serving, hangups, o.Log, opt)
	err := card.Run(running)
	endServing()
	if err := errors.Join(err, <-served); err != nil {
		return err
	}
	o.Log.Info("card is down")
	return nil
}

// reload applies the configuration anew with each SIGHUP. It does so through
// the socket, as every other writer.
func reload(ctx context.Context, hangups <-chan os.Signal, log *slog.Logger, o *runOptions) {
	card := ctl.Dial(o.socket)
	defer card.Close()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
		}
		cfg, err := vpc.Load(o.config)
		if err == nil {
			_, err = card.Apply(ctx, cfg)
		}
		if err != nil {
			log.Error("configuration not taken; the old one stays in force", "config", o.config, "error", err)
		}
	}
}

// guestPorts are the ports of --guest, by ENI.
type guestPorts map[string]guestPort

type guestPort struct {
	spec string
	open nic.Opener
}

// guestPorts reads --guest, and checks it against the ENIs of this card: a
// misspelt one would go unnoticed, and its guest get a tap.
func (o *runOptions) guestPorts(cfg *vpc.Config) (guestPorts, error) {
	policy, err := vpc.Compile(cfg, vpc.CompileOptions{Card: o.card})
	if err != nil {
		return nil, err
	}
	ports := guestPorts{}
	for _, g := range o.guests {
		eni, port, ok := strings.Cut(g, "=")
		if !ok {
			return nil, fmt.Errorf("--guest %s: ENI=PORT is expected, such as eni-a1=tap:a1", g)
		}
		if e := policy.ENI(eni); e == nil || !e.Local {
			return nil, fmt.Errorf("--guest %s: card %s has no ENI %s", g, policy.Card.Name, eni)
		}
		if _, has := ports[eni]; has {
			return nil, fmt.Errorf("--guest %s: %s has a port already", g, eni)
		}
		open, err := opener(port, 1)
		if err != nil {
			return nil, fmt.Errorf("--guest %s: %w", g, err)
		}
		ports[eni] = guestPort{port, open}
	}
	return ports, o.apart(policy, ports)
}

// apart holds each ENI and the uplink to a port of their own: two on one would
// hear each other's frames.
func (o *runOptions) apart(policy *vpc.Policy, ports guestPorts) error {
	owners := map[string]string{o.uplink: nic.Uplink}
	for _, e := range policy.ENIs {
		if e == nil || !e.Local {
			continue
		}
		port := cmp.Or(ports[e.ID].spec, e.Port)
		if other, taken := owners[port]; taken {
			return fmt.Errorf("%s is the port of both %s and %s; each needs one of its own", port, other, e.ID)
		}
		owners[port] = e.ID
	}
	return nil
}

// open names an ENI's port and gives its opener: as --guest says, or else as
// the configuration does.
func (ports guestPorts) open(e *vpc.ENI) (string, nic.Opener) {
	if g, ok := ports[e.ID]; ok {
		return g.spec, g.open
	}
	open, err := opener(e.Port, 1)
	if err != nil {
		return e.Port, func() (pmd.Port, error) { return nil, err }
	}
	return e.Port, open
}
