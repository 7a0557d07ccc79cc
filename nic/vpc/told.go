package vpc

import (
	"encoding/json"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// KindRegionPlacement is the kind of an edit of Placement, with a *Placement, that leaves
// each ENI on the card and in the port that it has.
const KindRegionPlacement = "RegionPlacement"

// All are the edits that make the region of an empty one. The objects belong to the
// region.
func (r *Region) All() iter.Seq[Edit] {
	return func(yield func(Edit) bool) {
		for _, s := range r.subjects() {
			if !yield(r.Edit(s.kind, s.id)) {
				return
			}
		}
	}
}

// Edits are the edits that make the region of its predecessor: those of the change that
// made it, however the change was written. Of a first region Edits are All. Edits do not
// tell the order of objects, so the VNIs that Placement leaves out may be others.
func (r *Region) Edits() []Edit {
	if r.changes == nil {
		return slices.Collect(r.All())
	}
	edited := maps.Clone(r.edited)
	for s := range r.edited {
		if s.kind == "NetworkInterfaces" {
			edited[subject{KindENIPlacement, s.id}] = true
		}
	}
	for _, o := range r.came {
		edited[subject{o.kind, o.id()}], edited[subject{KindENIPlacement, o.id()}] = true, true
	}
	edits := make([]Edit, 0, len(edited))
	delete(edited, subject{kind: "Placement"}) // in parts
	for _, s := range slices.SortedFunc(maps.Keys(edited), bySubject) {
		edits = append(edits, r.Edit(s.kind, s.id))
	}
	return edits
}

// CardOf is the name of the card that an ENI is on.
func (r *Region) CardOf(e *ENI) string { return r.place.cards[e.Card-firstCard].Name }

// CardsOf are the names of the cards that have an ENI of an instance, sorted.
func (r *Region) CardsOf(instance string) (names []string) {
	for e := range r.ENIsOf(instance) {
		if name := r.CardOf(e); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// VNIs yields the VNI of each VPC, by ID.
func (r *Region) VNIs() iter.Seq2[string, uint32] {
	return func(yield func(string, uint32) bool) {
		r.networks.Scan(func(id string, n *network) bool { return yield(id, n.VNI) })
	}
}

// Cards are the region's cards, without the IDs of their ENIs.
func (r *Region) Cards() []CardPlacement { return r.place.cards }

// Replacing adds to edits that make a region of an empty one the removal of all that r has
// beside it.
func (r *Region) Replacing(edits []Edit) []Edit {
	stays := make(map[subject]bool, len(edits))
	var mapped []*Mappings
	for _, e := range edits {
		stays[subject{e.Kind, e.ID}] = true
		if m, is := e.Object.(*Mappings); is {
			mapped = append(mapped, m)
		}
	}
	isMapped := func(s subject) bool {
		return (s.kind == "NetworkInterfaces" || s.kind == KindENIPlacement) && slices.ContainsFunc(mapped, func(m *Mappings) bool { return m.has(s.id) })
	}
	all := slices.Clip(edits)
	for _, s := range r.subjects() {
		if !stays[s] && !isMapped(s) {
			all = append(all, Edit{Kind: s.kind, ID: s.id})
		}
	}
	return all
}

// Possible leaves out of edits the removals of objects that r does not have, for a region
// that lacks a part of the one that the edits are of.
func (r *Region) Possible(edits []Edit) []Edit {
	return slices.DeleteFunc(slices.Clone(edits), func(e Edit) bool {
		return e.Object == nil && r.objects[e.Kind] != nil && !r.has(e.Kind, e.ID)
	})
}

// subjects are all that a region has: the sections without IDs, the objects, and their
// places.
func (r *Region) subjects() []subject {
	all := []subject{{kind: KindRegionPlacement}}
	for _, name := range slices.Sorted(maps.Keys(r.rest.sections())) {
		all = append(all, subject{kind: name})
	}
	for _, kind := range kinds {
		for _, o := range r.inOrder(kind) {
			all = append(all, subject{kind, o.id()})
		}
	}
	for _, o := range r.inOrder("NetworkInterfaces") {
		if id := o.id(); r.ENIPlacement(id) != (ENIPlacement{}) {
			all = append(all, subject{KindENIPlacement, id})
		}
	}
	return all
}

// Edit is an object as the region has it, as an edit: it removes what is not there. kind
// and id are as of Edit.
func (r *Region) Edit(kind, id string) Edit {
	e := Edit{Kind: kind, ID: id}
	switch objects := r.objects[kind]; {
	case objects != nil:
		if o, there := objects.Get(id); there {
			e.Object = o.shape()
		}
	case kind == KindRegionPlacement:
		p := r.place.given
		if r.place.allowances.Len() > 0 {
			p.Allowances = maps.Collect(r.place.allowances.Scan)
		}
		e.Object = &p
	case kind == KindENIPlacement:
		if p := r.ENIPlacement(id); p != (ENIPlacement{}) {
			e.Object = &p
		}
	case id == "":
		e.Object = r.rest.sections()[kind]
	}
	return e
}

// ENIPlacement is an ENI's place as it is configured; zero, if nothing names it.
func (r *Region) ENIPlacement(id string) ENIPlacement {
	o, there := r.objects["NetworkInterfaces"].Get(id)
	if !there {
		return ENIPlacement{}
	}
	var p ENIPlacement
	if i := int(o.card) - firstCard; i >= 0 {
		p.Card = r.place.cards[i].Name
	}
	p.Port, _ = r.place.ports.Get(id)
	return p
}

// bySubject compares subjects by kind and ID.
func bySubject(a, b subject) int {
	if c := strings.Compare(a.kind, b.kind); c != 0 {
		return c
	}
	return strings.Compare(a.id, b.id)
}

// placeRegion makes Placement that of p, and leaves ENIs on their cards: a card keeps its
// ENIs where its place among the cards is another.
func (c *compiler) placeRegion(p *Placement) {
	was := c.next.place.cards
	c.placeAll(p)
	now := c.next.place.cards
	if len(was) <= len(now) && slices.EqualFunc(was, now[:len(was)], func(a, b CardPlacement) bool { return a.Name == b.Name }) {
		return
	}
	index := map[string]uint16{}
	for i, card := range now {
		index[card.Name] = firstCard + uint16(i)
	}
	for _, o := range c.next.objects["NetworkInterfaces"].Values() {
		i := int(o.card) - firstCard
		if i < 0 {
			continue
		}
		moved, stays := *o, false
		if moved.card, stays = index[was[i].Name]; !stays {
			c.homeless[o.id()] = cardPath(i, was[i].Name)
		}
		c.list(o.kind).Set(o.id(), &moved)
	}
}

// checkHomeless notes the ENIs whose card went, and that nobody put on another.
func (c *compiler) checkHomeless() {
	for _, id := range slices.Sorted(maps.Keys(c.homeless)) {
		if c.object("NetworkInterfaces", id) != nil {
			c.Add(c.homeless[id], "%s is on this card, which is to go; put it on another first", ec2.Shorten(id))
		}
	}
}

// section puts a section without IDs in the place of the one that was there.
func (c *compiler) section(e Edit) {
	rest := *c.next.rest
	if slices.Contains(unenforced, e.Kind) {
		rest.Unenforced = maps.Clone(rest.Unenforced)
		delete(rest.Unenforced, e.Kind)
		if objects, _ := e.Object.([]any); len(objects) > 0 {
			if rest.Unenforced == nil {
				rest.Unenforced = map[string][]any{}
			}
			rest.Unenforced[e.Kind] = objects
		}
	} else {
		list := rest.list(e.Kind)
		if list.SetZero(); e.Object != nil {
			list.Set(reflect.ValueOf(e.Object))
		}
	}
	rest.Places = maps.Clone(rest.Places)
	delete(rest.Places, e.Kind)
	c.next.rest, c.next.listed = &rest, listedIn(&rest)
	c.changed(e.Kind, "")
	c.markAll()
}

// isSection tells whether a kind is a section without IDs, but Placement.
func isSection(kind string) bool {
	if slices.Contains(unenforced, kind) {
		return true
	}
	_, is := section(kind)
	return is && kind != "Placement" && !slices.Contains(kinds, kind)
}

// editJSON is an Edit in JSON.
type editJSON struct {
	Kind   string
	ID     string          `json:",omitempty"`
	Object json.RawMessage `json:",omitempty"` // absent: it is removed
}

// MarshalJSON writes an edit as UnmarshalJSON reads it.
func (e Edit) MarshalJSON() ([]byte, error) {
	out := editJSON{Kind: e.Kind, ID: e.ID}
	if e.Object != nil {
		var err error
		if out.Object, err = json.Marshal(e.Object); err != nil {
			return nil, err
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads an edit, and is strict about names.
func (e *Edit) UnmarshalJSON(data []byte) error {
	var in editJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*e = Edit{Kind: in.Kind, ID: in.ID}
	if in.Object == nil {
		if !mayBeEdited(in.Kind) {
			return unknownKind(in.Kind)
		}
		return nil
	}
	put, err := Put(in.Kind, in.Object)
	e.Object = put.Object
	return err
}

// mayBeEdited tells whether there are edits of a kind.
func mayBeEdited(kind string) bool {
	return slices.Contains(kinds, kind) || isSection(kind) || slices.Contains([]string{"Placement", KindRegionPlacement, KindENIPlacement}, kind)
}
