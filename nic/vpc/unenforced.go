package vpc

import (
	"maps"
	"slices"
	"strings"
)

// unenforcedNotices names what the configuration holds, EC2 acts on, and this
// card does not.
func (c *compiler) unenforcedNotices() {
	c.aclNotices()
	for i, n := range c.config.NatGateways {
		if n.State == "available" || n.State == "pending" || n.State == "" {
			c.notice(NoNatGateway, c.config.path("NatGateways", i, n.NatGatewayId), "")
		}
	}
	for i, p := range c.config.VpcPeeringConnections {
		if p.Status.Code == "active" || p.Status.Code == "" {
			c.notice(NoPeering, c.config.path("VpcPeeringConnections", i, p.VpcPeeringConnectionId), "")
		}
	}
	for _, list := range slices.Sorted(maps.Keys(c.config.Unenforced)) {
		kind := NotServed
		if list == "FlowLogs" || list == "TrafficMirrorSessions" {
			kind = NotWatched
		}
		for i, object := range c.config.Unenforced[list] {
			c.notice(kind, c.config.path(list, i, idIn(list, object)), list)
		}
	}
	if c.config.NextToken != "" {
		c.notice(CutOff, "NextToken", "")
	}
}

// idIn is the ID of an object that has no shape here: VpcEndpoints have a
// VpcEndpointId.
func idIn(list string, object any) string {
	members, _ := object.(map[string]any)
	id, _ := members[strings.TrimSuffix(list, "s")+"Id"].(string)
	return id
}
