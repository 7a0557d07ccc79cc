package vpc

import (
	"cmp"
	"net/netip"

	"nitrocard/nic/vpc/ec2"
)

// prefixList is a compiled prefix list.
type prefixList struct {
	id      string
	entries []netip.Prefix
	most    int  // entries that the list may have, as which it counts in rules and routes; 0: not told
	known   bool // the configuration has the entries
}

// prefixLists compiles the prefix lists of customers and of AWS.
func (c *compiler) prefixLists() {
	lists := map[string]bool{}
	for _, kind := range []string{"ManagedPrefixLists", "PrefixLists"} {
		for id := range c.gone(kind) {
			lists[id] = true
		}
	}
	for o, l := range each[ec2.ManagedPrefixList](c, "ManagedPrefixLists") {
		lists[o.id()] = true
		c.checkEntries(o, l)
	}
	for o := range each[ec2.PrefixList](c, "PrefixLists") {
		lists[o.id()] = true
	}
	for id := range lists {
		c.compileList(id)
	}
}

// checkEntries finds the mistakes of a prefix list. A list that people write has entries of one
// family, and no more than it may have (VPC User Guide, "Prefix lists concepts and rules"); EC2
// makes no other lists, and the entries of an answer count as they are.
func (c *compiler) checkEntries(o *object, l *ec2.ManagedPrefixList) {
	family := l.AddressFamily
	if !o.answer {
		c.oneOf(o.path(), "AddressFamily", family, addressFamilies[ipv4], addressFamilies[ipv6])
	}
	for i, e := range l.Entries {
		path := func() string { return ec2.In(o.path(), ec2.At("Entries", i, "")) }
		is := addressFamily(e.Cidr)
		family = cmp.Or(family, is)
		switch {
		case !e.Cidr.IsValid():
			c.Add(path(), "Cidr is missing")
		case is != family && !o.answer:
			c.Add(path(), "Cidr %s is %s, and the list is of %s: a prefix list has one family; make another list for the other", e.Cidr, is, family)
		}
	}
	if n := len(l.Entries); l.MaxEntries > 0 && n > l.MaxEntries && !o.answer {
		c.Add(o.path(), "Entries: there are %d, and MaxEntries lets there be %d", n, l.MaxEntries)
	}
}

// addressFamilies are the names of the families of prefix lists (ManagedPrefixList, AddressFamily).
var addressFamilies = [...]string{ipv4: "IPv4", ipv6: "IPv6"}

// addressFamily is the family of an entry.
func addressFamily(p netip.Prefix) string {
	if p.Addr().Is4() {
		return addressFamilies[ipv4]
	}
	return addressFamilies[ipv6]
}

// compileList compiles a prefix list. The entries of ManagedPrefixLists come before those
// of PrefixLists.
func (c *compiler) compileList(id string) {
	var cidrs []netip.Prefix
	list := &prefixList{id: id}
	managed, aws := c.object("ManagedPrefixLists", id), c.object("PrefixLists", id)
	if managed == nil && aws == nil {
		c.next.lists.Delete(id)
		return
	}
	if managed != nil {
		given := managed.config.(*ec2.ManagedPrefixList)
		list.known, list.most = given.Entries != nil, given.MaxEntries
		for _, e := range given.Entries {
			cidrs = append(cidrs, e.Cidr)
		}
	}
	if aws != nil && !list.known {
		cidrs, list.known = aws.config.(*ec2.PrefixList).Cidrs, true
	}
	for _, p := range cidrs {
		if p.IsValid() && !p.Addr().Is4In6() {
			list.entries = append(list.entries, p.Masked())
		}
	}
	c.next.lists.Set(id, list)
}

// prefixList is the prefix list that a rule or route names at a path. Its entries are not
// known if the configuration lacks the list, or has the list without entries, as
// describe-managed-prefix-lists prints it.
func (c *compiler) prefixList(at spot, path, id string) *prefixList {
	if list, given := c.next.lists.Get(id); given {
		return list
	}
	if c.given("ManagedPrefixLists") && !at.answer {
		c.unknown(path, "ManagedPrefixLists", id)
	}
	return &prefixList{id: id}
}
