//go:build dpdk && cgo && linux

// The flow in a tunnel chooses the queue (rte_flow). None of it is on the
// packets' way.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ethdev.h>
#include <rte_flow.h>

#include "dpdk.h"

#define VXLAN_PORT 4789 // RFC 7348 section 5

static int said(const struct rte_flow_error *e, int err, char *why, int room)
{
	snprintf(why, room, "%s", e->message != NULL ? e->message : strerror(-err));
	return err;
}

// nc_spread_tunnels has a device spread the frames of VXLAN tunnels over its
// queues by the flow in the tunnel, until it is closed. If it does not, why
// says it.
int nc_spread_tunnels(uint16_t port, uint16_t queues, char *why, int room)
{
	const struct rte_flow_attr arriving = {.ingress = 1};
	const struct rte_flow_item_udp vxlan = {.hdr = {.dst_port = RTE_BE16(VXLAN_PORT)}};
	const struct rte_flow_item_udp port_only = {.hdr = {.dst_port = RTE_BE16(0xffff)}};
	const struct rte_flow_item tunnels[] = {
		{.type = RTE_FLOW_ITEM_TYPE_ETH},
		{.type = RTE_FLOW_ITEM_TYPE_IPV4},
		{.type = RTE_FLOW_ITEM_TYPE_UDP, .spec = &vxlan, .mask = &port_only},
		{.type = RTE_FLOW_ITEM_TYPE_VXLAN},
		{.type = RTE_FLOW_ITEM_TYPE_END},
	};
	struct rte_flow_error e = {0};
	struct rte_eth_dev_info info;
	uint16_t all[NC_QUEUES];
	int err = rte_eth_dev_info_get(port, &info);

	if (err != 0)
		return said(&e, err, why, room);
	for (uint16_t i = 0; i < queues; i++)
		all[i] = i;
	const struct rte_flow_action_rss spread = {
		.level = 2, .types = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP, .queue = all, .queue_num = queues,
		.key = info.hash_key_size ? nc_symmetric_key() : NULL, .key_len = info.hash_key_size,
	};
	const struct rte_flow_action actions[] = {{RTE_FLOW_ACTION_TYPE_RSS, &spread}, {RTE_FLOW_ACTION_TYPE_END, NULL}};

	err = rte_flow_validate(port, &arriving, tunnels, actions, &e);
	if (err != 0)
		return said(&e, err, why, room);
	if (rte_flow_create(port, &arriving, tunnels, actions, &e) == NULL)
		return said(&e, -rte_errno, why, room);
	return 0;
}
