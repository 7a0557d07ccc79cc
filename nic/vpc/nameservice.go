package vpc

import (
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// NameService is what the DNS server of an ENI's VPC does (VPC User Guide, "DNS attributes for your VPC").
type NameService struct {
	Off       bool // the VPC has no such server (EnableDnsSupport is false)
	Nameless  bool // the VPC's own names are those of nobody (EnableDnsHostnames is false)
	Translate bool // IPv4 addresses are told as those of IPv6 behind 64:ff9b::/96 (the subnet's EnableDns64)
}

// NameService is that of the ENI. Without attributes in the configuration, the server is on and
// knows the VPC's names.
func (e *OwnENI) NameService(r *Region) NameService {
	s := NameService{}
	if a := found[ec2.VpcAttribute](r, "VpcAttributes", e.VPC.ID); a != nil {
		s.Off = a.EnableDnsSupport != nil && !a.EnableDnsSupport.Value
		s.Nameless = a.EnableDnsHostnames != nil && !a.EnableDnsHostnames.Value
	}
	if subnet := found[ec2.Subnet](r, "Subnets", e.Subnet.ID); subnet != nil {
		s.Translate = subnet.EnableDns64
	}
	return s
}

// nameOptions are which names an ENI's instance has. They are told with the instance, or by what the
// subnet gives to instances at their launch.
func (r *Region) nameOptions(e *ENI) ec2.PrivateDnsNameOptions {
	if i := r.Instance(e.Instance); i != nil && i.PrivateDnsNameOptions != nil {
		return ec2.PrivateDnsNameOptions(*i.PrivateDnsNameOptions)
	}
	if s := found[ec2.Subnet](r, "Subnets", e.Subnet.ID); s != nil && s.PrivateDnsNameOptionsOnLaunch != nil {
		return ec2.PrivateDnsNameOptions(*s.PrivateDnsNameOptionsOnLaunch)
	}
	return ec2.PrivateDnsNameOptions{}
}

// Resource is what the resource name of an instance means in the ENI's VPC: the addresses of the
// instance's first ENI, of the families for which the instance has records (EC2 User Guide, "EC2 instance
// hostnames"). The name is known if there are records of either family, though the ENI may have no such
// address.
func (e *OwnENI) Resource(r *Region, instance string) (four, six wire.Addr, known bool) {
	for of := range r.ENIsOf(instance) {
		if of.Subnet.VPC != e.VPC || !of.first() {
			continue
		}
		o := r.nameOptions(of)
		if known = o.EnableResourceNameDnsARecord || o.EnableResourceNameDnsAAAARecord; !known {
			return
		}
		if o.EnableResourceNameDnsARecord {
			four = of.primary()
		}
		if o.EnableResourceNameDnsAAAARecord {
			six = of.first6()
		}
		return four, six, true
	}
	return
}

// NameOf is the private name, without the domain, of an address of the ENI's VPC: the IP name of an IPv4 address, and
// of an IPv6 address the resource name that means the address; "": the address has none. AWS documents no name of
// IPv6 addresses; the choice is ours.
func (e *OwnENI) NameOf(r *Region, addr wire.Addr) string {
	of := e.Neighbor(addr)
	switch {
	case of == nil:
		return ""
	case addr.Is4():
		return IPName(addr)
	}
	if _, six, _ := e.Resource(r, of.Instance); six != addr {
		return ""
	}
	return of.Instance
}

// first6 is the first IPv6 address of an ENI that the VPC carries; zero: none.
func (e *ENI) first6() wire.Addr {
	for _, a := range e.Addrs() {
		if !a.Private.Is4() {
			return a.Private
		}
	}
	return wire.Addr{}
}

// lends tells whether a peer lets the ENI's VPC find the private addresses behind its public names
// (EC2 API, ModifyVpcPeeringConnectionOptions: AllowDnsResolutionFromRemoteVpc).
func (e *OwnENI) lends(r *Region, of *VPC) bool {
	for _, p := range e.Peers() {
		c := found[ec2.VpcPeeringConnection](r, "VpcPeeringConnections", p.ID)
		if p.VPC != of || c == nil {
			continue
		}
		for _, end := range []*ec2.VpcPeeringConnectionVpcInfo{&c.RequesterVpcInfo, &c.AccepterVpcInfo} {
			if end.VpcId == of.ID && end.PeeringOptions != nil && end.PeeringOptions.AllowDnsResolutionFromRemoteVpc {
				return true
			}
		}
	}
	return false
}
