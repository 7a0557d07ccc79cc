package tables

import (
	"errors"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// Burst is the most keys that LookupBurst takes.
const Burst = 64

var (
	// ErrFull says that Insert found no room. The table is unchanged.
	ErrFull = errors.New("table is full")
	// ErrExists says that Insert found the key in the table. The table is unchanged.
	ErrExists = errors.New("key is in the table already")
)

// Cuckoo is a hash table from K to V of fixed capacity.
//
// Who may call what:
//
//	the writer, one goroutine at a time      every method
//	any goroutine beside the writer          Get, Len, Cap, Memory, Stirs
//	a Grace's readers beside the writer      LookupBurst, Find, Key and At too, under the rules of Guard
//	any goroutine after the last write       every method that does not write
//
// The memory is outside the collector's heap. Close gives the memory back, and so does the collector when it finds the
// table unreachable; a pointer from Key or At is good only while the table itself is held.
type Cuckoo[K comparable, V any] struct {
	index
	list    []Entry[K, V] // the same memory as index.entries
	cleanup runtime.Cleanup
}

// New makes a table with room for capacity entries.
//
// K is made of integers and booleans without padding, 8 to 64 bytes and a multiple of 8, because keys are hashed and
// compared as words. V holds no pointers, because the collector does not see them. Any other type is an error.
//
// The number of buckets is a power of two. capacity entries take at most 95 % of the slots and leave at least 32. Up to
// that load eviction finds a place for every entry, also in a table that stays full while entries come and go: eviction
// never failed in 64 million inserts, and begins to fail at about 99 %.
//
// Tables with the same seed put the same keys in the same places. Where senders must not guess the seed, the seed comes
// from crypto/rand.
func New[K comparable, V any](capacity int, seed uint64) (*Cuckoo[K, V], error) {
	if err := checkTypes[K, V](); err != nil {
		return nil, err
	}
	buckets, err := bucketsFor(capacity)
	if err != nil {
		return nil, err
	}
	size := unsafe.Sizeof(Entry[K, V]{})
	entries := max(capacity, 1) // a look-up without a candidate may read entry 0
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
	t.list = unsafe.Slice((*Entry[K, V])(t.entries), entries)
	t.cleanup = runtime.AddCleanup(t, memory.release, mem)
	return t, nil
}

// Close gives the memory back. No method may be under way, and neither the table nor a pointer from Key or At may be used
// afterwards.
func (t *Cuckoo[K, V]) Close() {
	t.cleanup.Stop()
	t.memory.release()
	t.index, t.list = index{}, nil
}

// Guard makes the table hold back each index that Remove freed until all of g's readers have passed. Call Guard before the
// first Insert.
//
// A reader may then call LookupBurst, Find, Key and At beside the writer, and may use the indexes found until its next
// Pass. An entry found was in the table after the reader's last Pass. If the writer removes the entry meanwhile, its value
// is all zero and its index belongs to no other entry, so the reader may still read and write the value.
//
// A miss of LookupBurst is no proof that a key is absent, because the writer may be moving the key: confirm a miss by
// Find, by Stirs, or under the writer's lock. Readers and writer must agree on how they share values: by atomic loads and
// stores, or in a way that bears a lost store.
//
// An index that is held back is not given to Insert, so Insert may find the table full for a moment though Len is below
// Cap.
func (t *Cuckoo[K, V]) Guard(g *Grace) { t.grace = g }

// Insert adds an entry and returns the entry's index, which stays the same until Remove. If the key is in the table, Insert
// returns the key's index and ErrExists; if the table is full, ErrFull. Both errors leave the table unchanged.
func (t *Cuckoo[K, V]) Insert(k K, v V) (at uint32, err error) {
	e := Entry[K, V]{Key: k, Value: v}
	p := unsafe.Pointer(&e)
	return t.insert(p, t.hash(p))
}

// Reclaim makes indexes free that Remove held back and that no reader can have any more. Insert does so, too, when it has no
// index left, and may then have to wait for the readers; after a Reclaim now and then it has one.
func (t *Cuckoo[K, V]) Reclaim() {
	if t.grace != nil {
		t.turn()
	}
}

// Remove takes the entry with key k out and tells whether the table had the key. The value at the entry's index is all zero
// until Insert gives out the index again, unless a reader that found the entry before still writes to the value (see
// Guard).
func (t *Cuckoo[K, V]) Remove(k K) bool {
	p := unsafe.Pointer(&k)
	h := t.hash(p)
	at, ok := t.find(p, h)
	if ok {
		t.removeAt(at, h)
	}
	return ok
}

// RemoveAt is Remove of the entry at an index, whose key has the hash h.
func (t *Cuckoo[K, V]) RemoveAt(at uint32, h Hash) { t.removeAt(at, uint64(h)) }

// Lookup returns the index of the entry with key *k. Lookup is for the writer, or for a table that is no longer written.
func (t *Cuckoo[K, V]) Lookup(k *K) (at uint32, ok bool) {
	at, ok = t.find(unsafe.Pointer(k), t.hash(unsafe.Pointer(k)))
	runtime.KeepAlive(t)
	return at, ok
}

// LookupHashed is Lookup of a key with the hash h.
func (t *Cuckoo[K, V]) LookupHashed(h Hash, k *K) (at uint32, ok bool) {
	at, ok = t.find(unsafe.Pointer(k), uint64(h))
	runtime.KeepAlive(t)
	return at, ok
}

// Find returns the index of the entry with key *k, for a reader of a guarded table beside the writer. Unlike LookupBurst,
// Find misses no key that stays in the table, however often the writer moves the key. An entry found was in the table at
// some moment of the call.
func (t *Cuckoo[K, V]) Find(k *K) (at uint32, ok bool) {
	at, ok = t.locate(unsafe.Pointer(k))
	runtime.KeepAlive(t)
	return at, ok
}

// Stirs counts how often Insert has begun and ended to move entries from bucket to bucket; the number is odd while an
// Insert does so. If Stirs is the same even number before and after a LookupBurst, each key that LookupBurst missed was
// not in the table. Few inserts move entries unless the table is nearly full.
func (t *Cuckoo[K, V]) Stirs() uint64 { return t.stirs.Load() }

// LookupBurst looks up the first n keys, at most Burst. If bit i of hits is set, the entry of keys[i] has the index at[i];
// the other indexes in at are undefined. LookupBurst is for the callers of Lookup and for a Grace's readers (see Guard).
func (t *Cuckoo[K, V]) LookupBurst(keys *[Burst]K, n int, at *[Burst]uint32) (hits uint64) {
	hits = t.findBurst(unsafe.Pointer(keys), n, at)
	runtime.KeepAlive(t)
	return hits
}

// Hash is a key's hash in one table. A caller that needs a key more than once has it hashed once.
type Hash uint64

// Hash is the hash of a key.
func (t *Cuckoo[K, V]) Hash(k *K) Hash { return Hash(t.hash(unsafe.Pointer(k))) }

// HashBurst writes the hashes of the first n keys, at most Burst. A writer that is about to remove their entries by RemoveAt has
// the memory of their buckets come for all of them at once.
func (t *Cuckoo[K, V]) HashBurst(keys *[Burst]K, hashes *[Burst]Hash, n int) {
	if n > 0 {
		t.hashBurst(unsafe.Pointer(keys), min(n, Burst), (*uint64)(unsafe.Pointer(hashes)))
	}
	runtime.KeepAlive(t)
}

// LookupHashBurst is LookupBurst, and leaves the keys' hashes. A writer that is about to insert keys has the memory of
// both buckets of each come for all of them at once.
func (t *Cuckoo[K, V]) LookupHashBurst(keys *[Burst]K, hashes *[Burst]Hash, n int, at *[Burst]uint32) (hits uint64) {
	if n <= 0 {
		return 0
	}
	n = min(n, Burst)
	hash := (*[Burst]uint64)(unsafe.Pointer(hashes))
	t.hashBurst(unsafe.Pointer(keys), n, &hash[0])
	hits = t.findHashed(unsafe.Pointer(keys), hash, n, at)
	runtime.KeepAlive(t)
	return hits
}

// Get returns the value of key k, for any goroutine beside the writer. Get takes no lock, and the writer never waits for
// Get: Get tries again if an entry has just left one of the key's two buckets. The value is whole, as it was inserted, and a
// key that stays in the table is found however often the writer moves the key. The writer must not change a value in place
// (At) while Get may read the value.
func (t *Cuckoo[K, V]) Get(k K) (V, bool) {
	var e Entry[K, V]
	ok := t.read(unsafe.Pointer(&k), unsafe.Pointer(&e))
	runtime.KeepAlive(t)
	return e.Value, ok
}

// Key returns the key of the entry at an index, in place. The key must not be changed. Where no entry is, the key is undefined.
func (t *Cuckoo[K, V]) Key(at uint32) *K { return &t.list[at].Key }

// At returns the value of the entry at an index, in place. Where no entry is, the value is all zero and must not be changed.
func (t *Cuckoo[K, V]) At(at uint32) *V { return &t.list[at].Value }

// Is tells whether the key of the entry at an index, which is below Cap, is *k. It is for a reader that kept an index
// from before its last Pass, and is cheaper than a look-up: Insert writes keys before values, so if a word of the value
// that is never zero was loaded before, atomically, and was not zero, and then Is is true, the reader has found the entry as
// by Find.
func (t *Cuckoo[K, V]) Is(at uint32, k *K) bool {
	return equal(t.entry(at), unsafe.Pointer(k), t.words)
}

// Len returns the number of entries.
func (t *Cuckoo[K, V]) Len() int { return int(atomic.LoadUint32(&t.len)) }

// Cap returns the number of entries that the table was made for. Every index is below Cap.
func (t *Cuckoo[K, V]) Cap() int { return int(t.cap) }

// Used returns how many indexes entries have had. Every index of an entry is below Used. Used is the writer's.
func (t *Cuckoo[K, V]) Used() int { return int(t.used) }

// Memory returns the size of the table in bytes.
func (t *Cuckoo[K, V]) Memory() int { return t.memory.size() }
