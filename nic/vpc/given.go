package vpc

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// ErrFullSubnet is the error of an ENI for whose subnet no address is left.
var ErrFullSubnet = errors.New("no address of the subnet is free")

// ErrFullPrefixes is the error of an Elastic IP address when no public address is left.
var ErrFullPrefixes = errors.New("no address of Placement's PublicPrefixes is free")

// idPrefixes begin the IDs of each kind, as EC2 makes them. An Elastic IP address has the ID of its
// allocation beside its address, which is its ID here.
var idPrefixes = map[string]string{
	"Addresses": "eipalloc-", "DhcpOptions": "dopt-", "InternetGateways": "igw-", "ManagedPrefixLists": "pl-", "NatGateways": "nat-", "NetworkAcls": "acl-",
	"NetworkInterfaces": "eni-", "RouteTables": "rtb-", "SecurityGroups": "sg-", "Subnets": "subnet-", "VpcPeeringConnections": "pcx-", "Vpcs": "vpc-",
}

// id gives out the ID of an object: a kind's prefix and 17 hexadecimal digits (EC2 user guide,
// "Resource IDs").
func (c *creation) id(kind string) (string, error) {
	for {
		var some [9]byte
		if _, err := io.ReadFull(c.random, some[:]); err != nil {
			return "", err
		}
		id := idPrefixes[kind] + hex.EncodeToString(some[:])[:17]
		if !c.r.has(kind, id) {
			return id, nil
		}
	}
}

// number is a random number.
func (c *creation) number() (uint64, error) {
	var some [8]byte
	_, err := io.ReadFull(c.random, some[:])
	return binary.BigEndian.Uint64(some[:]), err
}

// mac gives an ENI a MAC that no station of its VPC has.
func (c *creation) mac(n *network, e *ec2.NetworkInterface) error {
	for e.MacAddress.IsZero() {
		some, err := c.number()
		if err != nil {
			return err
		}
		m := localMAC(some)
		if !n.macs.has(m.Bits()) {
			e.MacAddress = m
		}
	}
	return nil
}

// address gives an ENI without an address one of its subnet: IPv4's, or IPv6's where the subnet
// has IPv6 alone.
func (c *creation) address(n *network, s *Subnet, e *ec2.NetworkInterface) error {
	block, has := s.Prefix, e.PrivateIpAddress.IsValid() || len(e.PrivateIpAddresses) > 0
	if !block.IsValid() {
		block, has = s.Prefix6, len(e.Ipv6Addresses) > 0
	}
	if has {
		return nil
	}
	addr, err := c.free(block, func(a netip.Addr) bool { return !reserved(block, a) && n.mapping.holder(wire.AddrFrom(a)) == nil })
	switch {
	case err != nil:
		return err
	case !addr.IsValid():
		return fmt.Errorf("%s: %w", s.ID, ErrFullSubnet)
	case addr.Is4():
		e.PrivateIpAddress = addr
		e.PrivateIpAddresses = []ec2.NetworkInterfacePrivateIpAddress{{Primary: true, PrivateIpAddress: addr}}
	default:
		e.Ipv6Addresses = []ec2.NetworkInterfaceIpv6Address{{Ipv6Address: addr}}
	}
	return nil
}

// publicAddress is a public address that nobody has, or the one that is asked for.
func (c *creation) publicAddress(asked netip.Addr) (netip.Addr, error) {
	if asked.IsValid() {
		if c.r.has("Addresses", asked.String()) {
			return asked, fmt.Errorf("PublicIp %s is allocated already", asked)
		}
		return asked, nil
	}
	for _, p := range c.r.place.given.PublicPrefixes {
		if !p.Addr().Is4() {
			continue
		}
		addr, err := c.free(p, func(a netip.Addr) bool {
			_, taken := c.r.public.Get(number(a))
			return !taken && !c.r.has("Addresses", a.String())
		})
		if err != nil || addr.IsValid() {
			return addr, err
		}
	}
	return netip.Addr{}, ErrFullPrefixes
}

// mostTried is how many addresses are looked at for a free one: all of the largest subnet.
const mostTried = 1 << 16

// free is an address of a prefix that is free. It is the first from a random one, so that the
// address of who left is not at once somebody else's. It is invalid if none is free.
func (c *creation) free(p netip.Prefix, isFree func(netip.Addr) bool) (netip.Addr, error) {
	first, err := c.number()
	if err != nil {
		return netip.Addr{}, err
	}
	bytes := p.Addr().As16()
	low := binary.BigEndian.Uint64(bytes[8:])
	host := ^uint64(0)
	if bits := p.Addr().BitLen() - p.Bits(); bits < 64 {
		host = 1<<bits - 1
	}
	for i := range min(host, mostTried-1) + 1 {
		binary.BigEndian.PutUint64(bytes[8:], low|(first+i)&host)
		addr := netip.AddrFrom16(bytes).Unmap()
		if isFree(addr) {
			return addr, nil
		}
	}
	return netip.Addr{}, nil
}
