//go:build dpdk && cgo && linux

// DPDK's environment: its start, its log, its memory, its threads.
#define _GNU_SOURCE
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_malloc.h>
#include <rte_memory.h>

#include "dpdk.h"

// The log: DPDK tells the cause of a failure there and nowhere else. The
// first complaint after nc_log_clear is the cause; what follows are its
// consequences.
static struct {
	pthread_mutex_t lock;
	FILE *copy; // where all lines go too, or NULL
	char first[256];
} complaints = {.lock = PTHREAD_MUTEX_INITIALIZER};

static ssize_t listen_to(void *cookie, const char *line, size_t n)
{
	(void)cookie;
	pthread_mutex_lock(&complaints.lock);
	if (complaints.copy != NULL)
		fwrite(line, 1, n, complaints.copy);
	if (complaints.first[0] == 0 && rte_log_cur_msg_loglevel() <= (int)RTE_LOG_WARNING)
		snprintf(complaints.first, sizeof complaints.first, "%.*s", (int)n, line);
	pthread_mutex_unlock(&complaints.lock);
	return n;
}

void nc_log_clear(void)
{
	pthread_mutex_lock(&complaints.lock);
	complaints.first[0] = 0;
	pthread_mutex_unlock(&complaints.lock);
}

const char *nc_log_first(void) { return complaints.first; }

static ssize_t ignore(void *cookie, const char *text, size_t n)
{
	(void)cookie, (void)text;
	return n;
}

struct start {
	int argc;
	char **argv;
	int err;
};

static void *start(void *arg)
{
	struct start *s = arg;
	sigset_t all;

	// The threads that DPDK starts inherit this: signals are Go's.
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	s->err = rte_eal_init(s->argc, s->argv) < 0 ? rte_errno : 0;
	return NULL;
}

// nc_eal_init starts DPDK on a thread of its own, because DPDK changes the
// CPUs and the identity of the thread that it starts on. About wrong options
// it prints a page of usage and an alarm, which are dropped: the log says all.
int nc_eal_init(int argc, char **argv, bool verbose)
{
	FILE *nowhere = fopencookie(NULL, "w", (cookie_io_functions_t){.write = ignore});
	FILE *log = fopencookie(NULL, "w", (cookie_io_functions_t){.write = listen_to});
	FILE *out = stdout, *err = stderr;
	struct start s = {argc, argv, 0};
	pthread_t thread;

	if (nowhere == NULL || log == NULL)
		return ENOMEM;
	complaints.copy = verbose ? stderr : NULL;
	rte_openlog_stream(log);
	opterr = 0;
	stdout = stderr = nowhere;
	s.err = pthread_create(&thread, NULL, start, &s);
	if (s.err == 0)
		pthread_join(thread, NULL);
	stdout = out, stderr = err;
	fclose(nowhere);
	return s.err;
}

// nc_heap_bytes is the memory that DPDK has now.
uint64_t nc_heap_bytes(void)
{
	uint64_t sum = 0;
	struct rte_malloc_socket_stats s;
	for (int i = 0; i < RTE_MAX_NUMA_NODES; i++)
		if (rte_malloc_get_socket_stats(i, &s) == 0)
			sum += s.heap_totalsz_bytes;
	return sum;
}

struct sizes {
	struct nc_pages *pages;
	int n, room;
};

static int count_page(const struct rte_memseg_list *list, const struct rte_memseg *page, void *arg)
{
	struct sizes *s = arg;
	int i = 0;

	(void)list;
	while (i < s->n && s->pages[i].bytes != page->hugepage_sz)
		i++;
	if (i == s->room)
		return 0;
	if (i == s->n)
		s->pages[s->n++] = (struct nc_pages){.bytes = page->hugepage_sz};
	s->pages[i].count++;
	return 0;
}

// nc_pages tells which pages DPDK has now, by size.
int nc_pages(struct nc_pages *pages, int room)
{
	struct sizes s = {.pages = pages, .room = room};
	rte_memseg_walk(count_page, &s);
	return s.n;
}

// nc_pool makes the memory of all frames.
struct rte_mempool *nc_pool(uint32_t mbufs)
{
	return rte_pktmbuf_pool_create("nitrocard", mbufs, RTE_MEMPOOL_CACHE_MAX_SIZE / 2, 0, NC_DATA_ROOM, SOCKET_ID_ANY);
}

static __thread unsigned int bound;

int nc_bind_thread(void)
{
	if (bound == 0 && rte_lcore_id() == LCORE_ID_ANY && rte_thread_register() != 0)
		return rte_errno;
	bound++;
	return 0;
}

void nc_unbind_thread(void)
{
	if (bound > 0 && --bound == 0)
		rte_thread_unregister();
}
