// What Go and C say to each other. Everything here lies in C's memory.
#ifndef NITROCARD_DPDK_H
#define NITROCARD_DPDK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "DPDK 22.11 or newer is needed"
#endif

#define NC_BURST 64       // pmd.MaxBurst
#define NC_HEADROOM 128   // pmd.Headroom
#define NC_MAX_FRAME 9089 // pmd.MaxFrame
#define NC_MERGED (65536 + 256) // longest merged frame: an IP packet, and what may lie before it
#define NC_QUEUES 256     // of one device, at most
#define NC_SPEED_UNKNOWN UINT32_MAX
// Drivers round a receive buffer down to a multiple of 1 KB at worst: 9 KB
// are left for the longest frame.
#define NC_DATA_ROOM (NC_HEADROOM + 9216)

_Static_assert(RTE_PKTMBUF_HEADROOM == NC_HEADROOM, "DPDK was built with another headroom");

// What Go reads and writes of an mbuf itself. Not all are plain members in
// every version, so cgo cannot name them.
enum {
	NC_BUF_ADDR = offsetof(struct rte_mbuf, buf_addr),
	NC_BUF_LEN = offsetof(struct rte_mbuf, buf_len),
	NC_DATA_OFF = offsetof(struct rte_mbuf, data_off),
	NC_DATA_LEN = offsetof(struct rte_mbuf, data_len),
	NC_PKT_LEN = offsetof(struct rte_mbuf, pkt_len),
};

// nc_merged is what a device says of a merged frame: its length, the payload of
// each segment or 0, and where its TCP header is or 0.
struct nc_merged {
	uint32_t len, size, start;
};

// nc_queue is one receive and one transmit queue of a device. Arrays hold
// mbufs. One thread polls the queue.
struct nc_queue {
	uint16_t port, queue;
	uint32_t lent, fresh; // how many of rx and copy are in use
	uintptr_t pool;       // no pointer is in here, so cgo need not look for Go's at each call
	uintptr_t rx[NC_BURST];   // lent to the card; 0 where another port took it over
	uintptr_t tx[NC_BURST];   // to send
	uintptr_t copy[NC_BURST]; // empty, for frames of other drivers
	// A merged frame is cut by Go. Until it is, those behind it in its burst
	// are held, and the device is not polled.
	bool cutting;
	uint32_t held, next;       // how many of behind wait, and the first of them
	uintptr_t behind[NC_BURST];
	struct nc_merged merged;   // the one that is cut
	// Frames that could not be lent: there was no memory to copy them to, or
	// they are longer than any port carries.
	uint64_t missed, too_long;
};

// nc_device is what Go wants to know of a device.
struct nc_device {
	uint16_t port;
	uint16_t mtu;
	uint32_t if_index; // of the kernel's interface behind it, or 0
	uint32_t mbufs;    // that its rings may hold
	uint8_t mac[6];
	uint64_t tx_offloads;
	bool rss, inner_rss, symmetric;
	const char *failed; // the step that did
};

// nc_stats are a device's own counts.
struct nc_stats {
	uint64_t missed, tx_packets, tx_errors;
};

// nc_pages are DPDK's pages of one size.
struct nc_pages {
	uint64_t bytes, count;
};

// eal.c
int nc_eal_init(int argc, char **argv, bool verbose);
void nc_log_clear(void);
const char *nc_log_first(void);
uint64_t nc_heap_bytes(void);
int nc_pages(struct nc_pages *pages, int room);
struct rte_mempool *nc_pool(uint32_t mbufs);
int nc_bind_thread(void);
void nc_unbind_thread(void);

// device.c
int nc_find(const char *name);
int nc_probe(const char *devargs);
int nc_cable(const char *a, const char *b, struct rte_ring *rings[2], int ports[2]);
void nc_cable_free(struct rte_ring *rings[2]);
int nc_start(struct nc_device *d, uint16_t queues, struct rte_mempool *pool);
int nc_stop(uint16_t port, const char *bus, const char *name);
int nc_link(uint16_t port);
int nc_stats(uint16_t port, struct nc_stats *s);
const uint8_t *nc_symmetric_key(void);
uint32_t nc_speed(uint16_t port);
void nc_offloads(const struct nc_device *d, char *names, int room);
int nc_xstats(uint16_t port, char (*names)[64], uint64_t *values, int room);

// tunnels.c
int nc_spread_tunnels(uint16_t port, uint16_t queues, char *why, int room);

// burst.c
struct nc_queue *nc_queue_new(uint16_t port, uint16_t queue, struct rte_mempool *pool);
void nc_queue_free(struct nc_queue *q);
void nc_rx(struct nc_queue *q);
bool nc_held(struct nc_queue *q, void *frame);
uint32_t nc_tx(struct nc_queue *q, uint32_t n);
void nc_refill(struct nc_queue *q, uint32_t want);

#endif
