package pipeline

// Counts tell what became of the frames of one place for a port, at one worker or at all
// of them. Received is the sum of Ends.
type Counts struct {
	Received uint64
	Tally
	Delivered uint64 // frames that left by this port, wherever they came from
	Exceeded  Exceeded
}

// Tally is how packets ended, by verdict, and what the card made. Most queues see no packet end but as
// Sent, so a queue gets its tally with the first other end. This is the one allocation on a
// packet's way.
type Tally struct {
	Ends  [Verdicts]uint64 // of the packets received here
	Drops [Verdicts]uint64 // by the stages of this ENI, wherever the packet was received

	Originated uint64 // frames among Delivered that the card made
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
	c := Counts{Received: q.received, Delivered: q.delivered}
	if q.ends != nil {
		c.Tally = *q.ends
	}
	c.Ends[Sent] = q.sent
	if q.meter != nil {
		c.Exceeded = q.meter.exceeded
	}
	if q.gate != nil {
		n := q.gate.passed.packets() // which came here and left
		c.Received += n
		c.Delivered += n
		c.Ends[Sent] += n
	}
	return c
}

// Add adds the counts of another worker.
func (c *Counts) Add(d *Counts) {
	c.Received += d.Received
	for v := range Verdicts {
		c.Ends[v] += d.Ends[v]
		c.Drops[v] += d.Drops[v]
	}
	c.Delivered += d.Delivered
	c.Originated += d.Originated
	for a := range c.Exceeded {
		c.Exceeded[a] += d.Exceeded[a]
	}
}
