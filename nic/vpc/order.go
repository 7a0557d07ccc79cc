package vpc

// orderGap lies between the orders of two neighbours, to leave room for objects that come
// between them.
const orderGap = 1 << 20

// order gives the objects of one kind, which stand in order, their object.order. An object
// that was there before keeps its order if the new sequence allows it.
func (c *compiler) order(kind string, objects []*object) {
	had := func(o *object) uint64 {
		if old := c.object(kind, o.id()); old != nil {
			return old.order
		}
		return 0
	}
	last := uint64(0)
	for i := 0; i < len(objects); {
		if kept := had(objects[i]); kept > last {
			objects[i].order, last = kept, kept
			i++
			continue
		}
		// A run of objects that come, or moved, lies before the next that stays.
		n, next := i, uint64(0)
		for ; n < len(objects) && next == 0; n++ {
			if kept := had(objects[n]); kept > last {
				next = kept
				break
			}
		}
		if !between(objects[i:n], last, next) {
			c.renumber(objects)
			return
		}
		last, i = objects[n-1].order, n
	}
	c.next.lineage.sequence = max(c.next.lineage.sequence, last)
}

// between spreads the orders of objects evenly between last and next, and is false if
// there is no room. A next of 0 is no bound.
func between(objects []*object, last, next uint64) bool {
	step := uint64(orderGap)
	if next != 0 {
		step = (next - last) / uint64(len(objects)+1)
	}
	for _, o := range objects {
		last += step
		o.order = last
	}
	return step != 0
}

// renumber gives all objects new orders, with room between them.
func (c *compiler) renumber(objects []*object) {
	for i, o := range objects {
		o.order = uint64(i+1) * orderGap
	}
	c.next.lineage.sequence = max(c.next.lineage.sequence, uint64(len(objects)+1)*orderGap)
}
