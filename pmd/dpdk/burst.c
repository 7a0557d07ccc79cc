//go:build dpdk && cgo && linux

// The packets' way: one call a burst in each direction.
#include <stdlib.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "dpdk.h"

struct nc_queue *nc_queue_new(const struct nc_device *d, uint16_t queue, uint32_t limit, struct rte_mempool *pool)
{
	struct nc_queue *q = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN(sizeof *q, RTE_CACHE_LINE_SIZE));
	if (q == NULL)
		return NULL;
	*q = (struct nc_queue){.port = d->port, .queue = queue, .limit = limit, .pool = pool};
	return q;
}

static void give_back(struct nc_slot *slots, uint32_t n)
{
	struct rte_mbuf *left[NC_BURST];
	uint32_t k = 0;
	for (uint32_t i = 0; i < n; i++)
		if (slots[i].mbuf != NULL)
			left[k++] = slots[i].mbuf;
	if (k > 0)
		rte_pktmbuf_free_bulk(left, k);
}

void nc_queue_free(struct nc_queue *q)
{
	give_back(q->rx, q->lent);
	give_back(q->copy, q->fresh);
	free(q);
}

static void fill(struct nc_slot *s, struct rte_mbuf *m)
{
	*s = (struct nc_slot){m, m->buf_addr, m->buf_len, m->data_off, m->data_len};
}

// odd are mbufs that cannot be lent as they are: others use their memory too,
// or their frame is merged, which no port was asked to do.
static const uint64_t odd = RTE_MBUF_F_RX_LRO | RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;

static inline bool lendable(const struct rte_mbuf *m)
{
	return m->nb_segs == 1 && rte_mbuf_refcnt_read(m) == 1 && m->data_off >= NC_HEADROOM &&
	       (m->ol_flags & odd) == 0 && m->pkt_len <= NC_MAX_FRAME;
}

// mend copies a frame into an mbuf that can be lent, and frees the old one.
// It is NULL if there is none.
static __rte_noinline struct rte_mbuf *mend(struct nc_queue *q, struct rte_mbuf *m)
{
	struct rte_mbuf *whole = NULL;
	if ((m->ol_flags & RTE_MBUF_F_RX_LRO) == 0 && m->pkt_len <= NC_MAX_FRAME)
		whole = rte_pktmbuf_copy(m, q->pool, 0, UINT32_MAX);
	rte_pktmbuf_free(m);
	return whole;
}

// nc_rx frees what is left of the last burst, and fills rx with the next.
uint32_t nc_rx(struct nc_queue *q)
{
	struct rte_mbuf *mbufs[NC_BURST];
	uint32_t n = 0, got, k = 0;
	uint64_t bytes = 0;

	give_back(q->rx, q->lent);
	do { // many drivers yield 32 at once
		got = rte_eth_rx_burst(q->port, q->queue, mbufs + n, NC_BURST - n);
		n += got;
	} while (got == NC_BURST / 2 && n < NC_BURST);
	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = mbufs[i];
		if (unlikely(!lendable(m)) && (m = mend(q, m)) == NULL)
			continue;
		fill(&q->rx[k++], m);
		bytes += m->data_len;
	}
	q->lent = k;
	q->rx_packets += k;
	q->rx_bytes += bytes;
	q->rx_lost += n - k;
	return k;
}

// nc_refill sees to it that so many slots of copy hold an mbuf, and tells how
// many do.
uint32_t nc_refill(struct nc_queue *q, uint32_t want)
{
	for (uint32_t i = 0; i < want; i++) {
		if (q->copy[i].mbuf != NULL)
			continue;
		struct rte_mbuf *m = rte_pktmbuf_alloc(q->pool);
		if (m == NULL)
			return i;
		fill(&q->copy[i], m);
		q->fresh = RTE_MAX(q->fresh, i + 1);
	}
	return want;
}

static inline bool sendable(const struct nc_queue *q, const struct nc_out *o)
{
	return o->slot != NULL && o->slot->mbuf != NULL && o->len <= q->limit;
}

// nc_tx sends the first n of out and returns how many it took. Of those, the
// mbufs are the device's now, or freed.
uint32_t nc_tx(struct nc_queue *q, uint32_t n)
{
	struct rte_mbuf *mbufs[NC_BURST];
	uint32_t k = 0, sent, taken = 0;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct nc_out *o = &q->out[i];
		if (unlikely(!sendable(q, o)))
			continue;
		struct rte_mbuf *m = mbufs[k++] = o->slot->mbuf;
		m->data_off = o->off;
		m->data_len = m->pkt_len = o->len;
	}
	sent = rte_eth_tx_burst(q->port, q->queue, mbufs, k);
	for (uint32_t left = sent; taken < n; taken++) {
		struct nc_out *o = &q->out[taken];
		bool gone = sendable(q, o);
		if (gone && left-- == 0)
			break;
		if (gone)
			bytes += o->len;
		else if (o->slot != NULL)
			rte_pktmbuf_free(o->slot->mbuf);
		if (o->slot != NULL)
			o->slot->mbuf = NULL;
	}
	q->tx_packets += sent;
	q->tx_bytes += bytes;
	q->tx_dropped += taken - sent;
	return taken;
}
