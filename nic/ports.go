package nic

import (
	"context"
	"errors"
	"iter"
	"slices"

	"nitrocard/nic/bay"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// PortView is one port and what became of the frames that arrived there: always Received =
// Sent + Consumed + the sum of Dropped. Frames that the driver lost before the card saw
// them (pmd.Loss) are among Received and Dropped.
type PortView struct {
	Name     string            `json:"name"` // "uplink" or the ENI's ID
	Port     string            `json:"port"` // as opened, such as "afpacket:eth0"
	Link     string            `json:"link"` // "up", or why the port carries no frames
	MAC      wire.MAC          `json:"mac"`
	MTU      int               `json:"mtu"`
	Received uint64            `json:"received"`
	Sent     uint64            `json:"sent"`
	Consumed uint64            `json:"consumed"`
	Dropped  map[string]uint64 `json:"dropped"`

	Delivered  uint64    `json:"delivered"`  // frames that left by this port, wherever they came from
	Originated uint64    `json:"originated"` // frames among Delivered that the card itself made: ARP, answers, and further packets of one that it cut
	Driver     pmd.Stats `json:"driver"`

	Detail *pmd.Detail `json:"detail,omitempty"` // of devices that tell details
}

// Ports are the uplink and the port of each ENI of this card, uplink first.
func (c *Card) Ports() []PortView { return slices.Collect(c.EachPort("")) }

// EachPort yields the ports after a name, all for "": the uplink, and then the ENIs'
// ports by name. Of a device that does not answer, EachPort shows the last report.
func (c *Card) EachPort(after string) iter.Seq[PortView] {
	return func(yield func(PortView) bool) {
		for s := range c.asked(after) {
			if !yield(s.shown()) {
				return
			}
		}
	}
}

// Port is the port of a name, Uplink or an ENI's ID.
func (c *Card) Port(name string) (view PortView, there bool) {
	c.mu.Lock()
	b := c.bays.Of(name)
	c.mu.Unlock()
	if b == nil {
		return view, false
	}
	return c.ask([]*bay.Bay{b})[0].shown(), true
}

// counted is a bay's counts and its device's report.
type counted struct {
	name   string
	device *bay.Device // nil: none attached
	pipeline.Counts
	report *bay.Report // nil: no device
}

// askChunk is how many devices are asked at once. The reports of so many are in memory.
const askChunk = 256

// asked yields the counts of the bays after a name, all for "", with the devices'
// reports.
func (c *Card) asked(after string) iter.Seq[*counted] {
	return func(yield func(*counted) bool) {
		c.mu.Lock()
		bays := c.bays.All()
		c.mu.Unlock()
		bays = slices.DeleteFunc(bays, func(b *bay.Bay) bool { return after != "" && (b.Name == Uplink || after != Uplink && b.Name <= after) })
		for chunk := range slices.Chunk(bays, askChunk) {
			all := c.ask(chunk)
			for i := range all {
				if !yield(&all[i]) {
					return
				}
			}
		}
	}
}

// ask are the counts of bays with the devices' reports. The mutex is free while
// devices are asked. While the card runs, each device is asked by a goroutine of its own,
// so that a device that does not answer holds up no listing for long. A card that is
// polled has no goroutines and asks one device after the other.
func (c *Card) ask(bays []*bay.Bay) []counted {
	c.mu.Lock()
	all, running := c.counts(bays), c.running
	c.mu.Unlock()
	if running {
		c.reports(all)
		return all
	}
	for i := range all {
		if s := &all[i]; s.device != nil {
			s.report = s.device.Report()
		}
	}
	return all
}

// errSilent is the link of a device that does not answer.
var errSilent = errors.New("the device does not answer")

// reports asks all devices at once. A device that does not answer in time gets its last
// report, with errSilent as the link.
func (c *Card) reports(all []counted) {
	ctx, cancel := c.patience()
	defer cancel()
	answers := make([]<-chan *bay.Report, len(all))
	for i, s := range all {
		if s.device != nil {
			answers[i] = s.device.Probe(ctx)
		}
	}
	for i := range all {
		if s := &all[i]; s.device != nil {
			s.report = answer(ctx, answers[i])
			if s.report == nil {
				last := *s.device.Last()
				last.Link = errSilent
				s.report = &last
			}
		}
	}
}

// answer is the report that arrives before ctx ends, nil if none does.
func answer(ctx context.Context, from <-chan *bay.Report) *bay.Report {
	select {
	case r := <-from:
		return r
	case <-ctx.Done():
	}
	select {
	case r := <-from:
		return r
	default:
		return nil
	}
}

// countChunk is how many bays are read while the workers stand. More would keep the
// workers for too long, because the counts are spread over memory.
const countChunk = 16

// counts are the counts of bays. The counts of one bay are of one moment. The card's
// mutex is held.
func (c *Card) counts(bays []*bay.Bay) []counted {
	all := make([]counted, len(bays))
	for first := 0; first < len(bays); first += countChunk {
		c.gate.Do(func() {
			for i := first; i < min(first+countChunk, len(bays)); i++ {
				all[i] = counted{name: bays[i].Name, device: bays[i].Device(), Counts: bays[i].Counts()}
			}
		})
	}
	return all
}

// shown is what people see of s.
func (s *counted) shown() PortView {
	v := s.view()
	v.add(s.report)
	return v
}

// view is the counts of s as a PortView.
func (s *counted) view() PortView {
	v := PortView{
		Name: s.name, Link: "no port", Received: s.Received, Sent: s.Ends[pipeline.Sent], Consumed: s.Ends[pipeline.Consumed],
		Dropped: map[string]uint64{}, Delivered: s.Delivered, Originated: s.Originated,
	}
	for i, n := range s.Ends {
		if r := Verdict(i); n > 0 && r.Dropped() {
			v.Dropped[r.String()] = n
		}
	}
	return v
}

// add adds a device's report to v; nil adds nothing.
func (v *PortView) add(r *bay.Report) {
	if r == nil {
		return
	}
	v.Port, v.MAC, v.MTU, v.Driver, v.Link, v.Detail = r.Info.Name, r.Info.MAC, r.Info.MTU, r.Stats, "up", r.Detail
	if r.Link != nil {
		v.Link = r.Link.Error()
	}
	for _, l := range r.Stats.Losses() {
		if l.Frames > 0 {
			v.Received += l.Frames
			v.Dropped[l.Reason] = l.Frames
		}
	}
}
