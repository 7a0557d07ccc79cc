package vpc

import (
	"reflect"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// NewRegion compiles a configuration.
func NewRegion(config *Config) (*Region, error) { return EmptyRegion().Become(config) }

// Become makes the successor that a whole configuration describes, by the edits in which
// the configuration differs from the region.
func (r *Region) Become(config *Config) (*Region, error) {
	r.lineage.mu.Lock()
	defer r.lineage.mu.Unlock()
	return r.step(func(c *compiler) { c.rewrite(config) })
}

// rewrite does the edits that make the region what config says.
func (c *compiler) rewrite(config *Config) {
	if c.first {
		c.markAll()
	}
	c.rewriteSections(config)
	c.next.files = config.Places.files()
	c.Files = c.next.files
	c.placeAll(&config.Placement)
	for _, kind := range kinds {
		c.rewriteList(config, kind)
	}
	c.placePending()
}

// rewriteSections takes over what config holds beside objects with IDs. Every object may
// depend on these sections, and on which lists there are, so that a change marks all.
func (c *compiler) rewriteSections(config *Config) {
	rest := config.withoutObjects()
	was, is := c.next.rest.sections(), rest.sections()
	c.next.rest = rest
	if reflect.DeepEqual(was, is) && reflect.DeepEqual(c.prev.rest.present(), rest.present()) {
		return
	}
	for name := range was {
		c.changedIf(name, was, is)
	}
	for name := range is {
		c.changedIf(name, was, is)
	}
	c.next.listed = listedIn(rest)
	c.markAll()
}

// changedIf notes that a section differs from before, if it does.
func (c *compiler) changedIf(name string, was, is map[string]any) {
	if !reflect.DeepEqual(was[name], is[name]) {
		c.changed(name, "")
	}
}

// rewriteList makes the objects of a kind those of config's list.
func (c *compiler) rewriteList(config *Config, kind string) {
	objects, listed := c.read(config, kind)
	if kind == "NetworkInterfaces" {
		c.placeListed(&config.Placement, listed)
	}
	var gone []string
	c.next.objects[kind].Scan(func(id string, _ *object) bool {
		if listed[id] == nil {
			gone = append(gone, id)
		}
		return true
	})
	for _, id := range gone {
		c.remove(kind, id)
	}
	c.order(kind, objects)
	if c.first {
		c.fill(kind, objects)
		return
	}
	for _, o := range objects {
		c.put(o)
	}
}

// read makes objects of a list's elements, in order and by ID.
func (c *compiler) read(config *Config, kind string) ([]*object, map[string]*object) {
	list := reflect.ValueOf(config).Elem().FieldByName(kind)
	objects, listed := make([]*object, 0, list.Len()), make(map[string]*object, list.Len())
	from := &origin{}
	places := config.Places[kind]
	for i := range list.Len() {
		at := Place{Index: i}
		if i < len(places) {
			at = places[i]
		}
		if here := (origin{kind, at.File, at.List, at.Answer}); *from != here {
			from = new(here)
		}
		o := &object{origin: from, index: int32(at.Index), config: c.packed(list.Index(i).Addr().Interface())}
		if id := o.id(); c.identify(o, id, listed[id]) {
			objects, listed[id] = append(objects, o), o
		}
	}
	return objects, listed
}

// identify checks an object's ID. first is the object that was read with the same ID, if
// there is one.
func (c *compiler) identify(o *object, id string, first *object) bool {
	field := func() string { return reflect.TypeOf(o.shape()).Elem().Field(0).Name }
	switch bad := strings.IndexFunc(id, notInID); {
	case id == "":
		c.Add(o.path(), "%s is missing", field())
	case bad >= 0:
		c.Add(o.path(), "%s holds %q; letters, digits and - . _ : make an ID", field(), id[bad:bad+1])
	case first != nil:
		c.Add(o.path(), "%s stands twice; the first is %s", field(), first.path())
	default:
		return true
	}
	return false
}

// notInID tells whether an ID may not hold a character. IDs stand in paths, keys and port
// names, where other characters have a meaning.
func notInID(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	return !letter && !strings.ContainsRune("-._:", r)
}

// placeListed puts the ENIs of a whole configuration on their cards, and into their
// ports.
func (c *compiler) placeListed(p *Placement, enis map[string]*object) {
	for i, card := range p.Cards {
		for _, id := range card.NetworkInterfaces {
			o := enis[id]
			if o == nil {
				c.nowhere = append(c.nowhere, reference{ec2.In(cardPath(i, card.Name), "NetworkInterfaces"), "NetworkInterfaces", id})
				continue
			}
			if o.card != 0 {
				c.twice(i, card.Name, id, p.Cards[o.card-firstCard].Name)
			}
			o.card = firstCard + uint16(i)
		}
	}
	c.pending = map[string]eniPlace{}
	c.placePorts(p)
	for id, place := range c.pending {
		if o := enis[id]; o != nil {
			place.card = o.card
			c.pending[id] = place
		}
	}
}

// fill puts objects into an empty list.
func (c *compiler) fill(kind string, objects []*object) {
	type named struct {
		id string
		*object
	}
	sorted := make([]named, len(objects))
	for i, o := range objects {
		sorted[i] = named{o.id(), o}
		c.settleStation(nil, o)
		c.refer(nil, o)
	}
	slices.SortFunc(sorted, func(a, b named) int { return strings.Compare(a.id, b.id) })
	all := &tree[*object]{}
	for _, o := range sorted {
		all.Load(o.id, o.object)
	}
	c.next.objects[kind], c.copied[kind] = trimmed(all), true
	c.filled[kind] = objects
}
