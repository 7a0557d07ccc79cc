package vpc

import (
	"net/netip"

	"github.com/cespare/xxhash/v2"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// eniBuilder makes one ENI.
type eniBuilder struct {
	*compiler
	*object
	config *identity
	lent   map[ec2.SecurityGroupVpcAssociation]string
	eni    *ENI

	net      *network // which may be changed
	list     []ec2.NetworkInterfacePrivateIpAddress
	addrs    []Address
	prefixed []netip.Prefix
}

// begin makes the builder ready for another ENI, and reuses the memory of the last one.
func (b *eniBuilder) begin(c *compiler, o *object, config *identity) {
	*b = eniBuilder{compiler: c, object: o, config: config, eni: &ENI{identity: config}, list: b.list[:0], addrs: b.addrs[:0]}
}

// form is the part of the ENI's configuration that it may share with other ENIs.
func (b *eniBuilder) form() *ec2.NetworkInterface { return b.config.form }

// build checks and compiles the ENI, and is false if the ENI has no place in the region.
func (b *eniBuilder) build() bool {
	if !b.join() {
		return false
	}
	b.stand()
	b.mac()
	b.addresses()
	b.addresses6()
	b.prefixes()
	b.notices()
	return true
}

// seal gives the ENI the addresses and prefixes that build found.
func (b *eniBuilder) seal() { b.eni.setAddresses(b.addrs, b.prefixed) }

// stand puts an ENI on its card, and checks that no other ENI has its guest's port. An ENI
// that no card names is on the first card.
func (b *eniBuilder) stand() {
	e := b.eni
	e.Card = max(b.card, firstCard)
	switch key := b.next.portKey(e); {
	case b.first:
		b.plugged = append(b.plugged, key)
	case !insert(b.next.ports, key):
		b.pluggedTwice(e, b.next.pluggedInto(e.Card, b.next.Port(e)))
	}
}

// pluggedTwice notes that two ENIs have one port.
func (c *compiler) pluggedTwice(e *ENI, first string) {
	c.Add("Placement: Ports: "+ec2.Shorten(e.ID), "%s is the port of %s already", c.next.Port(e), ec2.Shorten(first))
}

// standAll does the rest of stand for the ENIs of a first region, for all at once.
func (c *compiler) standAll() {
	if !c.first {
		return
	}
	c.next.onCard, c.next.ports, c.next.attached = setOf(c.stood), setOf(c.plugged), setOf(c.attached)
	if c.next.ports.Len() == len(c.plugged) {
		return
	}
	first := map[uint64]string{}
	for _, config := range each[identity](c, "NetworkInterfaces") {
		e := c.next.enis.at(config.Station)
		if e == nil {
			continue
		}
		if key := c.next.portKey(e); first[key] != "" {
			c.pluggedTwice(e, first[key])
		} else {
			first[key] = e.ID
		}
	}
}

// Port is the port that the guest behind an ENI is plugged into, such as "tap:a1".
func (r *Region) Port(e *ENI) string { return string(r.appendPort(nil, e)) }

// appendPort appends the port of an ENI to a slice, and allocates nothing if the slice has
// room.
func (r *Region) appendPort(to []byte, e *ENI) []byte {
	if port, named := r.place.ports.Get(e.ID); named {
		return append(to, port...)
	}
	return appendDefaultPort(to, e.ID)
}

// portKey is the entry of an ENI in Region.ports: a fingerprint of card and port.
func (r *Region) portKey(e *ENI) uint64 {
	var space [64]byte
	return xxhash.Sum64(r.appendPort(append(space[:0], byte(e.Card>>8), byte(e.Card)), e))
}

// pluggedInto is the ID of the ENI of a card that has a port; "": none.
func (r *Region) pluggedInto(card uint16, port string) string {
	for _, e := range r.on(card) {
		if r.Port(e) == port {
			return e.ID
		}
	}
	return ""
}

// on are the ENIs of a card.
func (r *Region) on(card uint16) (all []*ENI) {
	r.onCard.Ascend(uint64(card)<<32, func(key uint64, _ struct{}) bool {
		if key>>32 != uint64(card) {
			return false
		}
		all = append(all, r.enis.at(uint32(key)))
		return true
	})
	return all
}

// mac checks that no other station of the VPC has the ENI's MAC, because frames find the
// ENI by VNI and MAC.
func (b *eniBuilder) mac() {
	mac := b.config.MAC
	switch {
	case mac.IsZero():
		b.Add(b.path(), "MacAddress is missing")
	case mac.IsMulticast():
		b.Add(b.path(), "MacAddress %s is a multicast address", mac)
	case !insert(b.net.macs, mac.Bits()):
		b.Add(b.path(), "MacAddress %s is that of %s in %s", mac, b.holderOf(mac), b.net.ID)
	}
}

// holderOf names the router or the ENI that has a MAC in the ENI's VPC.
func (b *eniBuilder) holderOf(mac wire.MAC) string {
	for _, s := range b.net.subnets.Items() {
		if s.of.RouterMAC == mac {
			return "the router of " + s.of.ID
		}
	}
	for e := range b.next.all() {
		if e.MAC == mac && e.Subnet.VPC.ID == b.net.ID {
			return e.ID
		}
	}
	return ""
}

// notices notes what the ENI has and the card does not serve.
func (b *eniBuilder) notices() {
	form := b.form()
	b.within(groupsOfENI, "", len(form.Groups), b.path)
	service := form.InterfaceType
	switch service {
	case "", "interface", "efa", "efa-only", "trunk", "branch":
		service = ""
	}
	switch {
	case service == natInterface && (len(b.namedBy("NatGateways", b.eni.ID)) > 0 || b.standsForRegional(b.eni.ID)):
	case service != "" && len(form.Groups) == 0:
		b.notice(UngroupedENI, b.path(), ec2.Shorten(service))
	case service != "":
		b.notice(ServiceENI, b.path(), ec2.Shorten(service))
	case len(form.PrivateIpAddresses) == 0 && !form.PrivateIpAddress.IsValid() && len(form.Ipv4Prefixes) == 0 && !b.hasIPv6():
		b.notice(NoAddress, b.path(), "")
	}
}

// hasIPv6 tells whether the ENI has an address or prefix of IPv6.
func (b *eniBuilder) hasIPv6() bool {
	return len(b.form().Ipv6Addresses)+len(b.form().Ipv6Prefixes) > 0
}
