package nic

import (
	"cmp"
	"slices"

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
	slices.SortFunc(views[1:], func(a, b PortView) int { return cmp.Compare(a.Name, b.Name) })
	return views
}

// counted is a slot with its counts, and its port, at some moment.
type counted struct {
	*slot
	port pmd.Port
	counts
}

// countChunk is how many slots are looked at while the workers stand: their
// counts are spread over memory.
const countChunk = 16

// counts are those of all slots, of each at one moment. The card's mutex is
// held.
func (c *Card) counts() []counted {
	slots := c.view.Load().slots
	all := make([]counted, len(slots))
	for first := 0; first < len(slots); first += countChunk {
		c.gate.do(func() {
			for i := first; i < min(first+countChunk, len(slots)); i++ {
				all[i] = counted{slots[i], slots[i].port, slots[i].counts()}
			}
		})
	}
	return all
}

func (s *counted) view() PortView {
	v := PortView{
		Name: s.name, Link: "no port", Received: s.received, Sent: s.ends[Sent], Consumed: s.ends[Consumed],
		Dropped: map[string]uint64{}, Delivered: s.delivered, Originated: s.originated,
	}
	for i, n := range s.ends {
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
	if d, ok := firstQueue(p).(pmd.Detailed); ok {
		detail := d.Detail()
		v.Detail = &detail
	}
}
