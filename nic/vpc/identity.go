package vpc

import (
	"encoding/binary"
	"net/netip"
	"reflect"
	"slices"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// identity is an ENI's configuration in few bytes: the fields that differ from ENI to ENI,
// and a form with all other fields, which ENIs share. A large VPC has a million ENIs and
// a few hundred forms.
type identity struct {
	ID       string
	Instance string                // "": attached to no instance
	form     *ec2.NetworkInterface // the other fields
	addr     uint32                // primary private address; 0: no IPv4 address
	Station  uint32                // number of Region.Station, by which frames reach the ENI
	MAC      wire.MAC
	took     bool // the form has ownAddress in the place of addr
}

// ownAddress stands in a form for the primary address of the ENI. No ENI has this address.
var ownAddress = netip.IPv4Unspecified()

// first tells whether the ENI is its instance's first.
func (e *identity) first() bool {
	return e.form.Attachment != nil && e.form.Attachment.DeviceIndex == 0
}

// Account is the ID of the account that the ENI is of, "" if it is not told.
func (e *identity) Account() string { return e.form.OwnerId }

// isAttached tells whether the ENI is attached to an instance, or to a service of AWS.
func (e *identity) isAttached() bool {
	return e.form.Attachment != nil && !ended(e.form.Attachment.Status)
}

// says tells whether two identities hold the same configuration.
func (e *identity) says(other *identity) bool {
	return e.ID == other.ID && e.Instance == other.Instance && e.MAC == other.MAC && e.addr == other.addr && e.took == other.took &&
		(e.form == other.form || reflect.DeepEqual(e.form, other.form))
}

// config is the ENI in EC2's shape.
func (e *identity) config() *ec2.NetworkInterface {
	config := *e.form
	config.NetworkInterfaceId, config.MacAddress = e.ID, e.MAC
	config.PrivateIpAddress = e.address(config.PrivateIpAddress)
	if list := config.PrivateIpAddresses; e.took && len(list) > 0 {
		config.PrivateIpAddresses = e.addresses(nil)
	}
	if e.Instance != "" {
		attachment := *config.Attachment
		attachment.InstanceId = e.Instance
		config.Attachment = &attachment
	}
	return &config
}

// address is the address that an address of the form stands for.
func (e *identity) address(a netip.Addr) netip.Addr {
	if e.took && a == ownAddress {
		return addrOf(e.addr)
	}
	return a
}

// addresses appends to list the private addresses of the form, with the ENI's own.
func (e *identity) addresses(list []ec2.NetworkInterfacePrivateIpAddress) []ec2.NetworkInterfacePrivateIpAddress {
	from := len(list)
	list = append(list, e.form.PrivateIpAddresses...)
	for i := range list[from:] {
		list[from+i].PrivateIpAddress = e.address(list[from+i].PrivateIpAddress)
	}
	return list
}

// packer makes identities, and keeps the forms of one change.
type packer struct {
	forms map[string]*ec2.NetworkInterface
	kept  *shared[ec2.NetworkInterface] // the forms of the lineage

	// The form at hand, in memory that the next one reuses.
	form       ec2.NetworkInterface
	attachment ec2.NetworkInterfaceAttachment
	addrs      []ec2.NetworkInterfacePrivateIpAddress
	key        []byte
	rest       ec2.NetworkInterface // the form without the fields that the key has
}

// pack makes an identity of an ENI in EC2's shape. The caller may change config afterwards.
func (p *packer) pack(config *ec2.NetworkInterface) *identity {
	e := &identity{ID: config.NetworkInterfaceId, MAC: config.MacAddress}
	p.form = *config
	p.form.NetworkInterfaceId, p.form.MacAddress = "", wire.MAC{}
	if config.Attachment != nil {
		p.attachment = *config.Attachment
		e.Instance, p.attachment.InstanceId = p.attachment.InstanceId, ""
		p.form.Attachment = &p.attachment
	}
	p.takeAddress(e)
	if p.common() {
		e.form = p.shared()
	} else {
		e.form = p.detached()
	}
	return e
}

// keep is the form that ENIs of the lineage have in the place of a form that a packer of
// another lineage made.
func (p *packer) keep(form *ec2.NetworkInterface) *ec2.NetworkInterface {
	p.form = *form
	if form.Attachment != nil {
		p.attachment = *form.Attachment
	}
	if !p.common() {
		return form
	}
	return p.shared()
}

// shared is the form that all ENIs with the key at hand have.
func (p *packer) shared() *ec2.NetworkInterface {
	form, known := p.forms[string(p.key)]
	if !known {
		form = p.kept.get(string(p.key), p.detached)
		p.forms[string(p.key)] = form
	}
	return form
}

// takeAddress moves the primary address from the form to e.
func (p *packer) takeAddress(e *identity) {
	a := primaryOf(&p.form)
	e.addr = number(a)
	isOwn := func(one ec2.NetworkInterfacePrivateIpAddress) bool { return one.PrivateIpAddress == ownAddress }
	if e.took = a.Is4() && e.addr != 0 && p.form.PrivateIpAddress != ownAddress && !slices.ContainsFunc(p.form.PrivateIpAddresses, isOwn); !e.took {
		return
	}
	if p.form.PrivateIpAddress == a {
		p.form.PrivateIpAddress = ownAddress
	}
	if len(p.form.PrivateIpAddresses) > 0 {
		p.addrs = append(p.addrs[:0], p.form.PrivateIpAddresses...)
		p.form.PrivateIpAddresses = p.addrs
	}
	for i := range p.addrs[:len(p.form.PrivateIpAddresses)] {
		if p.addrs[i].PrivateIpAddress == a {
			p.addrs[i].PrivateIpAddress = ownAddress
		}
	}
}

// primaryOf is the primary private address of an ENI, or of a form.
func primaryOf(config *ec2.NetworkInterface) netip.Addr {
	a := config.PrivateIpAddress
	for _, one := range config.PrivateIpAddresses {
		if !a.IsValid() && (one.Primary || len(config.PrivateIpAddresses) == 1) {
			a = one.PrivateIpAddress
		}
	}
	return a
}

// detached is a copy of the form at hand that shares nothing with the next one.
func (p *packer) detached() *ec2.NetworkInterface {
	form := p.form
	if form.Attachment != nil {
		form.Attachment = new(p.attachment)
	}
	form.PrivateIpAddresses, form.Groups = slices.Clone(form.PrivateIpAddresses), slices.Clone(form.Groups)
	return &form
}

// common writes the key of the form at hand, and tells whether equal keys mean equal
// forms. A form with a field that few ENIs have, such as tags or a public address, is not
// common, because the key has none of those fields.
func (p *packer) common() bool {
	f := &p.rest
	*f = p.form
	p.key = p.key[:0]
	p.texts(&f.VpcId, &f.SubnetId, &f.OwnerId, &f.InterfaceType)
	p.flags(f.DenyAllIgwTraffic, f.SourceDestCheck == nil, f.SourceDestCheck != nil && *f.SourceDestCheck, f.PrivateIpAddress == ownAddress)
	p.flags(f.Ipv4Prefixes == nil, f.Ipv6Addresses == nil, f.Ipv6Prefixes == nil, f.TagSet == nil)
	rare := len(f.Ipv4Prefixes) > 0 || len(f.Ipv6Addresses) > 0 || len(f.Ipv6Prefixes) > 0 || len(f.TagSet) > 0 || len(f.PrivateIpAddresses) > 1
	f.Ipv4Prefixes, f.Ipv6Addresses, f.Ipv6Prefixes, f.TagSet = nil, nil, nil, nil
	p.number(len(f.Groups), f.Groups == nil)
	for _, g := range f.Groups {
		p.texts(&g.GroupId, &g.GroupName)
		rare = rare || g != ec2.GroupIdentifier{}
	}
	p.number(len(f.PrivateIpAddresses), f.PrivateIpAddresses == nil)
	for _, a := range f.PrivateIpAddresses {
		p.flags(a.Primary)
		rare = rare || a != ec2.NetworkInterfacePrivateIpAddress{Primary: a.Primary, PrivateIpAddress: ownAddress}
	}
	if p.flags(f.Attachment == nil); f.Attachment != nil {
		a := *f.Attachment
		p.texts(&a.Status)
		p.number(a.DeviceIndex, false)
		rare = rare || a != ec2.NetworkInterfaceAttachment{DeviceIndex: a.DeviceIndex}
	}
	if f.PrivateIpAddress == ownAddress {
		f.PrivateIpAddress = netip.Addr{}
	}
	f.Groups, f.DenyAllIgwTraffic, f.SourceDestCheck, f.PrivateIpAddresses, f.Attachment = nil, false, nil, nil, nil
	return !rare && reflect.ValueOf(f).Elem().IsZero() // a field that is added to the shape later makes a form rare, too
}

// texts appends texts to the key with their lengths, and empties them.
func (p *packer) texts(texts ...*string) {
	for _, t := range texts {
		p.key = append(binary.AppendUvarint(p.key, uint64(len(*t))), *t...)
		*t = ""
	}
}

// number appends a number to the key, or that a list is absent.
func (p *packer) number(n int, absent bool) {
	p.flags(absent)
	p.key = binary.AppendVarint(p.key, int64(n))
}

// flags appends up to eight truth values to the key, in one byte.
func (p *packer) flags(flags ...bool) {
	all := byte(0)
	for i, f := range flags {
		if f {
			all |= 1 << i
		}
	}
	p.key = append(p.key, all)
}
