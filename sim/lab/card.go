//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nitrocard/nic"
	"nitrocard/nic/ctl"
	"nitrocard/sim/netlab"
)

// runDir holds sockets and logs of the cards and of their controller. It is the cage's own tmpfs.
const runDir = "/run/nitrocard"

// patience is for one thing that takes seconds at most on an idle machine: a
// check, a card's start and its end. On a busy one it only waits for a CPU.
const patience = 10 * time.Minute

// pollEvery is how often the lab looks whether what it waits for has come.
const pollEvery = 20 * time.Millisecond

// origin is where cards have their configuration from.
type origin struct {
	file string      // "": from the controller
	by   *controller // nil: from the file
}

// flags are those of a card.
func (o origin) flags(card string) []string {
	if o.by == nil {
		return []string{"--config", o.file, "--card", card}
	}
	return o.by.flags(card)
}

// card is a running card on its server, or an edge on its host.
type card struct {
	*ctl.Client
	*process
	host *netlab.Host
	args []string
}

// startCard runs a card on the server with one port a guest and waits until
// its control socket answers.
func (w *world) startCard(ctx context.Context, name string, from origin) (*card, error) {
	socket := cardSocket(name)
	args := append([]string{"run", "--uplink", w.region.port(0, uplink), "--socket", socket}, from.flags(name)...)
	if from.by == nil {
		args = append(args, w.region.reading.Flags()...)
	}
	for i, g := range w.region.guests {
		if g.Card == name {
			args = append(args, "--guest", g.ENI+"="+w.region.port(1+i, g.Nick))
		}
	}
	c := &card{Client: ctl.Dial(socket), host: w.servers[name], args: args}
	return c, c.begin(ctx, "card")
}

// begin starts the process, and waits until it answers.
func (c *card) begin(ctx context.Context, role string) (err error) {
	if c.process, err = start(c.host, role+" "+c.host.Name, runDir+"/"+c.host.Name+".log", c.args); err != nil {
		return err
	}
	if err := c.until(ctx, c.ready); err != nil {
		return errors.Join(err, c.stop())
	}
	return nil
}

func cardSocket(name string) string { return runDir + "/" + name + ".sock" }

// ready is an error unless the card answers with its uplink up.
func (c *card) ready(ctx context.Context) error {
	port, err := c.Port(ctx, uplink)
	if err == nil && port.Link != "up" {
		err = fmt.Errorf("its uplink is %s", port.Link)
	}
	return err
}

// stop ends the card as its user would.
func (c *card) stop() error {
	c.Close()
	return c.process.stop()
}

// cards are the region's, by name.
type cards map[string]*card

// startCards starts all cards, with a configuration's file or at a controller.
func (w *world) startCards(ctx context.Context, from origin) (cards, error) {
	all := cards{}
	for _, name := range w.region.cards {
		c, err := w.startCard(ctx, name, from)
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
// card remembers its latest 256 drops, and no check causes more.
func (c *card) dropped(ctx context.Context, eni, reason, end string) (drops []nic.LastDrop, err error) {
	view, err := c.Drops(ctx)
	for _, d := range view.Last {
		if d.ENI == eni && d.Reason == reason && (d.Source == end || d.Destination == end) {
			drops = append(drops, d)
		}
	}
	return drops, err
}
