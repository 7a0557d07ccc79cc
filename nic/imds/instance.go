package imds

import (
	"strings"

	"nitrocard/nic/printable"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// Instance is what the service tells of an instance: its ENIs on this card, in the order of their
// device indexes. What is told of the instance is that of the first, whichever asks.
type Instance struct {
	ENIs   []*vpc.OwnENI
	Region *vpc.Region
}

// ID is the instance's ID; of an ENI that is attached to none, the ENI's.
func (i Instance) ID() string {
	if id := i.ENIs[0].Instance; id != "" {
		return id
	}
	return i.ENIs[0].ID
}

// machine is what describe-instances tells of the instance, empty if nothing.
func (i Instance) machine() *ec2.Instance {
	if m := i.Region.Instance(i.ENIs[0].Instance); m != nil {
		return m
	}
	return &ec2.Instance{}
}

// zone is the availability zone of the instance: that of its subnet, or if the subnet tells none, that of
// its placement.
func (i Instance) zone() string {
	zone := i.ENIs[0].Subnet.Zone
	if p := i.machine().Placement; zone == "" && p != nil {
		return p.AvailabilityZone
	}
	return zone
}

// zoneID is the ID of the zone, which all accounts have alike.
func (i Instance) zoneID() string {
	if p, s := i.machine().Placement, i.ENIs[0].Subnet; s.ZoneID == "" && p != nil && p.AvailabilityZone == i.zone() {
		return p.AvailabilityZoneId
	}
	return i.ENIs[0].Subnet.ZoneID
}

// metadata is the tree under meta-data, as far as the configuration knows it. Its names are
// those of the EC2 User Guide, "Instance metadata categories".
func (i Instance) metadata() tree {
	t, e := tree{}, i.ENIs[0]
	t.put("instance-id", e.Instance)
	t.put("instance-action", "none") // EC2 says otherwise while an instance is shut down to be bundled into an image
	t.put("mac", e.MAC.String())
	t.put("local-ipv4", text(e.Primary))
	t.put("ipv6", text(first6(e)))
	t.put("public-ipv4", text(e.Public()))
	t.put("local-hostname", i.Region.Hostname(e))
	t.put("hostname", i.Region.Hostname(e))
	t.put("public-hostname", i.publicName(e))
	t.put("security-groups", groups(e, func(g *vpc.Group) string { return g.Name }))
	t.put("placement/availability-zone", i.zone())
	t.put("placement/availability-zone-id", i.zoneID())
	t.put("placement/region", vpc.RegionOf(i.zone()))
	partition, domain := vpc.Partition(vpc.RegionOf(i.zone()))
	t.put("services/domain", domain)
	t.put("services/partition", partition)
	if m := i.machine(); m.InstanceId != "" {
		launched(t, m)
		i.keys(t, m.KeyName)
		t.put("system", i.Region.Hypervisor(m.InstanceType))
	}
	i.tags(t)
	for _, e := range i.ENIs {
		i.network(t, "network/interfaces/macs/"+e.MAC.String()+"/", e)
	}
	return t
}

// keys puts the instance's public key, of which EC2 lists the number and the name, as 0=alice.
func (i Instance) keys(t tree, name string) {
	if key := i.Region.PublicKey(name); key != "" {
		t.put("public-keys/0/openssh-key", key+"\n")
		t.list("public-keys", "0="+printable.Line(name))
	}
}

// tags puts the instance's tags, if its options say so. A tag may have an empty value.
func (i Instance) tags(t tree) {
	for _, tag := range i.Region.ToldTags(i.ENIs[0].Instance) {
		t["tags/instance/"+tag.Key] = tag.Value
	}
}

// groups are the names or IDs of an ENI's groups, one a line.
func groups(e *vpc.OwnENI, of func(*vpc.Group) string) string {
	var all []string
	for _, g := range e.Groups {
		all = append(all, of(g))
	}
	return strings.Join(all, "\n")
}
