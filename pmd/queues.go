package pmd

import "errors"

// Queues is a port of several queues, each for a worker of its own: a Port in
// all, but for Close. Info and Link are those of its first queue, and so are
// Rx and Tx; Stats are the sum, and Close ends all of them.
type Queues struct {
	Port
	All []Port
}

// Join makes a port of queues, of which there is at least one.
func Join(queues []Port) *Queues { return &Queues{queues[0], queues} }

// Stats are those of all queues together.
func (q *Queues) Stats() (sum Stats) {
	for _, p := range q.All {
		sum = sum.Plus(p.Stats(), 1)
	}
	return sum
}

// Close gives the device back.
func (q *Queues) Close() error {
	var errs []error
	for _, p := range q.All {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}
