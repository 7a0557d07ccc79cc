package nic

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/assert"

	"nitrocard/nic/bay"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// visitor is a port that comes and goes, of a device that opens once. It sees
// to it that nobody uses it when it is closed.
type visitor struct {
	*mem.Port
	quay   *quay
	spec   string
	closed atomic.Bool
	bound  atomic.Int32 // threads that poll it
	early  atomic.Int32 // times that one did before it was bound

	owner string // for whom it was opened, or whose frames were the last that left by it
}

// used notes a call that begins or ends.
func (v *visitor) used(what string) {
	assert.False(v.quay, v.closed.Load(), "%s of %s, which is closed", what, v.spec)
}

func (v *visitor) Rx(b *pmd.Burst) {
	v.used("Rx")
	if v.bound.Load() == 0 {
		v.early.Add(1)
	}
	v.Port.Rx(b)
	v.used("Rx")
}

func (v *visitor) Tx(frames []*pmd.Frame) int {
	v.used("Tx")
	defer v.used("Tx")
	return v.Port.Tx(frames)
}

func (v *visitor) Link() error {
	v.used("Link")
	return v.Port.Link()
}

func (v *visitor) BindThread() error {
	v.used("BindThread")
	v.bound.Add(1)
	return nil
}

func (v *visitor) UnbindThread() { v.bound.Add(-1) }

func (v *visitor) Close() error {
	v.used("Close")
	v.closed.Store(true)
	return v.Port.Close()
}

// quay is where visitors are. Its devices may be away.
type quay struct {
	assert.TestingT
	mu   sync.Mutex
	all  []*visitor // that ever were
	away func(spec string) bool
}

// opener opens a port of n queues.
func (q *quay) opener(spec string, n int) bay.Opener { return q.openerFor("", spec, n) }

// openerFor does so for an ENI.
func (q *quay) openerFor(owner, spec string, n int) bay.Opener {
	return func() (pmd.Port, error) {
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.away != nil && q.away(spec) {
			return nil, errors.New("no such device")
		}
		for _, v := range q.all {
			if v.spec == spec && !v.closed.Load() {
				return nil, errors.New("it is open already")
			}
		}
		var queues []pmd.Port
		for range n {
			v := &visitor{Port: mem.New(mem.Options{Name: spec, Queue: 256}), quay: q, spec: spec, owner: owner}
			q.all = append(q.all, v)
			queues = append(queues, v)
		}
		if n == 1 {
			return queues[0], nil
		}
		return pmd.Join(queues), nil
	}
}

// visitors are those that ever were.
func (q *quay) visitors() []*visitor {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.all[:len(q.all):len(q.all)]
}

// now are the queues of a port that is open, none if it is not.
func (q *quay) now(spec string) (open []*visitor) {
	for _, v := range q.visitors() {
		if v.spec == spec && !v.closed.Load() {
			open = append(open, v)
		}
	}
	return open
}
