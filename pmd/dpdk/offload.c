//go:build dpdk && cgo && linux

// Rules for the device (rte_flow). None of it is on the packets' way.
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ethdev.h>
#include <rte_flow.h>

#include "dpdk.h"

#define VXLAN_PORT 4789 // RFC 7348 section 5

static const struct rte_flow_item_udp to_vxlan = {.hdr = {.dst_port = RTE_BE16(VXLAN_PORT)}};
static const struct rte_flow_item_udp port_only = {.hdr = {.dst_port = RTE_BE16(0xffff)}};

// rule is a rule in DPDK's terms, and what they point to.
struct rule {
	struct rte_flow_item items[8];
	struct rte_flow_action actions[3];
	int n; // items so far

	struct rte_flow_item_ipv4 ip[2], ip_mask[2]; // of the tunnel, and in it
	struct rte_flow_item_vxlan vxlan, vxlan_mask;
	struct rte_flow_item_tcp tcp, tcp_mask;
	struct rte_flow_item_udp udp, udp_mask;
	struct rte_flow_action_mark mark;
	struct rte_flow_action_rss rss;
	uint16_t queues[NC_QUEUES];
};

static void match(struct rule *r, enum rte_flow_item_type type, const void *spec, const void *mask)
{
	r->items[r->n++] = (struct rte_flow_item){.type = type, .spec = spec, .mask = mask};
}

static void match_ip(struct rule *r, int i, uint32_t src, uint32_t dst, uint8_t proto)
{
	r->ip[i].hdr = (struct rte_ipv4_hdr){.src_addr = rte_cpu_to_be_32(src), .dst_addr = rte_cpu_to_be_32(dst), .next_proto_id = proto};
	r->ip_mask[i].hdr = (struct rte_ipv4_hdr){.src_addr = UINT32_MAX, .dst_addr = UINT32_MAX, .next_proto_id = proto ? UINT8_MAX : 0};
	match(r, RTE_FLOW_ITEM_TYPE_IPV4, &r->ip[i], &r->ip_mask[i]);
}

static void match_ports(struct rule *r, const struct nc_rule *want)
{
	rte_be16_t src = rte_cpu_to_be_16(want->src_port), dst = rte_cpu_to_be_16(want->dst_port);
	if (want->proto == IPPROTO_TCP) {
		r->tcp.hdr.src_port = src, r->tcp.hdr.dst_port = dst;
		r->tcp_mask.hdr.src_port = r->tcp_mask.hdr.dst_port = UINT16_MAX;
		match(r, RTE_FLOW_ITEM_TYPE_TCP, &r->tcp, &r->tcp_mask);
		return;
	}
	r->udp.hdr.src_port = src, r->udp.hdr.dst_port = dst;
	r->udp_mask.hdr.src_port = r->udp_mask.hdr.dst_port = UINT16_MAX;
	match(r, RTE_FLOW_ITEM_TYPE_UDP, &r->udp, &r->udp_mask);
}

// pattern says which frames: all VXLAN, or one flow in a tunnel.
static void pattern(struct rule *r, const struct nc_rule *want)
{
	match(r, RTE_FLOW_ITEM_TYPE_ETH, NULL, NULL);
	if (want->mark == 0) {
		match(r, RTE_FLOW_ITEM_TYPE_IPV4, NULL, NULL);
		match(r, RTE_FLOW_ITEM_TYPE_UDP, &to_vxlan, &port_only);
		match(r, RTE_FLOW_ITEM_TYPE_VXLAN, NULL, NULL);
		match(r, RTE_FLOW_ITEM_TYPE_END, NULL, NULL);
		return;
	}
	match_ip(r, 0, want->from, want->to, 0);
	match(r, RTE_FLOW_ITEM_TYPE_UDP, &to_vxlan, &port_only);
	for (int i = 0; i < 3; i++) {
		r->vxlan.vni[i] = want->vni >> (16 - 8 * i);
		r->vxlan_mask.vni[i] = UINT8_MAX;
	}
	match(r, RTE_FLOW_ITEM_TYPE_VXLAN, &r->vxlan, &r->vxlan_mask);
	match(r, RTE_FLOW_ITEM_TYPE_ETH, NULL, NULL);
	match_ip(r, 1, want->src, want->dst, want->proto);
	match_ports(r, want);
	match(r, RTE_FLOW_ITEM_TYPE_END, NULL, NULL);
}

// actions are a mark, if one is wanted, and a queue by the flow in the tunnel.
static void actions(struct rule *r, const struct nc_rule *want, uint8_t key_len)
{
	int n = 0;
	if (want->mark != 0) {
		r->mark.id = want->mark;
		r->actions[n++] = (struct rte_flow_action){RTE_FLOW_ACTION_TYPE_MARK, &r->mark};
	}
	for (uint16_t i = 0; i < want->queues; i++)
		r->queues[i] = i;
	r->rss = (struct rte_flow_action_rss){
		.level = 2, .types = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP,
		.queue = r->queues, .queue_num = want->queues, .key = key_len ? nc_symmetric_key() : NULL, .key_len = key_len,
	};
	r->actions[n++] = (struct rte_flow_action){RTE_FLOW_ACTION_TYPE_RSS, &r->rss};
	r->actions[n] = (struct rte_flow_action){RTE_FLOW_ACTION_TYPE_END, NULL};
}

static int said(const struct rte_flow_error *e, int err, char *why, int room)
{
	snprintf(why, room, "%s", e->message != NULL ? e->message : strerror(-err));
	return err;
}

// nc_offer has a device take a rule on. If it does not, why says it.
int nc_offer(uint16_t port, const struct nc_rule *want, struct rte_flow **flow, char *why, int room)
{
	const struct rte_flow_attr arriving = {.ingress = 1};
	struct rte_flow_error e = {0};
	struct rule r = {0};
	struct rte_eth_dev_info info;
	int err = rte_eth_dev_info_get(port, &info);

	if (err != 0)
		return said(&e, err, why, room);
	pattern(&r, want);
	actions(&r, want, info.hash_key_size);
	err = rte_flow_validate(port, &arriving, r.items, r.actions, &e);
	if (err != 0)
		return said(&e, err, why, room);
	*flow = rte_flow_create(port, &arriving, r.items, r.actions, &e);
	return *flow != NULL ? 0 : said(&e, -rte_errno, why, room);
}

// nc_withdraw ends a rule.
int nc_withdraw(uint16_t port, struct rte_flow *flow, char *why, int room)
{
	struct rte_flow_error e = {0};
	int err = rte_flow_destroy(port, flow, &e);
	return err == 0 ? 0 : said(&e, err, why, room);
}
