// Package tables holds the tables of the packet path: a cuckoo hash table, a timer wheel, and an array of what stands beside entries.
//
// All have a fixed capacity, live in memory that the garbage collector neither scans nor counts, hold no
// pointers, and allocate nothing after New. Each belongs to one writer, one at a time; a Cuckoo may have any number of readers
// beside it, which never lock (see Get; and Guard, for readers that look up bursts and keep indexes).
//
//	cuckoo.go    Cuckoo, the generic face of the table
//	layout.go    what keys and values may be, and how many buckets a capacity takes
//	bucket.go    the bucket: eight tags, eight indexes, one cache line
//	index.go     the table behind it, without type parameters: homes, entries, one lookup at a time
//	burst.go     the lookup of a whole burst; its steps for amd64 in burst_amd64.s
//	insert.go    insert, breadth-first eviction, remove
//	read.go      the lookup beside a writer
//	grace.go     Grace: when an index that was removed is out of every reader's sight
//	spinlock.go  Spinlock, by which several threads are one writer
//	hash.go      seeded hashes: AES rounds on amd64, xxhash elsewhere
//	wheel.go     Wheel, timers for entries
//	array.go     Array, values beside entries
//	memory_*     memory outside the collector's heap
//
// # Buckets and entries
//
// A bucket is one cache line: eight 16-bit tags (pieces of the hashes), eight indexes into the array of entries, and
// a version. Keys and values lie in the entries, at an index that never changes: whoever holds an index (a timer, a
// packet between two steps) holds it until Remove. Evictions move six bytes in the buckets, never an entry. The other
// bucket of an entry follows from the bucket it is in and its tag, so an eviction reads no entry either.
//
// # Why the burst has its order
//
// A lookup in a table larger than the caches waits for memory twice: bucket, then entry. LookupBurst does each step
// for the whole burst, so that the waits overlap:
//
//	hash        all keys, and prefetch the first bucket of each
//	candidates  compare its tags, and prefetch the entry, or the second bucket where no tag is equal;
//	            then the same with the second buckets of the few that need them
//	compare     all keys with those of their entries
//
// Each step asks for what the next one reads in the same pass that finds out where it is. Against passes that only prefetch, and second
// buckets only after the first comparison of keys, a table of 1M entries takes half the time, and a key of 16 bytes 51 instructions
// instead of 76. Prefetching both buckets up front is 10 % slower: most second buckets are never needed.
//
// # Why there are two hashes
//
// A burst of keys is hashed by AES instructions in a fraction of the time xxhash takes (keys of 16 bytes: 1 ns against
// 15 ns with its seeding), but only amd64 processors with AES-NI have them here. Everywhere else keys go through xxhash. The choice is made once, in New,
// with that between a burst's steps in assembly and their twins, and both pass the same tests. Both are keyed by the seed: a sender who does
// not know it cannot aim at a bucket.
//
// # Beside a writer
//
// Whoever copies a value out (Get) checks the versions of its two buckets and tries again. Workers that count in values in place cannot: they
// look up bursts, and go on with the indexes. For them the writer zeroes what it removes, and a Grace tells it when all of them
// have forgotten the index, so that it never names another entry under a worker's hands. They pay one load a burst for it, nothing
// a packet. Under the race detector tables lie on the heap and words are read with atomic loads, so that it sees all of this.
//
// # Why the core has no type parameters
//
// Generic code compares keys through a dictionary or the runtime's memequal, and `==` on [5]uint64 is slower than XOR and OR over
// its words. So Cuckoo only converts types, and the code behind it works on words, with loops of its own for keys
// of 16 and 40 bytes (a connection over IPv4 and over IPv6).
package tables
