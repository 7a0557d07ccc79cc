// Package tables holds the tables of the packet path: a cuckoo hash table, a timer wheel, and an array of values beside
// a table's entries.
//
// Each table has a fixed capacity and lives in memory that the garbage collector neither scans nor counts. A table holds
// no pointers, and allocates nothing after New. A table belongs to one writer at a time. Any number of readers may use a
// Cuckoo beside its writer without a lock: Get copies a value out, and Guard is for readers that look up bursts and keep
// indexes.
//
//	cuckoo.go    Cuckoo, the generic face of the table
//	layout.go    what keys and values may be, and how many buckets a capacity takes
//	bucket.go    the bucket: eight tags, eight indexes, one cache line
//	index.go     the table behind Cuckoo, without type parameters: homes, entries, one look-up at a time
//	burst.go     the look-up of a whole burst; its steps for amd64 in burst_amd64.s
//	insert.go    insert, breadth-first eviction, remove
//	pair.go      two entries at once, which know each other's index
//	store.go     how the writer stores what readers may be reading; for amd64 in store_amd64.s
//	read.go      the look-up beside a writer
//	grace.go     Grace: when a removed index is out of every reader's sight
//	spinlock.go  Spinlock, by which several threads are one writer
//	hash.go      seeded hashes: AES rounds on amd64, xxhash elsewhere
//	secret.go    the words of hashes that others make
//	wheel.go     Wheel, timers for entries
//	array.go     Array, values beside entries
//	memory_*     memory outside the collector's heap
//
// # Buckets and entries
//
//	hash ──▶ home ──▶ bucket, 64 bytes                      entries
//	                  +------------------------------+      +-----+-------+
//	                  | 8 tags │ 8 indexes │ version │──at──▶ key | value |
//	                  +------------------------------+      +-----+-------+
//	                     │ tag
//	                     ▼
//	                  other bucket of the entry
//
// A bucket is one cache line: eight 16-bit tags (pieces of hashes), eight indexes into the array of entries, and a
// version. An entry keeps its index until Remove, so a timer or a packet between two steps can hold the index. An eviction
// moves six bytes between buckets and leaves the entry where it lies. The bucket and the tag give the entry's other
// bucket, so an eviction reads no entry.
//
// # Why the burst has its order
//
// A look-up in a table larger than the caches waits for memory twice: for the bucket, then for the entry. LookupBurst does
// each step for the whole burst, so that the waits overlap:
//
//	hash        hash all keys, and prefetch the first bucket of each
//	candidates  compare the tags of that bucket, and prefetch the entry, or the second bucket if no tag is equal;
//	            then the same with the second buckets of the few keys that need them
//	compare     compare all keys with those of their entries
//
// Each step prefetches for the next step in the pass that finds the address. Against passes that only prefetch, and second
// buckets only after the first comparison of keys, a table of 1M entries takes half the time, and a key of 16 bytes 51
// instructions instead of 76. To prefetch both buckets up front is 10 % slower, because most second buckets are never read.
//
// # Why there are two hashes
//
// AES instructions hash a key of 16 bytes in 1 ns; xxhash with a seed takes 15 ns. Only amd64 processors with AES-NI have
// the fast hash, and all others have xxhash. New makes the choice once, and with it the choice between assembly and Go for
// a burst's steps; both ways pass the same tests. Both hashes are keyed by the seed: a sender who does not know the seed
// cannot aim at a bucket.
//
// # Beside a writer
//
// A reader that copies a value out (Get) checks the versions of the two buckets and tries again after a change. Workers
// that count in values in place look up bursts and keep the indexes, so a second try cannot help them. For their sake the
// writer zeroes a removed value at once, and a Grace tells the writer when every worker has forgotten the index; only then
// does the index name another entry. Workers pay one load a burst for this. Under the race detector tables lie on the heap
// and words are read with atomic loads, so that the detector sees every access.
//
// # Why the core has no type parameters
//
// Generic code compares keys through a dictionary or the runtime's memequal, and `==` on [5]uint64 is slower than XOR and
// OR over its words. So Cuckoo only converts types. The code behind Cuckoo works on words, with a loop of its own for keys
// of 16 bytes (a connection).
package tables
