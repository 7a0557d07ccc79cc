/* rte_hash under the loads of ../side.go, whose comments say what is measured:
 *
 *	rte_hash KEY_BYTES ENTRIES
 *
 * prints one line for each operation and its ns of CPU time a key, and one for
 * how much of its memory lies in huge pages. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <rte_debug.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_malloc.h>

#define MAX_BURST 64
#define HUGE (2ul << 20)
#define TURN 0.2 /* seconds that an operation is measured */

static struct rte_hash *table;
static uint32_t size, held, asked; /* bytes of a key; keys in the table; keys that are looked up */
static uint8_t *keys, *queries;

/* splitmix64 (Steele, Lea, Flood 2014), as in ../keys.go */
static uint64_t mix(uint64_t x)
{
	x *= 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static void put_key(uint8_t *to, uint64_t n)
{
	for (uint32_t w = 0; w < size / 8; w++) {
		uint64_t word = mix(n * 8 + w + 1);
		memcpy(to + 8 * w, &word, 8);
	}
}

static double cpu(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void one_at_a_time(void)
{
	for (uint32_t i = 0; i < asked; i++)
		if (rte_hash_lookup(table, queries + (size_t)i * size) < 0)
			rte_panic("a key is missing\n");
}

static void bulk(uint32_t burst)
{
	const void *at[MAX_BURST];
	int32_t positions[MAX_BURST];
	int32_t missing = 0;
	for (uint32_t i = 0; i < asked; i += burst) {
		for (uint32_t j = 0; j < burst; j++)
			at[j] = queries + (size_t)(i + j) * size;
		rte_hash_lookup_bulk(table, at, burst, positions);
		missing |= positions[0] | positions[burst - 1];
	}
	if (missing < 0)
		rte_panic("a key is missing\n");
}

static void bulk32(void) { bulk(32); }
static void bulk64(void) { bulk(64); }

static void lookups(const char *name, void (*all)(void))
{
	all();
	uint64_t n = 0;
	double start = cpu(), end;
	do {
		all();
		n += asked;
		end = cpu();
	} while (end - start < TURN);
	printf("%s %.3f\n", name, (end - start) / n * 1e9);
}

static void fill(void)
{
	for (uintptr_t i = 0; i < held; i++)
		if (rte_hash_add_key_data(table, keys + (size_t)i * size, (void *)i) != 0)
			rte_panic("no room for key %lu of %u\n", (unsigned long)i, held);
}

/* The memory was touched before: what is measured is not the kernel's. */
static void inserts(void)
{
	double spent = 0;
	uint64_t n = 0;
	do {
		rte_hash_reset(table);
		double start = cpu();
		fill();
		spent += cpu() - start;
		n += held;
	} while (spent < TURN);
	printf("insert %.3f\n", spent / n * 1e9);
}

static void *huge(size_t bytes)
{
	uint8_t *p = mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		rte_panic("no memory\n");
	madvise(p, bytes + HUGE, MADV_HUGEPAGE);
	return (void *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
}

/* DPDK's own memory without hugetlbfs is in small pages; this heap has the same kind of memory that tables have. */
static int heap(size_t bytes)
{
	void *p = huge(bytes);
	memset(p, 0, bytes);
	if (rte_malloc_heap_create("tables") != 0 ||
	    rte_malloc_heap_memory_add("tables", p, bytes, NULL, bytes / HUGE, HUGE) != 0)
		rte_panic("heap: %s\n", rte_strerror(rte_errno));
	return rte_malloc_heap_get_socket("tables");
}

static void start_eal(char *name)
{
	char *args[] = {name, "--no-huge", "--no-pci", "--no-telemetry", "--no-shconf", "-m", "64", "--log-level", "error", NULL};
	cpu_set_t any;
	sched_getaffinity(0, sizeof any, &any);
	if (rte_eal_init(sizeof args / sizeof *args - 1, args) < 0)
		rte_panic("EAL: %s\n", rte_strerror(rte_errno));
	sched_setaffinity(0, sizeof any, &any); /* no CPU of its own, as the other sides have none */
}

static void make_table(uint32_t slots)
{
	struct rte_hash_parameters p = {
		.name = "tables",
		.entries = slots,
		.key_len = size,
		.hash_func = rte_hash_crc,
		.socket_id = heap(((size_t)slots * (size + 32) / HUGE + 16) * HUGE),
	};
	table = rte_hash_create(&p);
	if (table == NULL)
		rte_panic("rte_hash_create: %s\n", rte_strerror(rte_errno));
}

static void make_keys(void)
{
	keys = huge((size_t)held * size);
	queries = huge((size_t)asked * size);
	for (uint32_t i = 0; i < held; i++)
		put_key(keys + (size_t)i * size, i);
	for (uint32_t i = 0; i < asked; i++)
		put_key(queries + (size_t)i * size, mix((1ull << 40) + i) % held);
}

static void print_huge(void)
{
	char line[256];
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	while (f && fgets(line, sizeof line, f)) {
		unsigned long kb;
		if (sscanf(line, "AnonHugePages: %lu kB", &kb) == 1)
			printf("huge_mb %lu\n", kb >> 10);
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	size = atoi(argv[1]);
	uint32_t slots = atoi(argv[2]);
	held = slots / 8 * 7;
	asked = slots < 4096 ? 4096 : slots > 1 << 20 ? 1 << 20 : slots;
	start_eal(argv[0]);
	make_table(slots);
	make_keys();
	fill();
	inserts();
	lookups("one", one_at_a_time);
	lookups("burst32", bulk32);
	lookups("burst64", bulk64);
	print_huge();
	return 0;
}
