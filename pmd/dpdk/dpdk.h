// What Go and C say to each other. Everything here lies in C's memory.
#ifndef NITROCARD_DPDK_H
#define NITROCARD_DPDK_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_version.h>

#if RTE_VERSION < RTE_VERSION_NUM(22, 11, 0, 0)
#error "DPDK 22.11 or newer is needed"
#endif

#define NC_BURST 64       // pmd.MaxBurst
#define NC_HEADROOM 128   // pmd.Headroom
#define NC_MAX_FRAME 9069 // pmd.MaxFrame
// Drivers round a receive buffer down to a multiple of 1 KB at worst: 9 KB
// are left for the longest frame.
#define NC_DATA_ROOM (NC_HEADROOM + 9216)

_Static_assert(RTE_PKTMBUF_HEADROOM == NC_HEADROOM, "DPDK was built with another headroom");

// nc_slot is an mbuf that is lent to the card, or one of our own that awaits
// a frame. Whoever takes the mbuf over leaves NULL.
struct nc_slot {
	struct rte_mbuf *mbuf;
	void *mem; // all of its memory, headroom first
	uint32_t cap, off, len;
};

// nc_out is a frame to send: where it lies in its slot now.
struct nc_out {
	struct nc_slot *slot; // NULL: nothing that could be sent
	uint32_t off, len;
};

// nc_queue is one receive and one transmit queue of a device. One thread
// polls it; the counts are read by others.
struct nc_queue {
	uint16_t port, queue;
	uint32_t limit; // longest frame to send
	struct rte_mempool *pool;

	uint32_t lent, fresh; // how many slots of rx and copy are in use
	struct nc_slot rx[NC_BURST];
	struct nc_slot copy[NC_BURST]; // for frames of other drivers
	struct nc_out out[NC_BURST];

	uint64_t rx_packets, rx_bytes, rx_lost;
	uint64_t tx_packets, tx_bytes, tx_dropped;
};

// nc_device is what Go wants to know of a device.
struct nc_device {
	uint16_t port;
	uint16_t mtu;
	uint32_t if_index; // of the kernel's interface behind it, or 0
	uint32_t mbufs;    // that its rings may hold
	uint8_t mac[6];
	bool inner_rss;
	const char *failed; // the step that did
};

// nc_stats are a device's own counts.
struct nc_stats {
	uint64_t missed, tx_packets, tx_errors;
};

// eal.c
int nc_eal_init(int argc, char **argv, bool verbose);
void nc_log_clear(void);
const char *nc_log_first(void);
uint64_t nc_heap_bytes(void);
struct rte_mempool *nc_pool(uint32_t mbufs);
int nc_bind_thread(void);
void nc_unbind_thread(void);

// device.c
int nc_find(const char *name);
int nc_probe(const char *devargs);
int nc_cable(const char *a, const char *b, struct rte_ring *rings[2], int ports[2]);
void nc_cable_free(struct rte_ring *rings[2]);
int nc_start(struct nc_device *d, uint16_t queues, struct rte_mempool *pool);
int nc_stop(uint16_t port);
int nc_link(uint16_t port);
int nc_stats(uint16_t port, struct nc_stats *s);
int nc_xstats(uint16_t port, char (*names)[64], uint64_t *values, int room);

// burst.c
struct nc_queue *nc_queue_new(const struct nc_device *d, uint16_t queue, uint32_t limit, struct rte_mempool *pool);
void nc_queue_free(struct nc_queue *q);
uint32_t nc_rx(struct nc_queue *q);
uint32_t nc_refill(struct nc_queue *q, uint32_t want);
uint32_t nc_tx(struct nc_queue *q, uint32_t n);

#endif
