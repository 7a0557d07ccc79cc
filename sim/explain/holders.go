package explain

import (
	"slices"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// holders are the ENIs by address, private or public, and those with delegated prefixes, which are few.
type holders struct {
	by       map[wire.Addr][]*ec2.NetworkInterface
	prefixed []*ec2.NetworkInterface
}

// holdersOf are the ENIs that have an address, private or public.
func (n *Network) holdersOf(addr wire.Addr) []*ec2.NetworkInterface {
	if n.holders.by == nil {
		n.holders.by = map[wire.Addr][]*ec2.NetworkInterface{}
		for i := range n.cfg.NetworkInterfaces {
			n.hold(&n.cfg.NetworkInterfaces[i])
		}
	}
	found := slices.Clip(n.holders.by[addr])
	for _, e := range n.holders.prefixed {
		if n.base.ENI(e.NetworkInterfaceId).Owns(addr) && !slices.Contains(found, e) {
			found = append(found, e)
		}
	}
	return found
}

// hold enters an ENI among the holders, if a card has it.
func (n *Network) hold(e *ec2.NetworkInterface) {
	is := n.base.ENI(e.NetworkInterfaceId)
	if is == nil {
		return
	}
	for _, a := range is.Addrs() {
		n.holders.by[a.Private] = append(n.holders.by[a.Private], e)
		if !a.Public.IsZero() {
			n.holders.by[a.Public] = append(n.holders.by[a.Public], e)
		}
	}
	if len(e.Ipv4Prefixes)+len(e.Ipv6Prefixes) > 0 {
		n.holders.prefixed = append(n.holders.prefixed, e)
	}
}
