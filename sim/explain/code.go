package explain

import (
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
)

// ours begins the codes of reasons for which AWS has none.
const ours = "nitrocard-"

// codes are AWS's explanation codes (Reachability Analyzer, "Explanation codes").
var codes = map[pipeline.Verdict]string{
	pipeline.SecurityGroupIn:    "ENI_SG_RULES_MISMATCH",
	pipeline.SecurityGroupOut:   "ENI_SG_RULES_MISMATCH",
	pipeline.NetworkACLIn:       "SUBNET_ACL_RESTRICTION",
	pipeline.NetworkACLOut:      "SUBNET_ACL_RESTRICTION",
	pipeline.NoRoute:            "NO_ROUTE_TO_DESTINATION",
	pipeline.Blackhole:          "BAD_STATE_ROUTE",
	pipeline.NoNeighbor:         "NO_POSSIBLE_DESTINATION",
	pipeline.OutsidePeer:        "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR",
	pipeline.NoPublicAddress:    "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS",
	pipeline.PrivateDestination: "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
	pipeline.NotAnnounced:       "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
	pipeline.AddressUnassigned:  "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
	pipeline.SpoofedAddress:     "ENI_SOURCE_DEST_CHECK_RESTRICTION",
	pipeline.NotForThisENI:      "ENI_SOURCE_DEST_CHECK_RESTRICTION",
	pipeline.MiddleboxPassedBy:  "INGRESS_RTB_TRAFFIC_REDIRECTION",
	pipeline.SourceMismatch:     "GATEWAY_REJECTS_SPOOFED_TRAFFIC",
	pipeline.SpoofedSource:      "GATEWAY_REJECTS_SPOOFED_TRAFFIC",
	pipeline.BlockPublicAccess:  "VPC_BLOCK_PUBLIC_ACCESS_ENABLED",
	pipeline.EndpointProtocol:   "VPCE_GATEWAY_PROTOCOL_RESTRICTION",
	pipeline.NATProtocol:        "PROTOCOL_RESTRICTION",
	pipeline.NATSource:          "NGW_REQUIRES_SOURCE_IN_VPC",
}

// Code is AWS's explanation code of why a packet fell at a component, or one of ours.
func (c *Component) Code() string {
	switch {
	case c.Why == pipeline.PrivateInternet && c.In.Src.Is4():
		return privateCode(c)
	case c.Why == pipeline.Blackhole && c.Direction == wire.In:
		return "INGRESS_RTB_NO_PUBLIC_IP"
	case codes[c.Why] != "":
		return codes[c.Why]
	}
	return ours + c.Why.String()
}

// privateCode tells which address the internet gateway rejects, and of which range it is.
func privateCode(c *Component) string {
	addr, name, way := c.In.Dst, "IGW_DESTINATION_ADDRESS_NOT_IN_", "_EGRESS"
	if c.Direction == wire.In {
		addr, name, way = c.In.Src, "IGW_SOURCE_ADDRESS_NOT_IN_", "_INGRESS"
	}
	if addr.IsPrivate() {
		return name + "RFC1918" + way
	}
	return name + "RFC6598" + way
}
