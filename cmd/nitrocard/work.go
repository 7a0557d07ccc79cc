package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"nitrocard/nic"
	"nitrocard/nic/ctl"
	"nitrocard/nic/vpc"
	"nitrocard/pmd/dpdk"
)

// run makes the card and its socket and works until ctx ends. The socket
// comes first: two cards on the same ports would disturb each other before
// either of them noticed.
func run(ctx context.Context, o *runOptions, stderr io.Writer) error {
	o.hangups = make(chan os.Signal, 1) // from here on a SIGHUP does not end the program
	signal.Notify(o.hangups, syscall.SIGHUP)
	defer signal.Stop(o.hangups)
	survivePipes()
	lines := newLogLines(stderr)
	defer lines.Close()
	log := slog.New(slog.NewTextHandler(lines, nil))
	defer o.controlled.leave()
	cfg, err := o.configuration(ctx, log)
	if err != nil && ctx.Err() != nil {
		return nil // told to stop while the controller said nothing
	}
	if err != nil {
		return err
	}
	ports, err := o.ports(cfg)
	if err != nil {
		return err
	}
	socket, err := o.listen()
	if err != nil {
		return err
	}
	defer socket.Close()
	if err := o.eal.start(); err != nil {
		return err
	}
	card, err := o.newCard(ctx, cfg, ports, log)
	if err != nil {
		return err
	}
	introduce(log, card, o)
	if err := o.enterSandbox(ctx, card, ports.guests, log); err != nil {
		return errors.Join(err, card.Close())
	}
	return work(ctx, card, ctl.Options{Listener: socket, Card: card, Follows: o.controlled.by, Access: o.access, Log: log}, o)
}

// listen makes the control socket, which is its groups' and nobody else's. The folder of
// the default socket is made, too.
func (o *runOptions) listen() (net.Listener, error) {
	if o.socket == ctl.DefaultSocket() {
		if err := errors.Join(ctl.Folder(filepath.Dir(o.socket)), takeBack(o.socket)); err != nil {
			return nil, fmt.Errorf("--socket: %w", err)
		}
	}
	socket, err := ctl.Listen(o.socket, o.sandbox.owners()...)
	if err != nil {
		return nil, err
	}
	if err := o.access.Grant(o.socket); err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return socket, nil
}

// newCard makes the card on its ports. An edge speaks BGP before it works.
func (o *runOptions) newCard(ctx context.Context, cfg *vpc.Config, ports *cardPorts, log *slog.Logger) (*nic.Card, error) {
	options := o.options()
	options.Log, options.OpenPort = log, ports.guests.open
	if o.edge != nil {
		var err error
		if options.Edge, err = o.edge.internet(); err != nil {
			return nil, err
		}
	}
	card, err := nic.New(cfg, options)
	if err != nil {
		return nil, err
	}
	err = ports.attach(card)
	if err == nil && o.edge != nil {
		err = o.edge.speak(ctx, options.Edge, log)
	}
	if err != nil {
		return nil, errors.Join(err, card.Close())
	}
	return card, nil
}

// configuration is the one to begin with.
func (o *runOptions) configuration(ctx context.Context, log *slog.Logger) (*vpc.Config, error) {
	if o.controlled.by == "" {
		return o.reading.Load(o.config)
	}
	var err error
	if o.follower, err = o.controlled.follower(log); err != nil {
		return nil, err
	}
	return first(ctx, o.follower)
}

// reload is the configuration after a SIGHUP.
func (o *runOptions) reload() (*vpc.Config, error) {
	if o.follower != nil {
		return nil, errors.New("this card follows a controller, which says by itself what has changed")
	}
	return o.reading.Load(o.config)
}

// introduce logs what the card is and what of its configuration it does not
// enforce.
func introduce(log *slog.Logger, card *nic.Card, o *runOptions) {
	p := card.Policy()
	if o.follower == nil { // a controller tells those of the whole region
		logNotices(log, p.Notices())
	}
	if memory := dpdk.Memory(); memory != "" {
		log.Info("DPDK is up", "memory", memory)
	}
	if o.edge != nil {
		log.Info("edge is up", "addresses", o.edge.addresses, "announces", len(card.Prefixes()), "uplink", o.uplink, "port", o.edge.port, "workers", o.workers, "socket", o.socket)
		return
	}
	enis := 0
	for range p.All() {
		enis++
	}
	log.Info("card is up", "card", p.Card.Name, "enis", enis, "uplink", o.uplink, "workers", o.workers, "socket", o.socket)
}

// work runs card and socket. The socket ends first: its requests read what
// the card gives back when it ends.
func work(ctx context.Context, card *nic.Card, o ctl.Options, opt *runOptions) error {
	serving, endServing := context.WithCancel(ctx)
	if opt.edge != nil {
		serving, endServing = context.WithCancel(context.WithoutCancel(ctx))
		go opt.edge.serve(ctx, card, func() error { return opt.lost(card) }, o.Log, endServing)
		if opt.edge.speaker != nil {
			defer opt.edge.speaker.Close()
			o.More = opt.edge.offer
		}
	}
	defer endServing()
	running, endRunning := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() {
		defer endRunning()
		served <- ctl.Serve(serving, o)
	}()
	if opt.follower != nil {
		opt.follower.Follower.Hand(follows{card, o.Log})
		var following sync.WaitGroup
		following.Go(func() { opt.follower.Run(serving) })
		defer following.Wait()
		defer endServing()
	}
	again := reloader{path: opt.config, load: opt.reload, apply: card.Apply, log: o.Log}
	go again.run(serving, opt.hangups)
	err := card.Run(running)
	endServing()
	if err := errors.Join(err, <-served); err != nil {
		return err
	}
	o.Log.Info("card is down")
	return nil
}
