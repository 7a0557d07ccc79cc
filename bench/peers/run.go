package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"nitrocard/bench"
)

// peers is a run of this program.
type peers struct {
	*shell
	binary   string // nitrocard's
	dir      string // for files that are in the way afterwards
	duration time.Duration
	rounds   int
}

// measure has a program forward a capture's frames for a while.
type measure func(*capture) (sample, error)

// contender is a program in one of its modes.
type contender struct {
	name   string
	tracks bool // the flows' connections
	measure
}

// contest is what is compared with each other.
type contest struct {
	contenders []contender
	cells      []cell
	files      bool // the cells' captures are needed
}

// result is a contest's samples, one a round, by contender's name and cell.
type result map[string]map[cell][]sample

// Names of contenders, as tables have them.
const (
	testpmdIO      = "testpmd io"
	nitrocardIO    = "nitrocard io"
	ovsSG          = "OVS-DPDK sg"
	nitrocardSG    = "nitrocard sg"
	ovsEncap       = "OVS-DPDK encap"
	nitrocardEncap = "nitrocard encap"
	nitrocardFull  = "nitrocard full"
	testpmdCable   = "testpmd net_af_packet"
	nitrocardCable = "nitrocard afpacket"
)

// onPcap is the contest on captures.
func (p *peers) onPcap() contest {
	cells := []cell{
		{1, "114", few}, {1000, "114", few}, {1000, "114", many}, {100_000, "114", few},
		{1, "imix", few}, {1000, "imix", few}, {100_000, "imix", few},
	}
	return contest{[]contender{
		{testpmdIO, false, p.testpmdIO},
		{nitrocardIO, false, p.nitrocardPcap(bench.IO, "dpdk:"+sink)},
		{ovsSG, true, p.ovsMode(false)},
		{nitrocardSG, true, p.nitrocardPcap(bench.SG)},
		{ovsEncap, true, p.ovsMode(true)},
		{nitrocardEncap, true, p.nitrocardPcap(bench.Encap)},
		{nitrocardFull, true, p.nitrocardPcap(bench.Full)},
	}, cells, true}
}

// inMemory is nitrocard with itself, from warm buffers.
func (p *peers) inMemory() contest {
	return contest{[]contender{
		{nitrocardIO, false, p.nitrocardMemory(bench.IO)},
		{nitrocardFull, true, p.nitrocardMemory(bench.Full)},
	}, []cell{{1000, "114", few}, {100_000, "114", few}, {1_000_000, "114", few}}, false}
}

// byKernel is the contest on the kernel's cable.
func (p *peers) byKernel() contest {
	return contest{[]contender{
		{testpmdCable, false, p.testpmdCable},
		{nitrocardCable, false, p.nitrocardCable},
	}, []cell{{1, "114", few}}, true}
}

// run measures all contenders for each cell, in rounds: what is compared runs
// within the same minute.
func (p *peers) run(c contest) (result, error) {
	r := result{}
	for _, contender := range c.contenders {
		r[contender.name] = map[cell][]sample{}
	}
	for _, cell := range c.cells {
		if err := p.runCell(c, cell, r); err != nil {
			return nil, fmt.Errorf("%s: %w", cell, err)
		}
	}
	return r, nil
}

func (p *peers) runCell(c contest, of cell, r result) error {
	all := &capture{cell: of}
	if c.files {
		dir, err := os.MkdirTemp(p.dir, "capture")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if all, err = newCapture(of, dir); err != nil {
			return err
		}
	}
	for round := range p.rounds {
		for _, contender := range c.contenders {
			s, err := contender.measured(all)
			if err != nil {
				return fmt.Errorf("%s: %w", contender.name, err)
			}
			fmt.Fprintf(os.Stderr, "%s, round %d: %s: %s Mpps a core %s\n", of, round+1, contender.name, digits(s.mpps()), s.setting)
			r[contender.name][of] = append(r[contender.name][of], s)
		}
	}
	return nil
}

// measured measures once, and holds that frames left and that each flow has
// its connection.
func (c contender) measured(all *capture) (sample, error) {
	s, err := c.measure(all)
	switch {
	case err != nil:
		return s, err
	case s.frames == 0:
		return s, errors.New("nothing was forwarded; is the machine busy with something else?")
	case c.tracks && all.frames != nil && s.connections != all.flows:
		return s, fmt.Errorf("%d connections for %d flows", s.connections, all.flows)
	}
	return s, nil
}
