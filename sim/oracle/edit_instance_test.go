package oracle

import (
	"slices"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// withInstance are an ENI and, if it is the first of its instance, all others of the instance.
func (g *generator) withInstance(e ec2.NetworkInterface) (all []ec2.NetworkInterface) {
	for _, other := range g.w.Config.NetworkInterfaces {
		same := other.Attachment != nil && other.Attachment.InstanceId == e.Attachment.InstanceId
		if other.NetworkInterfaceId == e.NetworkInterfaceId || same && e.Attachment.DeviceIndex == 0 {
			all = append(all, other)
		}
	}
	return all
}

// end deletes ENIs: "target gone → blackhole".
func (g *generator) end(gone []ec2.NetworkInterface) (edits []vpc.Edit) {
	for _, e := range gone {
		edits = append(edits, vpc.Edit{Kind: "NetworkInterfaces", ID: e.NetworkInterfaceId})
	}
	return append(edits, g.leads("blackhole", func(r *ec2.Route) bool {
		return slices.ContainsFunc(gone, func(e ec2.NetworkInterface) bool {
			return r.NetworkInterfaceId == e.NetworkInterfaceId || r.NetworkInterfaceId == "" && r.InstanceId == e.Attachment.InstanceId && e.Attachment.DeviceIndex == 0
		})
	})...)
}

// moves brings an ENI's instance to a card, with all its ENIs.
func (g *generator) moves(e ec2.NetworkInterface, card string) (edits []vpc.Edit) {
	for _, other := range g.w.Config.NetworkInterfaces {
		if other.Attachment != nil && other.Attachment.InstanceId == e.Attachment.InstanceId {
			edits = append(edits, edit(vpc.KindENIPlacement, other.NetworkInterfaceId, &vpc.ENIPlacement{Card: card})...)
		}
	}
	return edits
}

// attachment attaches an ENI that is not its instance's first one to another instance, which may be on
// another card: "attributes follow it on re-attach".
func (g *generator) attachment(r *region) []vpc.Edit {
	e := g.guest()
	if e.Attachment.DeviceIndex == 0 {
		return nil
	}
	first := one(g.dice, r.firstsIn(*g.w.Subnet(&e)))
	if first.Attachment.InstanceId == e.Attachment.InstanceId {
		return nil
	}
	e.Attachment = r.slotOf(first)
	for _, card := range g.w.Config.Placement.Cards {
		if slices.Contains(card.NetworkInterfaces, first.NetworkInterfaceId) {
			return append(edit("NetworkInterfaces", e.NetworkInterfaceId, &e), edit(vpc.KindENIPlacement, e.NetworkInterfaceId, &vpc.ENIPlacement{Card: card.Name})...)
		}
	}
	return nil
}

// port25 closes or opens port 25 towards the internet.
func (g *generator) port25() []vpc.Edit {
	place := g.w.Config.Placement
	place.Port25 = map[string]string{"": "open", "open": ""}[place.Port25]
	return edit(vpc.KindRegionPlacement, "", &place)
}
