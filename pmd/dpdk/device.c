//go:build dpdk && cgo && linux

// Devices: found, started, asked and ended. None of it is on the packets' way.
#include <errno.h>
#include <signal.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_ring.h>

#include "dpdk.h"

_Static_assert(RTE_ETH_XSTATS_NAME_SIZE == 64, "nc_xstats' names have another length");

// nc_find is the number of a device that DPDK has, or negative.
int nc_find(const char *name)
{
	uint16_t port;
	return rte_eth_dev_get_port_by_name(name, &port) == 0 ? port : -ENODEV;
}

// A driver may start threads while it takes a device. They inherit which
// signals are blocked, and signals are Go's.
static sigset_t block_signals(void)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	return before;
}

static void unblock_signals(sigset_t before) { pthread_sigmask(SIG_SETMASK, &before, NULL); }

// nc_probe has a driver take a device, and returns its number.
int nc_probe(const char *devargs)
{
	struct rte_dev_iterator it;
	uint16_t port;
	sigset_t before = block_signals();
	int err = rte_dev_probe(devargs);
	unblock_signals(before);

	if (err < 0)
		return err;
	RTE_ETH_FOREACH_MATCHING_DEV(port, devargs, &it) {
		rte_eth_iterator_cleanup(&it);
		return port;
	}
	return -ENODEV;
}

#define CABLE_FRAMES 1024

// nc_cable makes two devices, each the other's peer.
int nc_cable(const char *a, const char *b, struct rte_ring *rings[2], int ports[2])
{
	const char *names[2] = {a, b};
	char ring[RTE_RING_NAMESIZE];

	for (int i = 0; i < 2; i++) {
		snprintf(ring, sizeof ring, "to_%s", names[i]);
		rings[i] = rte_ring_create(ring, CABLE_FRAMES, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (rings[i] == NULL)
			return -rte_errno;
	}
	for (int i = 0; i < 2; i++) {
		ports[i] = rte_eth_from_rings(names[i], &rings[i], 1, &rings[1 - i], 1, SOCKET_ID_ANY);
		if (ports[i] < 0)
			return -rte_errno;
	}
	return 0;
}

// nc_cable_free frees the rings, and the frames that nobody came for.
void nc_cable_free(struct rte_ring *rings[2])
{
	void *m;
	for (int i = 0; i < 2; i++) {
		while (rings[i] != NULL && rte_ring_dequeue(rings[i], &m) == 0)
			rte_pktmbuf_free(m);
		rte_ring_free(rings[i]);
		rings[i] = NULL;
	}
}

// What a ring holds by default: enough for a burst of 64 to meet a full one
// only if the other side is slow.
#define RX_RING 1024
#define TX_RING 512

// With this key of repeated 16 bits, Toeplitz hashes both directions of a flow
// alike (Woo and Park, "Scalable TCP Session Monitoring with Symmetric
// Receive-side Scaling", 2012).
static uint8_t key[UINT8_MAX + 1];

const uint8_t *nc_symmetric_key(void)
{
	for (size_t i = 0; i < sizeof key; i += 2)
		key[i] = 0x6d, key[i + 1] = 0x5a;
	return key;
}

// spread has a device with several queues choose them by flow, by the inner
// one of a tunnel if the device can, and both directions alike if it takes a
// key.
static void spread(struct nc_device *d, const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	uint64_t can = info->flow_type_rss_offloads;
	uint64_t want = can & (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP);

	if (want == 0)
		return;
	if ((can & RTE_ETH_RSS_LEVEL_MASK) >= RTE_ETH_RSS_LEVEL_INNERMOST)
		want |= RTE_ETH_RSS_LEVEL_INNERMOST;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf.rss_hf = want;
	if (info->hash_key_size > 0) {
		conf->rx_adv_conf.rss_conf.rss_key = (uint8_t *)nc_symmetric_key();
		conf->rx_adv_conf.rss_conf.rss_key_len = info->hash_key_size;
	}
}

// read_spread notes what the device really does with several queues. A driver
// may pass over what it was configured with, and take it now.
static void read_spread(struct nc_device *d, const struct rte_eth_dev_info *info, const struct rte_eth_conf *conf)
{
	struct rte_eth_rss_conf wanted = conf->rx_adv_conf.rss_conf;
	uint8_t has[sizeof key] = {0};
	struct rte_eth_rss_conf got = {.rss_key = has, .rss_key_len = info->hash_key_size};

	if (wanted.rss_hf == 0)
		return;
	rte_eth_dev_rss_hash_update(d->port, &wanted);
	if (rte_eth_dev_rss_hash_conf_get(d->port, &got) != 0)
		return;
	d->rss = got.rss_hf != 0;
	d->inner_rss = (got.rss_hf & RTE_ETH_RSS_LEVEL_MASK) >= RTE_ETH_RSS_LEVEL_INNERMOST;
	d->symmetric = info->hash_key_size > 0 && memcmp(has, key, info->hash_key_size) == 0;
}

// largest is the MTU to ask a device for: all that a frame of ours may need,
// and not more than it has.
static uint16_t largest(const struct rte_eth_dev_info *info)
{
	uint32_t mtu = NC_MAX_FRAME - RTE_ETHER_HDR_LEN - RTE_VLAN_HLEN;
	uint32_t overhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
	if (info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu)
		overhead = info->max_rx_pktlen - info->max_mtu;
	return RTE_MIN(RTE_MIN(mtu, info->max_mtu), info->max_rx_pktlen - overhead);
}

#define STEP(what, call)         \
	do {                     \
		d->failed = what; \
		int rc = (call);  \
		if (rc < 0)       \
			return rc; \
	} while (0)

// nc_start configures a device and starts it.
int nc_start(struct nc_device *d, uint16_t queues, struct rte_mempool *pool)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf = {0};
	struct rte_ether_addr mac;
	uint16_t rx = RX_RING, tx = TX_RING;

	STEP("describe it", rte_eth_dev_info_get(d->port, &info));
	d->failed = "open so many queues";
	if (queues > NC_QUEUES || queues > RTE_MIN(info.max_rx_queues, info.max_tx_queues))
		return -ERANGE;
	if (queues > 1)
		spread(d, &info, &conf);
	conf.rxmode.mtu = largest(&info);
	// All mbufs are of one pool and nobody else's: the quick way to free them.
	conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;

	d->tx_offloads = conf.txmode.offloads;
	sigset_t before = block_signals();
	int err = rte_eth_dev_configure(d->port, queues, queues, &conf);
	unblock_signals(before);
	STEP("configure it", err);
	STEP("size its rings", rte_eth_dev_adjust_nb_rx_tx_desc(d->port, &rx, &tx));
	d->mbufs = queues * (rx + tx);
	for (uint16_t i = 0; i < queues; i++) {
		STEP("make a receive ring", rte_eth_rx_queue_setup(d->port, i, rx, SOCKET_ID_ANY, NULL, pool));
		STEP("make a transmit ring", rte_eth_tx_queue_setup(d->port, i, tx, SOCKET_ID_ANY, NULL));
	}
	STEP("start it", rte_eth_dev_start(d->port));
	rte_eth_promiscuous_enable(d->port); // a vdev may have no such thing
	rte_eth_stats_reset(d->port);
	read_spread(d, &info, &conf);
	STEP("tell its MTU", rte_eth_dev_get_mtu(d->port, &d->mtu));
	if (rte_eth_macaddr_get(d->port, &mac) == 0)
		memcpy(d->mac, mac.addr_bytes, sizeof d->mac);
	d->if_index = info.if_index;
	return 0;
}

