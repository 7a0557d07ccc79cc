//go:build dpdk && cgo && linux

// The packets' way: one call a burst in each direction.
#include <stdlib.h>
#include <string.h>

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
	give_back(q->behind + q->next, q->held);
	free(q);
}

// A receiving device says that it merged a frame, or net_vhost passes on its
// guest's wish to have one cut (legacy-ol-flags=1).
#define MERGED (RTE_MBUF_F_RX_LRO | RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG)

// lendable is false for an mbuf whose memory others use too, and for a frame
// that is in pieces, or merged, or without the headroom that was promised.
static inline bool lendable(const struct rte_mbuf *m)
{
	const uint64_t odd = MERGED | RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	return m->nb_segs == 1 && rte_mbuf_refcnt_read(m) == 1 && m->data_off >= NC_HEADROOM &&
	       (m->ol_flags & odd) == 0 && m->pkt_len <= NC_MAX_FRAME;
}

// whole copies a frame into an mbuf that can be lent, and frees the old one.
// It is NULL, and counted, if the frame is lost.
static struct rte_mbuf *whole(struct nc_queue *q, struct rte_mbuf *m)
{
	struct rte_mbuf *copy = NULL;
	if (m->pkt_len > NC_MAX_FRAME)
		q->too_long++;
	else if ((copy = rte_pktmbuf_copy(m, (struct rte_mempool *)q->pool, 0, UINT32_MAX)) == NULL)
		q->missed++;
	rte_pktmbuf_free(m);
	return copy;
}

// mend makes the burst lendable, from the first mbuf on that is not. It holds
// the first merged frame and what is behind it.
static __rte_noinline void mend(struct nc_queue *q, struct rte_mbuf **mbufs, uint32_t first)
{
	uint32_t k = first;
	for (uint32_t i = first; i < q->lent; i++) {
		struct rte_mbuf *m = mbufs[i];
		if (m->ol_flags & MERGED) {
			q->cutting = true;
			q->next = 0;
			q->held = q->lent - i;
			memcpy(q->behind, q->rx + i, q->held * sizeof *q->rx);
			break;
		}
		if (!lendable(m))
			m = whole(q, m);
		if (m != NULL)
			mbufs[k++] = m;
	}
	q->lent = k;
}

// describe reads what is known of a merged frame. Datagrams (UDP_SEG) stand for
// fragments of one, which are nothing that is cut: they have no size.
static struct nc_merged describe(const struct rte_mbuf *m)
{
	struct nc_merged d = {.len = m->pkt_len};

	if (m->ol_flags & RTE_MBUF_F_TX_UDP_SEG)
		return d;
	d.size = m->tso_segsz;
	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)
		d.start = m->l2_len + m->l3_len;
	if (d.start > 0 && m->ol_flags & RTE_MBUF_F_TX_TUNNEL_MASK)
		d.start += m->outer_l2_len + m->outer_l3_len;
	return d;
}

// nc_held lends held frames up to the next that is merged, which it copies to
// frame in one piece. It is false if none comes, or rx is full before.
bool nc_held(struct nc_queue *q, void *frame)
{
	while (q->held > 0 && q->lent < NC_BURST) {
		struct rte_mbuf *m = (struct rte_mbuf *)q->behind[q->next++];
		q->held--;
		if ((m->ol_flags & MERGED) && m->pkt_len <= NC_MERGED) {
			q->merged = describe(m);
			const void *at = rte_pktmbuf_read(m, 0, m->pkt_len, frame);
			if (at != NULL && at != frame) // it was in one piece
				memcpy(frame, at, m->pkt_len);
			rte_pktmbuf_free(m);
			return true;
		}
		if (!lendable(m))
			m = whole(q, m);
		if (m != NULL)
			q->rx[q->lent++] = (uintptr_t)m;
	}
	return false;
}

// nc_rx frees what is left of the last burst, and fills rx with the next.
void nc_rx(struct nc_queue *q)
{
	struct rte_mbuf **mbufs = (struct rte_mbuf **)q->rx;
	uint32_t got;

	give_back(q->rx, q->lent);
	q->lent = 0;
	if (unlikely(q->cutting))
		return;
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
