package vpc

import (
	"cmp"
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// Change makes the successor of a region by edits, one after the other. If anything is
// wrong there is no successor, and the error has one ec2.Problem a line for all that is
// wrong. The cost grows with what the edits touch: each edited object, and the objects
// that name it if the edit can matter to them.
func (r *Region) Change(edits ...Edit) (*Region, error) {
	r.lineage.mu.Lock()
	defer r.lineage.mu.Unlock()
	return r.step(func(c *compiler) {
		for _, e := range edits {
			c.edit(e)
		}
		c.placePending()
	})
}

// step makes the successor that edit describes. In a partial region the verdict on one
// object may depend on any other object, so that step compiles all.
func (r *Region) step(edit func(*compiler)) (*Region, error) {
	c := newCompiler(r)
	edit(c)
	if r.partial {
		c.markAll()
	}
	next, err := c.compile()
	if c.whole || !c.next.partial {
		return next, err
	}
	c = newCompiler(r)
	edit(c)
	c.markAll()
	return c.compile()
}

// edit does one edit of the configured objects, and marks the objects to compile.
func (c *compiler) edit(e Edit) {
	switch {
	case e.Kind == KindMappings:
		m, _ := e.Object.(*Mappings)
		c.take(m)
	case e.Kind == KindENIPlacement:
		c.placeENI(e)
	case e.Kind == "Placement":
		place, _ := e.Object.(*Placement)
		c.placeAll(cmp.Or(place, &Placement{}))
		c.placeENIs(cmp.Or(place, &Placement{}))
	case e.Kind == KindRegionPlacement:
		place, _ := e.Object.(*Placement)
		c.placeRegion(cmp.Or(place, &Placement{}))
	case isSection(e.Kind):
		c.section(e)
	case !slices.Contains(kinds, e.Kind):
		c.Add("", "%v", unknownKind(e.Kind))
	case e.Object == nil:
		c.remove(e.Kind, e.ID)
	default:
		c.put(c.made(e))
	}
}

// made is the object that an edit puts.
func (c *compiler) made(e Edit) *object {
	o := newObject(e.Kind)
	o.config = c.packed(e.Object)
	if old := c.object(e.Kind, e.ID); old != nil {
		o.order, o.card = old.order, old.card
	} else {
		c.next.lineage.sequence += orderGap
		o.order = c.next.lineage.sequence
	}
	if bad := strings.IndexFunc(e.ID, notInID); bad >= 0 {
		c.Add(e.Kind, "an ID holds %q; letters, digits and - . _ : make an ID", e.ID[bad:bad+1])
	}
	if id := o.id(); id != e.ID {
		c.Add(e.Kind, "an edit of %q has an object whose ID is %q", ec2.Shorten(e.ID), ec2.Shorten(id))
	}
	return o
}

// packed is an object's configuration as a region keeps it: of an ENI its identity.
func (c *compiler) packed(config any) any {
	if eni, is := config.(*ec2.NetworkInterface); is {
		return c.packer.pack(eni)
	}
	return config
}

// put takes an object in, in the place of the one with the same ID if there is one.
func (c *compiler) put(o *object) {
	id := o.id()
	old := c.object(o.kind, id)
	c.settleStation(old, o)
	c.renumberVPCs = c.renumberVPCs || o.kind == "Vpcs" && old != nil && o.order != old.order
	switch {
	case old == nil:
	case old.says(o):
		c.restate(id, old, o)
		return
	case old.card != o.card:
		c.movedENI(id)
	}
	c.list(o.kind).Set(id, o)
	c.touched(o.kind, id, old, o)
}

// remove takes an object out, and its place in Placement.
func (c *compiler) remove(kind, id string) {
	old := c.object(kind, id)
	if old == nil {
		c.Add("", "%v", notThere(kind, id))
		return
	}
	c.forgetPlacement(old)
	c.list(kind).Delete(id)
	c.renumberVPCs = c.renumberVPCs || kind == "Vpcs" // a VPC that comes back in the same change becomes the last
	if e, is := old.config.(*identity); is {
		c.next.stations.give(e.Station)
	}
	c.touched(kind, id, old, nil)
}

// touched notes that an object has changed, came or went, and marks the objects that this
// matters to.
func (c *compiler) touched(kind, id string, old, o *object) {
	c.changed(kind, id)
	c.refer(old, o)
	c.mark(kind, id)
	if kind == "NetworkAcls" {
		c.markNamed("Subnets", old, o) // a subnet whose ACL is not configured tells that itself
		c.markUnlisted(old, o)
	}
	if kind == "NatGateways" {
		c.markNamed("NetworkInterfaces", old, o) // a NAT gateway's ENI without its gateway tells so itself
	}
	if kind == "KeyPairs" {
		c.markKeyUsers(old, o)
	}
	c.retyped = c.retyped || kind == "InstanceTypes"
	if old == nil || o == nil || !sameToUsers(kind, old.config, o.config) {
		c.markUsers(id)
	}
}

// restate is put for an object with the same configuration as the old one. The object may
// stand in another place of the files, which notices tell, or be on another card.
func (c *compiler) restate(id string, old, o *object) {
	if o.order == old.order && o.card == old.card && o.index == old.index && *o.origin == *old.origin {
		return
	}
	o.config = old.config
	c.list(o.kind).Set(id, o)
	if o.card != old.card {
		c.movedENI(id)
		c.mark(o.kind, id)
		return
	}
	_, noticed := c.next.notices.Get(subject{o.kind, id}.key())
	if (noticed || o.kind == "RouteTables" || o.kind == "NetworkAcls") && o.place() != old.place() {
		c.mark(o.kind, id)
	}
}

// settleStation gives an ENI the station number of the object before it, or a free
// one.
func (c *compiler) settleStation(old, o *object) {
	e, is := o.config.(*identity)
	switch {
	case !is:
	case old != nil:
		e.Station = old.config.(*identity).Station
	default:
		e.Station = c.next.stations.take()
	}
}

// list is the configured objects of a kind, for a change: the first call copies the tree.
func (c *compiler) list(kind string) *tree[*object] {
	if !c.copied[kind] {
		c.copied[kind] = true
		c.next.objects[kind] = c.next.objects[kind].Copy()
	}
	return c.next.objects[kind]
}

// object is the configured object of an ID, nil if there is none.
func (c *compiler) object(kind, id string) *object {
	o, _ := c.next.objects[kind].Get(id)
	return o
}

// sameToUsers tells whether a change of an object from a to b matters to no object that
// names it: the rules of a group matter to the cards of its members alone.
func sameToUsers(kind string, a, b any) bool {
	if kind != "SecurityGroups" {
		return false
	}
	x, y := a.(*ec2.SecurityGroup), b.(*ec2.SecurityGroup)
	return x.VpcId == y.VpcId && x.OwnerId == y.OwnerId && x.GroupName == y.GroupName
}
