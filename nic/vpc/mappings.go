package vpc

import (
	"iter"
	"slices"
	"strings"
)

// KindMappings is the kind of an edit, with *Mappings and no ID, that puts many ENIs at once
// into their places, after all other edits of its change.
const KindMappings = "Mappings"

// Mappings are ENIs with their places, in the order of their IDs: what a card needs of the
// ENIs of a large VPC, in few bytes each. Nothing of an ENI's configuration is lost.
type Mappings struct {
	enis  []*identity
	on    []uint16          // by ENI: the index of its card's name, from 1; 0: no card is named
	cards []string          // names
	ports map[string]string // configured ones, by ENI
	fresh bool              // nobody else has the identities
}

// mostMappings is how many ENIs are put by one edit. Mappings of a million ENIs are some of these
// edits, so that what is repeated in each is little.
const mostMappings = 1 << 16

// Len is how many ENIs they are.
func (m *Mappings) Len() int { return len(m.enis) }

// Mappings are edits that put the region's ENIs of some IDs, which are in order. IDs of no ENI
// are passed over.
func (r *Region) Mappings(ids []string) iter.Seq[Edit] {
	return func(yield func(Edit) bool) {
		for part := range slices.Chunk(ids, mostMappings) {
			m, cards := &Mappings{}, map[uint16]uint16{}
			for _, id := range part {
				if o, there := r.objects["NetworkInterfaces"].Get(id); there {
					m.append(r, o, cards)
				}
			}
			if m.Len() > 0 && !yield(m.edit()) {
				return
			}
		}
	}
}

// edit is the edit that puts the ENIs.
func (m *Mappings) edit() Edit { return Edit{Kind: KindMappings, Object: m} }

// append appends an ENI of a region. cards are the indices of names in m.cards, from 1, by index in
// Region.VTEPs.
func (m *Mappings) append(r *Region, o *object, cards map[uint16]uint16) {
	e := o.config.(*identity)
	m.enis, m.on = append(m.enis, e), append(m.on, m.cardOf(r, o, cards))
	if port, named := r.place.ports.Get(e.ID); named {
		if m.ports == nil {
			m.ports = map[string]string{}
		}
		m.ports[e.ID] = port
	}
}

// cardOf is the index in m.cards of the card of a region's ENI, from 1; 0: no card is named. cards
// are as of append.
func (m *Mappings) cardOf(r *Region, o *object, cards map[uint16]uint16) uint16 {
	on := cards[o.card]
	if on == 0 && o.card != 0 {
		m.cards = append(m.cards, r.place.cards[o.card-firstCard].Name)
		on = uint16(len(m.cards))
		cards[o.card] = on
	}
	return on
}

// has tells whether an ENI is among them.
func (m *Mappings) has(id string) bool {
	_, has := slices.BinarySearchFunc(m.enis, id, func(e *identity, id string) int { return strings.Compare(e.ID, id) })
	return has
}
