// A loop that does nothing but look at the clock, as a floor for the gaps of a
// worker: loop CPU NS SECONDS polls on a CPU for so long, in turns of NS each,
// and prints p50, p99, p99.9, p99.99 and the longest time between two turns,
// in ns. Its histogram is the worker's.

#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BUCKETS = 61 * 16 };

static uint64_t buckets[BUCKETS], count, longest;

static uint64_t now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int bits(uint64_t v) { return v ? 64 - __builtin_clzll(v) : 0; }

static void add(uint64_t gap) {
	int shift = bits(gap) > 5 ? bits(gap) - 5 : 0;
	buckets[(shift << 4) + (gap >> shift)]++;
	count++;
	if (gap > longest)
		longest = gap;
}

static uint64_t quantile(double q) {
	uint64_t rank = q * count, seen = 0;
	for (int i = 0; i < BUCKETS; i++) {
		int shift = i >> 4 ? (i >> 4) - 1 : 0;
		uint64_t end = ((uint64_t)(i - (shift << 4) + 1) << shift) - 1;
		if ((seen += buckets[i]) > rank)
			return end < longest ? end : longest;
	}
	return longest;
}

int main(int argc, char **argv) {
	if (argc != 4) {
		fprintf(stderr, "loop: a CPU, ns and seconds are expected\n");
		return 2;
	}
	cpu_set_t cpu;
	CPU_ZERO(&cpu);
	CPU_SET(atoi(argv[1]), &cpu);
	if (sched_setaffinity(0, sizeof cpu, &cpu)) {
		perror("loop: sched_setaffinity");
		return 1;
	}
	uint64_t turn = atoll(argv[2]), last = now(), end = last + atof(argv[3]) * 1e9;
	while (last < end) {
		uint64_t t;
		while ((t = now()) - last < turn)
			;
		add(t - last);
		last = t;
	}
	printf("%lu %lu %lu %lu %lu\n", quantile(0.50), quantile(0.99), quantile(0.999), quantile(0.9999), longest);
	return 0;
}
