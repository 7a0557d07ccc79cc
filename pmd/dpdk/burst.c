//go:build dpdk && cgo && linux

// The packets' way: one call a burst in each direction.
#include <stdlib.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "dpdk.h"

struct nc_queue *nc_queue_new(uint16_t port, uint16_t queue, struct rte_mempool *pool)
{
	struct nc_queue *q = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN(sizeof *q, RTE_CACHE_LINE_SIZE));
	if (q != NULL)
		*q = (struct nc_queue){.port = port, .queue = queue, .pool = (uintptr_t)pool};
	return q;
}

static void give_back(const uintptr_t *mbufs, uint32_t n)
{
	struct rte_mbuf *left[NC_BURST];
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++)
		if (mbufs[i] != 0)
			left[k++] = (struct rte_mbuf *)mbufs[i];
	if (k > 0)
		rte_pktmbuf_free_bulk(left, k);
}

void nc_queue_free(struct nc_queue *q)
{
	give_back(q->rx, q->lent);
	give_back(q->copy, q->fresh);
	free(q);
}

// lendable is false for an mbuf whose memory others use too, and for a frame
// that is in pieces, or merged, or without the headroom that was promised.
static inline bool lendable(const struct rte_mbuf *m)
{
	const uint64_t odd = RTE_MBUF_F_RX_LRO | RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	return m->nb_segs == 1 && rte_mbuf_refcnt_read(m) == 1 && m->data_off >= NC_HEADROOM &&
	       (m->ol_flags & odd) == 0 && m->pkt_len <= NC_MAX_FRAME;
}

// whole copies a frame into an mbuf that can be lent, and frees the old one.
// It is NULL, and counted, if the frame is lost.
static struct rte_mbuf *whole(struct nc_queue *q, struct rte_mbuf *m)
{
	struct rte_mbuf *copy = NULL;
	if (m->ol_flags & RTE_MBUF_F_RX_LRO)
		q->uncut++;
	else if (m->pkt_len > NC_MAX_FRAME)
		q->too_long++;
	else if ((copy = rte_pktmbuf_copy(m, (struct rte_mempool *)q->pool, 0, UINT32_MAX)) == NULL)
		q->missed++;
	rte_pktmbuf_free(m);
	return copy;
}

// mend makes the burst lendable, from the first mbuf on that is not.
static __rte_noinline void mend(struct nc_queue *q, struct rte_mbuf **mbufs, uint32_t first)
{
	uint32_t k = first;
	for (uint32_t i = first; i < q->lent; i++) {
		struct rte_mbuf *m = mbufs[i];
		if (!lendable(m))
			m = whole(q, m);
		if (m != NULL)
			mbufs[k++] = m;
	}
	q->lent = k;
}

// nc_rx frees what is left of the last burst, and fills rx with the next.
void nc_rx(struct nc_queue *q)
{
	struct rte_mbuf **mbufs = (struct rte_mbuf **)q->rx;
	uint32_t got;

	give_back(q->rx, q->lent);
	q->lent = 0;
	do { // many drivers yield 32 at once
		got = rte_eth_rx_burst(q->port, q->queue, mbufs + q->lent, NC_BURST - q->lent);
		q->lent += got;
	} while (got == NC_BURST / 2 && q->lent < NC_BURST);
	for (uint32_t i = 0; i < q->lent; i++)
		if (unlikely(!lendable(mbufs[i]))) {
			mend(q, mbufs, i);
			break;
		}
}

// nc_tx sends the first n of tx, and returns how many the device took.
uint32_t nc_tx(struct nc_queue *q, uint32_t n)
{
	return rte_eth_tx_burst(q->port, q->queue, (struct rte_mbuf **)q->tx, n);
}

// nc_refill puts mbufs into copy until there are so many, or no more.
void nc_refill(struct nc_queue *q, uint32_t want)
{
	for (; q->fresh < want; q->fresh++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc((struct rte_mempool *)q->pool);
		if (m == NULL)
			return;
		q->copy[q->fresh] = (uintptr_t)m;
	}
}
