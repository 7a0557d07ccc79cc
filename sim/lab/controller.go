//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"nitrocard/nic/ctl"
	"nitrocard/nic/follow"
)

// controller is the running controller that all cards and edges follow.
type controller struct {
	*ctl.Client
	*process
	socket, keys string
	args         []string
}

// startController runs a controller with a configuration's file.
func (w *world) startController(ctx context.Context, config string) (*controller, error) {
	data := runDir + "/controller"
	c := &controller{socket: data + ".sock", keys: data + "/keys.pem"}
	c.Client = ctl.Dial(c.socket)
	c.args = []string{"controller", "--data", data, "--socket", c.socket}
	return c, c.begin(ctx, append([]string{"--config", config}, w.region.reading.Flags()...)...)
}

// flags are those of a card or an edge that follows the controller.
func (c *controller) flags(host string) []string {
	return []string{"--controller", c.socket, "--host", host, "--trust", c.keys, "--state", runDir + "/" + host}
}

// begin starts the controller's process, and waits until it knows a region.
func (c *controller) begin(ctx context.Context, more ...string) (err error) {
	if c.process, err = start(nil, "the controller", runDir+"/controller.log", append(slices.Clone(c.args), more...)); err != nil {
		return err
	}
	ready := func(ctx context.Context) error {
		hosts, err := c.Hosts(ctx)
		if err == nil && len(hosts) == 0 {
			err = errors.New("it has no region yet")
		}
		return err
	}
	if err := c.until(ctx, ready); err != nil {
		return errors.Join(err, c.stop())
	}
	return nil
}

// stop ends the controller as its user would.
func (c *controller) stop() error {
	c.Close()
	return c.process.stop()
}

// put replaces an object, and waits until the change is in force on all cards that run.
func (c *controller) put(ctx context.Context, all cards, kind, id string, object any) error {
	change, err := c.Put(ctx, kind, id, object)
	if err != nil {
		return fmt.Errorf("the controller: %w", err)
	}
	return until(ctx, "the change is in force on all cards", func() (bool, error) {
		hosts, err := c.Hosts(ctx)
		waits := func(h follow.HostView) bool { return all[h.Name] != nil && h.Revision < change.Revision }
		return err == nil && !slices.ContainsFunc(hosts, waits), err
	})
}
