package controller

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// Memory is a store that ends with the process, for tests and the simulation.
type Memory struct {
	mu      sync.Mutex
	records map[[2]string][]byte
	history []Batch // the last is of the revision now
	forgot  uint64  // the last revision that is not in history
	changed chan struct{}

	listeners map[*func(Passed)]bool
}

// NewMemory makes an empty store.
func NewMemory() *Memory {
	return &Memory{records: map[[2]string][]byte{}, changed: make(chan struct{}), listeners: map[*func(Passed)]bool{}}
}

// revision is the store's. The lock is held.
func (m *Memory) revision() uint64 { return m.forgot + uint64(len(m.history)) }

// Revision is as Store says.
func (m *Memory) Revision(context.Context) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.revision(), nil
}

// Load is as Store says.
func (m *Memory) Load(_ context.Context, take func(Record) error) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, value := range m.records {
		if err := take(Record{key[0], key[1], value}); err != nil {
			return 0, err
		}
	}
	return m.revision(), nil
}

// Commit is as Store says.
func (m *Memory) Commit(_ context.Context, after uint64, records []Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if after != m.revision() {
		return ErrBehind
	}
	for _, r := range records {
		if r.Value == nil {
			delete(m.records, [2]string{r.Kind, r.ID})
		} else {
			m.records[[2]string{r.Kind, r.ID}] = r.Value
		}
	}
	m.history = append(m.history, Batch{after + 1, slices.Clone(records)})
	close(m.changed)
	m.changed = make(chan struct{})
	return nil
}

// Compact forgets the batches up to a revision.
func (m *Memory) Compact(revision uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := revision - m.forgot; revision > m.forgot {
		m.history, m.forgot = slices.Clone(m.history[n:]), revision
	}
}

// Watch is as Store says.
func (m *Memory) Watch(ctx context.Context, after uint64, take func(Batch) error) error {
	for {
		m.mu.Lock()
		changed, compacted := m.changed, after < m.forgot
		var news []Batch
		if !compacted {
			news = slices.Clone(m.history[after-m.forgot:])
		}
		m.mu.Unlock()
		if compacted {
			return ErrCompacted
		}
		for _, b := range news {
			if err := take(b); err != nil {
				return err
			}
			after = b.Revision
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// Most is as Store says.
func (m *Memory) Most() int { return 1 << 20 }

// Pass is as Store says.
func (m *Memory) Pass(_ context.Context, p Passed) error {
	m.mu.Lock()
	all := slices.Collect(maps.Keys(m.listeners))
	m.mu.Unlock()
	for _, take := range all {
		(*take)(p)
	}
	return nil
}

// Listen is as Store says.
func (m *Memory) Listen(ctx context.Context, take func(Passed)) error {
	m.mu.Lock()
	m.listeners[&take] = true
	m.mu.Unlock()
	<-ctx.Done()
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.listeners, &take)
	return ctx.Err()
}
