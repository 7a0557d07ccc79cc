package vpc

import (
	"net/netip"

	"github.com/cespare/xxhash/v2"

	"nitrocard/nic/vpc/ec2"
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

// stand puts an ENI on its card. An ENI that no card names is on the first card.
func (b *eniBuilder) stand() {
	b.eni.Card = max(b.card, firstCard)
	b.next.ports.add(b.next.portKey(b.eni))
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

// on are the ENIs of a card.
func (r *Region) on(card uint16) (all []*ENI) {
	for key := range r.onCard.from(uint64(card) << 32) {
		if key>>32 != uint64(card) {
			break
		}
		all = append(all, r.enis.at(uint32(key)))
	}
	return all
}

// mac takes the ENI's MAC. Frames find the ENI by VNI and MAC.
func (b *eniBuilder) mac() {
	switch mac := b.config.MAC; {
	case mac.IsZero():
		b.Add(b.path(), "MacAddress is missing")
	case mac.IsMulticast():
		b.Add(b.path(), "MacAddress %s is a multicast address", mac)
	default:
		b.net.macs.add(mac.Bits())
	}
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
