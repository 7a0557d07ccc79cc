package vpc

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
	"unsafe"

	"nitrocard/nic/vpc/ec2"
)

// setting is a form without mistakes, compiled in the change under way. The ENIs of
// one form share it, so that subnet and groups are looked up once.
type setting struct {
	net        *network // belongs to the change under way
	membership *membership
}

// join finds the subnet and groups that the ENI names, and is false if the ENI has no
// place in the region.
func (b *eniBuilder) join() bool {
	form := b.form()
	if s := b.settings[form]; s != nil {
		b.net, b.eni.membership = s.net, s.membership
		return true
	}
	s, _ := b.next.subnets.Get(form.SubnetId)
	if s == nil {
		b.leftOut(b.spot(), reference{"SubnetId", "Subnets", form.SubnetId})
		return false
	}
	b.net = b.change(s.VPC.ID)
	sound := form.ConnectionTrackingConfiguration == nil
	if id := form.VpcId; id != "" && id != s.VPC.ID {
		sound = false
		b.Add(b.path(), "VpcId %s: %s is in %s", ec2.Shorten(id), s.ID, s.VPC.ID)
	}
	m := membership{Subnet: s, Timeouts: b.timeouts(), SourceDestCheck: form.InterfaceType != natInterface && (form.SourceDestCheck == nil || *form.SourceDestCheck)}
	m.Groups, sound = b.groups(sound)
	b.eni.membership = b.next.lineage.members.get(m.key(), func() *membership { return &m })
	if sound {
		b.settings[form] = &setting{b.net, b.eni.membership}
	}
	return true
}

// key is a key for a membership, from the memory addresses of its subnet and groups. A
// membership lives as long as its key and keeps its parts alive, so no other subnet or
// group can get these addresses meanwhile.
func (m *membership) key() string {
	key := make([]byte, 0, 64)
	check := byte(0)
	if m.SourceDestCheck {
		check = 1
	}
	key = append(key, check)
	key = binary.NativeEndian.AppendUint64(key, uint64(uintptr(unsafe.Pointer(m.Subnet))))
	for _, t := range []time.Duration{m.Timeouts.TCPEstablished, m.Timeouts.UDP, m.Timeouts.UDPStream} {
		key = binary.NativeEndian.AppendUint64(key, uint64(t))
	}
	for _, g := range m.Groups {
		key = binary.NativeEndian.AppendUint64(key, uint64(uintptr(unsafe.Pointer(g))))
	}
	return string(key)
}

// lentGroups are the groups that are associated with a VPC other than their own, with
// the state of the association.
func (c *compiler) lentGroups() map[ec2.SecurityGroupVpcAssociation]string {
	lent := map[ec2.SecurityGroupVpcAssociation]string{}
	for _, a := range c.next.rest.SecurityGroupVpcAssociations {
		lent[ec2.SecurityGroupVpcAssociation{GroupId: a.GroupId, VpcId: a.VpcId}] = cmp.Or(a.State, "associated")
	}
	return lent
}

// groups finds the groups that the ENI names. The second result is sound, or false if there
// is a mistake or a notice about a group.
func (b *eniBuilder) groups(sound bool) ([]*Group, bool) {
	var list []*Group
	for i, id := range b.form().Groups {
		path := func() string { return ec2.In(b.path(), ec2.At("Groups", i, id.GroupId)) }
		g, _ := b.next.groups.Get(id.GroupId)
		if g == nil {
			sound = false
			g = b.unknownGroup(path(), id.GroupId)
		}
		switch {
		case g == nil:
		case slices.Contains(list, g.Group):
			if !b.answer {
				sound = false
				b.Add(path(), "stands twice")
			}
		case g.VPC == b.net.ID, lends(b.lent[ec2.SecurityGroupVpcAssociation{GroupId: g.ID, VpcId: b.net.ID}]):
			list = append(list, g.Group)
		default:
			sound = false
			b.notLent(g, path(), b.lent[ec2.SecurityGroupVpcAssociation{GroupId: g.ID, VpcId: b.net.ID}])
		}
	}
	return list, sound
}

// unknownGroup is for a group that only its members name: a group without rules if the
// members come from an answer of EC2's API, and else a mistake.
func (b *eniBuilder) unknownGroup(path, id string) *groupRules {
	at := b.spot().within(path)
	if !b.answer || b.given("SecurityGroups") && !b.excused(at, GroupRulesUnknown, ec2.Shorten(id)) {
		b.unknown(path, "SecurityGroups", id)
		return nil
	}
	b.next.partial = true
	b.compileGroup(&ec2.SecurityGroup{GroupId: id, VpcId: b.net.ID})
	g, _ := b.next.groups.Get(id)
	return g
}

// notLent is for a group of another VPC whose association with the ENI's is not
// in force, or not known.
func (b *eniBuilder) notLent(g *groupRules, path, state string) {
	what := fmt.Sprintf("%s is a group of %s; its association with %s is %s", g.ID, ec2.Shorten(g.VPC), b.net.ID,
		cmp.Or(ec2.Shorten(state), "not in the configuration (aws ec2 describe-security-group-vpc-associations)"))
	if !b.excused(b.spot().within(path), GroupNotLent, what) && !b.unread.mayHave("SecurityGroupVpcAssociations") {
		b.conflict(path, b.spotOf("SecurityGroups", g.ID).path(), "is a group of %s, the ENI is in %s", g.VPC, b.net.ID)
	}
}

// timeouts are the ENI's timeouts. Bounds and defaults are EC2's (API reference,
// ConnectionTrackingSpecification).
func (b *eniBuilder) timeouts() *Timeouts {
	config := b.form().ConnectionTrackingConfiguration
	if config == nil {
		return &usualTimeouts
	}
	return &Timeouts{
		TCPEstablished: b.timeout("TcpEstablishedTimeout", config.TcpEstablishedTimeout, bounds{60, 432000, 432000}),
		UDP:            b.timeout("UdpTimeout", config.UdpTimeout, bounds{30, 60, 30}),
		UDPStream:      b.timeout("UdpStreamTimeout", config.UdpStreamTimeout, bounds{60, 180, 180}),
	}
}

var usualTimeouts = Timeouts{432000 * time.Second, 30 * time.Second, 180 * time.Second}

// bounds of a timeout, in seconds.
type bounds struct{ least, most, usual int }

// timeout is one timeout, checked against its bounds.
func (b *eniBuilder) timeout(field string, set *int, in bounds) time.Duration {
	seconds := in.usual
	if set != nil {
		seconds = *set
	}
	if seconds < in.least || seconds > in.most {
		b.Add(ec2.In(b.path(), "ConnectionTrackingConfiguration"), "%s %d is out of range: %d to %d seconds", field, seconds, in.least, in.most)
	}
	return time.Duration(seconds) * time.Second
}