// nc_stop ends a device that was started or not, and has its driver leave it,
// there or not.
int nc_stop(uint16_t port, const char *bus, const char *name)
{
	rte_eth_dev_stop(port);
	int err = rte_eth_dev_close(port);
	int removed = rte_eal_hotplug_remove(bus, name);
	return err != 0 ? err : removed;
}

// nc_link is 1 if the link is up or its driver knows of none, 0 if it is down,
// negative if the device is gone.
int nc_link(uint16_t port)
{
	struct rte_eth_link link;
	if (rte_eth_dev_is_removed(port) == 1)
		return -ENODEV;
	int err = rte_eth_link_get_nowait(port, &link);
	if (err < 0)
		return err == -ENOTSUP ? 1 : -ENODEV;
	return link.link_status == RTE_ETH_LINK_UP;
}

// nc_speed is the link's in Mbit/s, 0 if it is down.
uint32_t nc_speed(uint16_t port)
{
	struct rte_eth_link link = {0};
	if (rte_eth_link_get_nowait(port, &link) != 0 || link.link_status != RTE_ETH_LINK_UP)
		return 0;
	return link.link_speed;
}

// nc_offloads names what the device was configured to do, blanks between.
void nc_offloads(const struct nc_device *d, char *names, int room)
{
	int n = 0;

	names[0] = 0;
	for (int i = 0; i < 64; i++)
		if (d->tx_offloads >> i & 1 && n < room)
			n += snprintf(names + n, room - n, "TX_%s ", rte_eth_dev_tx_offload_name(UINT64_C(1) << i));
}

int nc_stats(uint16_t port, struct nc_stats *s)
{
	struct rte_eth_stats all;
	int err = rte_eth_stats_get(port, &all);
	if (err == 0)
		*s = (struct nc_stats){all.imissed + all.ierrors + all.rx_nombuf, all.opackets, all.oerrors};
	return err;
}

// nc_xstats tells how many extended counts there are, and tells them if there
// is room for all of them.
int nc_xstats(uint16_t port, char (*names)[64], uint64_t *values, int room)
{
	int n = rte_eth_xstats_get_names(port, NULL, 0);
	if (n <= 0 || n > room)
		return n;
	struct rte_eth_xstat_name known[n];
	struct rte_eth_xstat counts[n];
	if (rte_eth_xstats_get_names(port, known, n) != n || rte_eth_xstats_get(port, counts, n) != n)
		return -EAGAIN;
	for (int i = 0; i < n; i++) {
		memcpy(names[i], known[i].name, sizeof known[i].name);
		values[i] = counts[i].value;
	}
	return n;
}
