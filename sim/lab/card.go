//go:build linux

package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"nitrocard/nic"
	"nitrocard/nic/ctl"
	"nitrocard/sim/netlab"
)

// runDir holds sockets and logs of the cards. It is the cage's own tmpfs.
const runDir = "/run/nitrocard"

// patience is for one thing that takes seconds at most on an idle machine: a
// check, a card's start and its end. On a busy one it only waits for a CPU.
const patience = 10 * time.Minute

// pollEvery is how often the lab looks whether what it waits for has come.
const pollEvery = 20 * time.Millisecond

// card is a running nitrocard: the program itself, a process on its server.
type card struct {
	*ctl.Client
	name string
	cmd  *exec.Cmd
	log  string        // file
	end  chan struct{} // closed when the process ended
}

// startCard runs a card on the server with one port a guest and waits until
// its control socket answers.
func (w *world) startCard(ctx context.Context, name, config string) (*card, error) {
	socket := cardSocket(name)
	args := []string{"run", "--config", config, "--card", name, "--uplink", w.region.port(0, uplink), "--socket", socket}
	args = append(args, w.region.reading.Flags()...)
	for i, g := range w.region.guests {
		if g.Card == name {
			args = append(args, "--guest", g.ENI+"="+w.region.port(1+i, g.Nick))
		}
	}
	c := &card{Client: ctl.Dial(socket), name: name, log: runDir + "/" + name + ".log", end: make(chan struct{})}
	if err := c.start(w.servers[name], args); err != nil {
		return nil, fmt.Errorf("card %s: %w", name, err)
	}
	if err := c.ready(ctx); err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

func cardSocket(name string) string { return runDir + "/" + name + ".sock" }

func (c *card) start(server *netlab.Host, args []string) error {
	log, err := os.Create(c.log)
	if err != nil {
		return err
	}
	defer log.Close()
	c.cmd = exec.Command("/proc/self/exe", args...)
	c.cmd.Args[0] = "nitrocard"
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := server.Start(c.cmd); err != nil {
		return err
	}
	go func() {
		_ = c.cmd.Wait() // a card that ends early is told by ready, or by its checks
		close(c.end)
	}()
	return nil
}

// ready waits until the card answers with its uplink up.
func (c *card) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		port, err := c.Port(ctx, uplink)
		if err == nil && port.Link == "up" {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("its uplink is %s", port.Link)
		}
		select {
		case <-c.end:
			return fmt.Errorf("card %s ended: %s", c.name, c.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("card %s is not ready: %w; %s", c.name, err, c.lastWords())
		case <-time.After(pollEvery):
		}
	}
}

// lastWords is the end of what the card wrote.
func (c *card) lastWords() string {
	text, err := os.ReadFile(c.log)
	if err != nil || len(bytes.TrimSpace(text)) == 0 {
		return "it wrote nothing"
	}
	return "it wrote: " + string(bytes.TrimSpace(text[max(0, len(text)-2000):]))
}

// stop ends the card as its user would.
func (c *card) stop() error {
	c.Close()
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-c.end:
	case <-time.After(patience):
		_ = c.cmd.Process.Kill()
		return fmt.Errorf("card %s was still there %s after SIGTERM", c.name, patience)
	}
	if !c.cmd.ProcessState.Success() {
		return fmt.Errorf("card %s: %s; %s", c.name, c.cmd.ProcessState, c.lastWords())
	}
	return nil
}

// cards are the region's, by name.
type cards map[string]*card

func (w *world) startCards(ctx context.Context, config string) (cards, error) {
	all := cards{}
	for _, name := range w.region.cards {
		c, err := w.startCard(ctx, name, config)
		if err != nil {
			return nil, errors.Join(err, all.stop())
		}
		all[name] = c
	}
	return all, nil
}

func (all cards) stop() (err error) {
	for _, c := range all {
		err = errors.Join(err, c.stop())
	}
	return err
}

// dropped are the packets with this end (address:port, or the address alone
// where there are no ports) that an ENI lost for this reason, newest first. A
// card remembers its latest 256 drops, and the lab causes fewer.
func (c *card) dropped(ctx context.Context, eni, reason, end string) (drops []nic.LastDrop, err error) {
	view, err := c.Drops(ctx)
	for _, d := range view.Last {
		if d.ENI == eni && d.Reason == reason && (d.Source == end || d.Destination == end) {
			drops = append(drops, d)
		}
	}
	return drops, err
}
