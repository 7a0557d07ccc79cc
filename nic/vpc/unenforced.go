package vpc

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// unenforced notes the objects on which EC2 acts and this card does not: those of lists that
// have no shape here.
func (c *compiler) unenforced() {
	if !c.whole && !c.exits {
		return
	}
	rest := c.next.rest
	c.about = subject{sections, ""}
	c.next.notices.Delete(c.about.key())
	c.checkAttached()
	for _, list := range slices.Sorted(maps.Keys(rest.Unenforced)) {
		if list == "VpcBlockPublicAccessExclusions" || list == "EgressOnlyInternetGateways" {
			continue // exclusions reads the former, and routes name the latter
		}
		for i, object := range rest.Unenforced[list] {
			if kind := outsideKind(list); !ended(stateIn(object)) && !detached(object) && !c.hasExitFor(list, object) {
				c.notice(kind, rest.path(list, i, idIn(list, object)), list)
			}
		}
	}
}

// sections is the subject of notices about sections without IDs.
const sections = "sections"

// Notices are the notices about the whole region, list by list.
func (r *Region) Notices() []Notice {
	type about struct {
		step    int
		order   uint64
		notices []Notice
	}
	var all []about
	add := func(kind, id string, notices []Notice) {
		at := about{step: slices.Index(toldOrder, kind), notices: notices}
		if at.step < 0 {
			at.step = len(toldOrder)
		} else if o, there := r.objects[kind].Get(id); there {
			at.order = o.order
		}
		all = append(all, at)
	}
	r.notices.Scan(func(key string, notices []Notice) bool {
		kind, id, _ := strings.Cut(key, " ")
		add(kind, id, notices)
		return true
	})
	r.routes.Scan(func(id string, t *routeTable) bool {
		if len(t.notices) > 0 && r.uses(t) {
			add("RouteTables", id, t.notices)
		}
		return true
	})
	slices.SortStableFunc(all, func(a, b about) int { return cmp.Or(cmp.Compare(a.step, b.step), cmp.Compare(a.order, b.order)) })
	list := slices.Clone(r.rest.Notices)
	for _, a := range all {
		list = append(list, a.notices...)
	}
	return list
}

// outsideKind is the kind of notice about the objects of a list: some carry packets,
// others only watch them.
func outsideKind(list string) NoticeKind {
	switch list {
	case "FlowLogs", "TrafficMirrorSessions":
		return NotWatched
	case "VpcEndpoints":
		return NoEndpoint
	}
	return OtherSideOutside
}

// stateIn is the state of an object that has no shape here. Kinds have it in different
// members.
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
	vpcs := vpcsIn(object)
	return vpcs != nil && len(vpcs) == 0
}

// vpcsIn are the VPCs that an object is attached to, or is in; nil if the object does not tell.
func vpcsIn(object any) (all []string) {
	members, _ := object.(map[string]any)
	if id, is := members["VpcId"].(string); is {
		return []string{id}
	}
	for _, name := range []string{"Attachments", "VpcAttachments"} {
		list, is := members[name].([]any)
		if is && all == nil {
			all = []string{}
		}
		for _, a := range list {
			if of, _ := a.(map[string]any); !ended(stateIn(a)) {
				id, _ := of["VpcId"].(string)
				all = append(all, id)
			}
		}
	}
	return all
}

// unshaped is what a list that has no shape here tells of an object.
type unshaped struct {
	kind, service string   // of an endpoint, as EC2 has them; "": not told
	vpcs          []string // in which it is; nil: not told
}

// listedIn are the objects of all lists that have no shape here, by ID.
func listedIn(rest *Config) map[string]unshaped {
	all := map[string]unshaped{}
	for list, objects := range rest.Unenforced {
		for _, object := range objects {
			id := idIn(list, object)
			if id == "" {
				continue
			}
			of := unshaped{vpcs: vpcsIn(object)}
			if list == "VpcEndpoints" {
				members, _ := object.(map[string]any)
				of.kind, _ = members["VpcEndpointType"].(string)
				of.service, _ = members["ServiceName"].(string)
			}
			all[id] = of
		}
	}
	return all
}

// idIn is the ID of an object that has no shape here: VpcEndpoints have a
// VpcEndpointId.
func idIn(list string, object any) string {
	members, _ := object.(map[string]any)
	id, _ := members[strings.TrimSuffix(list, "s")+"Id"].(string)
	return id
}
