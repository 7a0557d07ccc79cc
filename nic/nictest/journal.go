package nictest

import (
	"strings"
	"sync"
)

// Journal is a log that can be read while it is written. Its zero value is empty.
type Journal struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write appends to the journal.
func (j *Journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

// String is what was written so far.
func (j *Journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}
