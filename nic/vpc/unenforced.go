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
		if list == "VpcBlockPublicAccessExclusions" {
			continue // they say what is not blocked
		}
		for i, object := range c.config.Unenforced[list] {
			if kind := notServedKind(list); !ended(stateIn(object)) && !detached(object) {
				c.notice(kind, c.config.path(list, i, idIn(list, object)), list)
			}
		}
	}
}

// notServedKind tells apart what carries packets and what only watches them.
func notServedKind(list string) NoticeKind {
	switch list {
	case "FlowLogs", "TrafficMirrorSessions":
		return NotWatched
	case "VpcEndpoints":
		return NoEndpoint
	}
	return NotServed
}

// stateIn is the state of an object that has no shape here, wherever its kind
// has it.
func stateIn(object any) string {
	members, _ := object.(map[string]any)
	for _, name := range []string{"State", "Status", "FlowLogStatus"} {
		switch v := members[name].(type) {
		case string:
			return v
		case map[string]any: // ClientVpnEndpoints
			code, _ := v["Code"].(string)
			return code
		}
	}
	return ""
}

// detached tells whether a gateway is attached to nothing.
func detached(object any) bool {
	members, _ := object.(map[string]any)
	attached, lists := false, false
	for _, name := range []string{"Attachments", "VpcAttachments"} {
		list, is := members[name].([]any)
		lists = lists || is
		for _, a := range list {
			attached = attached || !ended(stateIn(a))
		}
	}
	return lists && !attached
}

// idIn is the ID of an object that has no shape here: VpcEndpoints have a
// VpcEndpointId.
func idIn(list string, object any) string {
	members, _ := object.(map[string]any)
	id, _ := members[strings.TrimSuffix(list, "s")+"Id"].(string)
	return id
}
