package replay

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"nitrocard/nic"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
)

// Options are what Run needs.
type Options struct {
	Config         *vpc.Config
	ConfigFile     string      // file or folder that Config was read from, not to be written over; "" if it is from none
	Reading        vpc.Reading // of the configurations that Events name
	Card           string      // which card of the configuration; "" is its first
	MaxConnections int         // 0 is nic.DefaultConnections

	Inputs   []Input
	Out      string // folder of the captures written: uplink.pcap and ENI.pcap of each ENI on the card
	Events   string // file of changes, "" if there are none
	Verdicts string // file of one line a packet, "" if nobody wants it

	Progress func(packets int, at Time) // called now and then
}

// Summary is what became of the packets.
type Summary struct {
	Packets  int      `json:"packets"`
	Sent     int      `json:"sent"`
	Consumed int      `json:"consumed"`
	Dropped  int      `json:"dropped"`
	Events   int      `json:"events"`
	Notes    []string `json:"notes,omitempty"` // what a reader of the results should know of the inputs
}

// seed of the card's tables: replay trusts its inputs, and its outputs must
// not depend on chance.
const seed = 1

// Run replays the inputs. What is wrong with configurations, options or the
// start of a capture is told before the first packet and before anything is
// written. A capture that is damaged later ends there: the others are
// replayed to their ends, every output is complete, and the error says so.
// When ctx ends, what was replayed by then is written.
func Run(ctx context.Context, o Options) (Summary, error) {
	plan, err := prepare(ctx, o)
	if err != nil {
		return Summary{}, err
	}
	defer plan.inputs.close()
	r, err := begin(o, plan)
	if err != nil {
		return Summary{}, err
	}
	err = r.run(ctx, plan)
	r.sum.Notes = plan.inputs.notes()
	return r.sum, errors.Join(err, r.close(), plan.inputs.damage())
}

// run is a replay under way.
type run struct {
	options  Options
	card     *nic.Card
	ports    ports
	verdicts *lines // nil: nobody wants them
	file     *os.File
	ended    *nic.Event // of the packet at hand
	sum      Summary
}

// begin makes the outputs and the card.
func begin(o Options, p *plan) (*run, error) {
	r := &run{options: o}
	var err error
	if r.ports, err = createAll(o.Out, p.names); err != nil {
		return nil, err
	}
	if err := r.fill(p); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

func (r *run) fill(p *plan) (err error) {
	o := r.options
	if o.Verdicts != "" {
		if r.file, err = os.Create(o.Verdicts); err != nil {
			return err
		}
		r.verdicts = newLines(r.file)
	}
	r.card, err = nic.New(p.config, nic.Options{Card: o.Card, MaxConnections: o.MaxConnections, Seed: seed, OpenPort: r.ports.guest})
	if err != nil {
		return err
	}
	r.card.Observe(func(e *nic.Event) { r.ended = e })
	return r.card.Attach(nic.Uplink, r.ports.uplink(p.mac))
}

func (r *run) close() error {
	errs := []error{r.ports.close()}
	if r.card != nil {
		errs = append(errs, r.card.Close())
	}
	if r.file != nil {
		errs = append(errs, r.verdicts.buf.Flush(), r.file.Close())
	}
	return errors.Join(errs...)
}

// progressEvery is how many packets pass between two calls of Progress.
const progressEvery = 1 << 14

// run takes packets and events in the order of time. At equal times the event
// goes first: it holds for packets at its time.
func (r *run) run(ctx context.Context, p *plan) error {
	events := p.events
	for in := p.inputs.next(); in != nil; in = p.inputs.next() {
		for ; len(events) > 0 && events[0].at <= in.head.clock; events = events[1:] {
			if err := r.apply(events[0]); err != nil {
				return err
			}
		}
		if err := r.packet(&in.head); err != nil {
			return err
		}
		if r.sum.Packets%progressEvery == 0 && r.options.Progress != nil {
			r.options.Progress(r.sum.Packets, in.head.clock)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("stopped after packet %d", r.sum.Packets)
		}
		in.next()
	}
	for _, e := range events {
		if err := r.apply(e); err != nil {
			return err
		}
	}
	return nil
}

// apply lets what is due by the time of the event happen under the old
// configuration, and then changes it.
func (r *run) apply(e event) error {
	r.card.Poll(int64(e.at))
	r.ports.drain(e.at)
	if _, err := r.card.Apply(e.config); err != nil {
		return fmt.Errorf("%s: %w", e.line, err)
	}
	r.sum.Events++
	return nil
}

// packet takes one packet through the card.
func (r *run) packet(p *packet) error {
	r.sum.Packets++
	r.ended = nil
	if refused := r.ports.inject(p); refused != pipeline.Undecided {
		r.ended = &nic.Event{Port: p.port, Verdict: refused}
	}
	r.card.Poll(int64(p.clock))
	r.ports.drain(p.time)
	if r.ended == nil {
		return fmt.Errorf("packet %d, from %s: the card gave no verdict; this is a defect", r.sum.Packets, p.port)
	}
	return r.note(p)
}

// note counts the packet's end and writes its line.
func (r *run) note(p *packet) error {
	switch v := r.ended.Verdict; {
	case v.Dropped():
		r.sum.Dropped++
	case v == pipeline.Consumed:
		r.sum.Consumed++
	default:
		r.sum.Sent++
	}
	if r.verdicts == nil {
		return nil
	}
	return r.verdicts.json.Encode(verdict(r.sum.Packets, p, r.ended))
}

// outputs are the files that a replay writes.
func outputs(o Options, names []string) (files []string) {
	for _, name := range names {
		files = append(files, filepath.Join(o.Out, fileOf(name)))
	}
	if o.Verdicts != "" {
		files = append(files, o.Verdicts)
	}
	return files
}
