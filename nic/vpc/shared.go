package vpc

import (
	"runtime"
	"sync"
	"weak"
)

// shared keeps one value of each key, for as long as anything points to the value. The
// zero shared is empty.
type shared[V any] struct {
	mu sync.Mutex
	of map[string]weak.Pointer[V]
}

// get is the value of a key. If there is none, make makes it.
func (s *shared[V]) get(key string, make func() *V) *V {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.of[key].Value(); v != nil {
		return v
	}
	v := make()
	if s.of == nil {
		s.of = map[string]weak.Pointer[V]{}
	}
	s.of[key] = weak.Make(v)
	runtime.AddCleanup(v, s.forget, key)
	return v
}

// forget drops a key whose value is gone.
func (s *shared[V]) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[key].Value() == nil {
		delete(s.of, key)
	}
}
