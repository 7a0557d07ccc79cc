package replay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// plan is what is known to be right before the first packet.
type plan struct {
	events []event
	inputs merge
	names  []string    // of all ports: the uplink, and each ENI that is on the card at any time, sorted
	config *vpc.Config // to start with
	mac    wire.MAC    // of the uplink's port
}

// prepare reads and validates everything that can be before anything is
// written.
func prepare(ctx context.Context, o Options) (*plan, error) {
	p := &plan{}
	var err error
	if p.events, err = readEvents(o.Events, o.Reading); err != nil {
		return nil, err
	}
	u, err := survey(ctx, o.Inputs)
	if err != nil {
		return nil, err
	}
	if err := p.compile(o, u); err != nil {
		return nil, err
	}
	for _, in := range o.Inputs {
		if _, ok := slices.BinarySearch(p.names, in.Name); !ok {
			return nil, fmt.Errorf("--in %s=%s: this card has no such port; it has %s", in.Name, in.File, strings.Join(p.names, ", "))
		}
	}
	if err := p.keep(o); err != nil {
		return nil, err
	}
	p.inputs, err = openAll(o.Inputs)
	return p, err
}

// compile compiles the configuration and each event's, in order, and collects
// the ports that the card has under them.
func (p *plan) compile(o Options, u underlay) error {
	ports := map[string]bool{nic.Uplink: true}
	p.config = u.resolve(o.Config)
	policy, err := step(o, p.config, nil, ports)
	if err != nil {
		return err
	}
	p.mac = u.mac(policy.Card.VTEP)
	for i := range p.events {
		e := &p.events[i]
		e.config = u.resolve(e.config)
		if policy, err = step(o, e.config, policy, ports); err != nil {
			return fmt.Errorf("%s: %w", e.line, err)
		}
	}
	p.names = slices.Sorted(maps.Keys(ports))
	return nil
}

// step compiles cfg after prev and adds the ENIs that it has on the card.
func step(o Options, cfg *vpc.Config, prev *vpc.Policy, ports map[string]bool) (*vpc.Policy, error) {
	policy, err := vpc.Compile(cfg, vpc.CompileOptions{Card: o.Card, Prev: prev})
	if err != nil {
		return nil, err
	}
	for e := range policy.All() {
		if ports[e.ID] {
			continue
		}
		if err := namesFile(e.ID); err != nil {
			return nil, err
		}
		ports[e.ID] = true
	}
	return policy, nil
}

// keep refuses to write over what is to be read, to write two things to one
// file, and to write where no file can be.
func (p *plan) keep(o Options) error {
	sources := p.sources(o)
	if folder := filepath.Dir(o.Verdicts); o.Verdicts != "" && folder != filepath.Clean(o.Out) {
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return fmt.Errorf("%s would be written, and there is no folder %s", o.Verdicts, folder)
		}
	}
	written := map[string]bool{}
	for _, out := range outputs(o, p.names) {
		path := filepath.Clean(out)
		if written[path] {
			return fmt.Errorf("%s would be written twice", out)
		}
		written[path] = true
		there, err := os.Stat(out)
		if err != nil {
			continue // nothing to write over
		}
		if there.IsDir() {
			return fmt.Errorf("%s would be written, and is a folder", out)
		}
		for _, source := range sources {
			if info, err := os.Stat(source); err == nil && os.SameFile(there, info) {
				return fmt.Errorf("%s would be written over, and is an input", out)
			}
		}
	}
	return nil
}

// sources are the files that are read: captures, events, configurations.
func (p *plan) sources(o Options) []string {
	sources := []string{o.Events}
	for _, in := range o.Inputs {
		sources = append(sources, in.File)
	}
	configs := []string{o.ConfigFile}
	for _, e := range p.events {
		configs = append(configs, e.file)
	}
	for _, path := range configs {
		files, _ := vpc.Files(path) // what was read is there, or is not written over
		sources = append(sources, files...)
	}
	return sources
}

// damage is what ended inputs before their files did.
func (m merge) damage() error {
	var errs []error
	for _, in := range m {
		errs = append(errs, in.err)
	}
	return errors.Join(errs...)
}
