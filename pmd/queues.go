package pmd

import "errors"

// Queues is a port of several queues, each for a worker of its own. As a Port, its Rx, Tx,
// Info and Link are the first queue's; Stats is the sum over all queues, and Close closes
// all of them.
type Queues struct {
	Port        // the first queue
	All  []Port // the queues
}

// Join makes a port of queues, at least one.
func Join(queues []Port) *Queues { return &Queues{queues[0], queues} }

// Stats are the sum over all queues.
func (q *Queues) Stats() (sum Stats) {
	for _, p := range q.All {
		sum = sum.Plus(p.Stats(), 1)
	}
	return sum
}

// Close closes all queues, and so gives the device back.
func (q *Queues) Close() error {
	var errs []error
	for _, p := range q.All {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}
