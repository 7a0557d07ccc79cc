package vpc

import (
	"iter"
	"maps"
	"slices"

	"github.com/tidwall/btree"
)

// mark has an object compiled anew, and deletes the notices about the object.
func (c *compiler) mark(kind, id string) {
	if c.whole && c.object(kind, id) != nil {
		return
	}
	c.next.notices.Delete(subject{kind, id}.key())
	if c.dirty[kind] == nil {
		c.dirty[kind] = map[string]bool{}
	}
	c.dirty[kind][id] = true
}

// markAll has everything compiled anew, because something has changed that every object
// depends on.
func (c *compiler) markAll() {
	c.whole = true
	c.next.notices = &btree.Map[string, []Notice]{}
}

// marked are the marked IDs of a list, in no order, also IDs that are not configured any
// more.
func (c *compiler) marked(kind string) iter.Seq[string] {
	if !c.whole {
		return maps.Keys(c.dirty[kind])
	}
	return func(yield func(string) bool) {
		for id := range c.gone(kind) {
			if !yield(id) {
				return
			}
		}
		c.next.objects[kind].Scan(func(id string, _ *object) bool { return yield(id) })
	}
}

// each are the marked objects of a list that are configured, in order. Notices belong
// to the object at hand meanwhile.
func each[T any](c *compiler, kind string) iter.Seq2[*object, *T] {
	all := c.filled[kind]
	switch {
	case all != nil:
	case c.whole:
		all = c.next.inOrder(kind)
	default:
		for id := range c.dirty[kind] {
			if o := c.object(kind, id); o != nil && !c.came(o) {
				all = append(all, o)
			}
		}
		slices.SortFunc(all, byOrder)
		if kind == "NetworkInterfaces" {
			all = append(all, c.come...)
		}
	}
	return func(yield func(*object, *T) bool) {
		for _, o := range all {
			c.about = subject{kind, o.id()}
			if !yield(o, o.config.(*T)) {
				return
			}
		}
	}
}

// came tells whether an object is an ENI that Mappings brought. These ENIs are the last in order.
func (c *compiler) came(o *object) bool {
	return len(c.come) > 0 && o.kind == "NetworkInterfaces" && o.order >= c.come[0].order
}

// gone are the marked IDs of a list that are not configured any more.
func (c *compiler) gone(kind string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for id := range c.dirty[kind] {
			if c.object(kind, id) == nil && !yield(id) {
				return
			}
		}
	}
}
