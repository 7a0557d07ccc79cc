package nic

import (
	"nitrocard/nic/bay"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// PortView is one port and what became of each frame it received:
// Received = Sent + Consumed + the sum of Dropped, always.
type PortView struct {
	Name     string            `json:"name"` // "uplink" or the ENI's ID
	Port     string            `json:"port"` // as opened, such as "afpacket:eth0"
	Link     string            `json:"link"` // "up", or what is wrong with it
	MAC      wire.MAC          `json:"mac"`
	MTU      int               `json:"mtu"`
	Received uint64            `json:"received"`
	Sent     uint64            `json:"sent"`
	Consumed uint64            `json:"consumed"`
	Dropped  map[string]uint64 `json:"dropped"`

	Delivered  uint64    `json:"delivered"`  // frames that left by this port, wherever they came from
	Originated uint64    `json:"originated"` // of those, frames the card itself made: ARP
	Driver     pmd.Stats `json:"driver"`

	Detail *pmd.Detail `json:"detail,omitempty"` // of devices that tell it
}

// Ports are the uplink and the port of each ENI of this card, uplink first.
func (c *Card) Ports() []PortView {
	c.mu.Lock()
	defer c.mu.Unlock()
	var views []PortView
	for _, s := range c.counts() { // devices may take their time, and workers have none
		v := s.view()
		v.ask(s.port)
		views = append(views, v)
	}
	return views
}

// counted is a bay with its counts, and its port, at some moment.
type counted struct {
	*bay.Bay
	port pmd.Port
	pipeline.Counts
}

// countChunk is how many bays are looked at while the workers stand: their
// counts are spread over memory.
const countChunk = 16

// counts are those of all bays, of each at one moment, the uplink's first. The
// card's mutex is held.
func (c *Card) counts() []counted {
	bays := c.bays.All()
	all := make([]counted, len(bays))
	for first := 0; first < len(bays); first += countChunk {
		c.gate.Do(func() {
			for i := first; i < min(first+countChunk, len(bays)); i++ {
				all[i] = counted{bays[i], bays[i].Port, bays[i].Counts()}
			}
		})
	}
	return all
}

func (s *counted) view() PortView {
	v := PortView{
		Name: s.Name, Link: "no port", Received: s.Received, Sent: s.Ends[pipeline.Sent], Consumed: s.Ends[pipeline.Consumed],
		Dropped: map[string]uint64{}, Delivered: s.Delivered, Originated: s.Originated,
	}
	for i, n := range s.Ends {
		if r := Verdict(i); n > 0 && r.Dropped() {
			v.Dropped[r.String()] = n
		}
	}
	return v
}

// ask adds what the port itself says, if there is one.
func (v *PortView) ask(p pmd.Port) {
	if p == nil {
		return
	}
	info := p.Info()
	v.Port, v.MAC, v.MTU, v.Driver, v.Link = info.Name, info.MAC, info.MTU, p.Stats(), "up"
	if err := p.Link(); err != nil {
		v.Link = err.Error()
	}
	if d, ok := bay.FirstQueue(p).(pmd.Detailed); ok {
		detail := d.Detail()
		v.Detail = &detail
	}
}
