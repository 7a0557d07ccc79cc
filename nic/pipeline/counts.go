package pipeline

// Counts are what became of the frames of a place: one worker's, or all workers'.
// Received is the sum of Ends.
type Counts struct {
	Received uint64
	Tally
	Delivered  uint64 // frames that left here, wherever they came from
	Originated uint64 // of those, made by the card
}

// Tally is how packets ended, by verdict. Few queues end any but by sending them:
// each gets its tally with the first, the one allocation on a packet's way.
type Tally struct {
	Ends  [Verdicts]uint64 // of the packets received here
	Drops [Verdicts]uint64 // by the stages of this ENI, wherever the packet was received
}

// tally is q's.
func (q *Queue) tally() *Tally {
	if q.ends == nil {
		q.ends = new(Tally)
	}
	return q.ends
}

// Counts are q's, while its worker stands at the gate.
func (q *Queue) Counts() Counts {
	c := Counts{Received: q.received, Delivered: q.delivered, Originated: q.originated}
	if q.ends != nil {
		c.Tally = *q.ends
	}
	c.Ends[Sent] = q.sent
	return c
}

// Add adds another worker's.
func (c *Counts) Add(d *Counts) {
	c.Received += d.Received
	for v := range Verdicts {
		c.Ends[v] += d.Ends[v]
		c.Drops[v] += d.Drops[v]
	}
	c.Delivered += d.Delivered
	c.Originated += d.Originated
}
