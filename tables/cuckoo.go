package tables

import (
	"errors"
	"iter"
	"runtime"
	"unsafe"
)

// Burst is the most keys that LookupBurst takes at a time.
const Burst = 64

var (
	// ErrFull says that Insert found no room. The table is as it was before.
	ErrFull = errors.New("table is full")
	// ErrExists says that Insert found the key in the table. The entry is as it was before.
	ErrExists = errors.New("key is in the table already")
)

// Cuckoo is a hash table from K to V of fixed capacity.
//
// One goroutine at a time, the writer, may call any method. All others may call Get, Len, Cap and Memory at any time beside it;
// and, once nobody writes any more, every method that does not write.
//
// Beside the writer of a table with a Grace, its readers may also call LookupBurst, Key and At, under the rules of Guard.
//
// Memory is outside the collector's heap. Close gives it back; a table that is forgotten instead gives it back when the collector
// finds it unreachable, so a pointer from Key or At is good only while the table itself is held.
type Cuckoo[K comparable, V any] struct {
	index
	list    []entry[K, V] // the same memory as index.entries
	cleanup runtime.Cleanup
}

// entry is a key with its value, padded to whole words.
type entry[K comparable, V any] struct {
	_     [0]uint64
	key   K
	value V
}

// New makes a table with room for capacity entries.
//
// K is made of integers and booleans without padding, 8 to 64 bytes and a multiple of 8, because keys are hashed and compared
// as words; V holds no pointers. Anything else is an error.
//
// The buckets are a power of two, of which capacity entries take at most 95 % of the slots and leave at least 32. Up to that load
// eviction finds every entry a place, also in a table that stays full while entries come and go (not once in 64 million
// inserts did it fail); it begins to fail at about 99 %.
//
// Tables with the same seed put the same keys in the same places; a seed that senders must not guess comes from crypto/rand.
func New[K comparable, V any](capacity int, seed uint64) (*Cuckoo[K, V], error) {
	if err := checkTypes[K, V](); err != nil {
		return nil, err
	}
	buckets, err := bucketsFor(capacity)
	if err != nil {
		return nil, err
	}
	size := unsafe.Sizeof(entry[K, V]{})
	entries := max(capacity, 1) // lanes without a candidate may read entry 0
	mem, err := allocate(uintptr(buckets)*bucketSize + uintptr(entries)*size)
	if err != nil {
		return nil, err
	}
	t := &Cuckoo[K, V]{index: index{
		buckets: mem.base,
		entries: unsafe.Add(mem.base, uintptr(buckets)*bucketSize),
		mask:    uint32(buckets - 1),
		words:   int(unsafe.Sizeof(*new(K)) / 8),
		stride:  size,
		cap:     uint32(capacity),
		keys:    newHasher(seed),
		memory:  mem,
	}}
	t.list = unsafe.Slice((*entry[K, V])(t.entries), entries)
	t.cleanup = runtime.AddCleanup(t, memory.release, mem)
	return t, nil
}

// Close gives the memory back. No method may be called afterwards or be under way, and no pointer into the table used.
func (t *Cuckoo[K, V]) Close() {
	t.cleanup.Stop()
	t.memory.release()
	t.index, t.list = index{}, nil
}

// Guard makes the table keep an index that Remove freed until g's readers have passed, and is called before the first Insert.
// A reader may call LookupBurst, Key and At beside the writer then, from one Pass to the next, and hold the indexes found so long. What it
// finds was in the table since its Pass; an entry that is removed meanwhile stays readable, its value all zero, and nobody else's.
// A key that is there may be missed while the writer moves it, so a miss is for who may write to look at again. How readers and
// writer share values is their affair: with atomic loads and stores, or so that nobody minds.
//
// Insert takes what Remove freed only when it is out of sight, so a table whose indexes are all in use or waiting is full for a moment.
func (t *Cuckoo[K, V]) Guard(g *Grace) { t.grace = g }

// Insert adds an entry and returns its index, which stays the same until Remove. A key that is there already gives its
// index and ErrExists; a full table gives ErrFull. Either leaves the table as it was.
func (t *Cuckoo[K, V]) Insert(k K, v V) (at uint32, err error) {
	e := entry[K, V]{key: k, value: v}
	return t.insert(unsafe.Pointer(&e))
}

// Remove takes the entry with key k out and says whether it was there. The value at its index is all zero until the
// index is given out again, but for what readers that had found it before write there (see Guard).
func (t *Cuckoo[K, V]) Remove(k K) bool { return t.remove(unsafe.Pointer(&k)) }

// Lookup returns the index of the entry with key *k. It is the writer's, or for tables that are no longer written.
func (t *Cuckoo[K, V]) Lookup(k *K) (at uint32, ok bool) {
	at, ok = t.find(unsafe.Pointer(k), t.hash(unsafe.Pointer(k)))
	runtime.KeepAlive(t)
	return at, ok
}

// Find returns the index of the entry with key *k, for any reader of a guarded table beside the writer. Unlike LookupBurst it
// misses no key that stays in the table, however often it is moved; what it finds was there at some moment of the call.
func (t *Cuckoo[K, V]) Find(k *K) (at uint32, ok bool) {
	at, ok = t.locate(unsafe.Pointer(k))
	runtime.KeepAlive(t)
	return at, ok
}

// Stirs tells how often Insert has begun or ended to move entries from bucket to bucket; it is odd while one does. Where two calls tell the same even
// number, a key that LookupBurst missed between them was not in the table. Few inserts move any while the table is not nearly full.
func (t *Cuckoo[K, V]) Stirs() uint64 { return t.stirs.Load() }

// LookupBurst looks up the first n keys (at most Burst): where bit i of hits is set, the entry of keys[i] has index
// at[i]; all else in at is undefined. The same rule as for Lookup holds.
func (t *Cuckoo[K, V]) LookupBurst(keys *[Burst]K, n int, at *[Burst]uint32) (hits uint64) {
	hits = t.findBurst(unsafe.Pointer(keys), n, at)
	runtime.KeepAlive(t)
	return hits
}

// Get returns the value of key k, for any goroutine, while the writer goes on. It takes no lock and the writer never waits for it: it tries again
// only if an entry has just left one of the two buckets it looked at. What it returns is a value as it was inserted, whole,
// and a key that stays in the table is found however often it is moved. Values that the writer changes in place
// (At) are not Get's to read at the same time.
func (t *Cuckoo[K, V]) Get(k K) (V, bool) {
	var e entry[K, V]
	ok := t.read(unsafe.Pointer(&k), unsafe.Pointer(&e))
	runtime.KeepAlive(t)
	return e.value, ok
}

// Key returns the key of the entry at an index, in place. It must not be changed, and means nothing where no entry is.
func (t *Cuckoo[K, V]) Key(at uint32) *K { return &t.list[at].key }

// At returns the value of the entry at an index, in place. Where no entry is, the value is all zero and must not be changed.
func (t *Cuckoo[K, V]) At(at uint32) *V { return &t.list[at].value }

// Len returns the number of entries.
func (t *Cuckoo[K, V]) Len() int { return int(t.len.Load()) }

// Cap returns the number of entries the table was made for; indexes are below it.
func (t *Cuckoo[K, V]) Cap() int { return int(t.cap) }

// Memory returns the size of the table in bytes.
func (t *Cuckoo[K, V]) Memory() int { return t.memory.size() }

// All returns every index with its key, in no order. It is the writer's; the loop may remove the entry it is at, and
// must not insert.
func (t *Cuckoo[K, V]) All() iter.Seq2[uint32, K] {
	return func(yield func(uint32, K) bool) {
		for b := range t.mask + 1 {
			for s := range slots {
				if at, ok := t.bucket(b).live(s); ok && !yield(at, *t.Key(at)) {
					return
				}
			}
		}
	}
}
