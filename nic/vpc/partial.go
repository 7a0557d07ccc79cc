package vpc

import (
	"slices"
	"strings"

	"nitrocard/nic/vpc/ec2"
)

// Answers of EC2's API are partial and of different moments: one list was saved and
// another was not, a filter left objects out, an address moved between two answers. What
// would be a mistake in a configuration that people wrote is a notice in answers, and the
// card drops the packets concerned, because it would have to guess. A contradiction within
// one answer is a mistake.

// spot is where an object, or a part of an object, stands while it is checked.
type spot struct {
	*object
	part string // the path of the part; "": the object itself
}

// spot is where the object stands.
func (o *object) spot() spot { return spot{object: o} }

// within is the spot of a part, which has a path of its own.
func (s spot) within(path string) spot { return spot{s.object, path} }

// path is the place in an error; "": there is no such object.
func (s spot) path() string {
	switch {
	case s.part != "":
		return s.part
	case s.config == nil:
		return ""
	}
	return s.object.path()
}

// spotOf is where an object stands.
func (c *compiler) spotOf(kind, id string) spot {
	if o := c.object(kind, id); o != nil {
		return o.spot()
	}
	return spot{object: newObject(kind)}
}

// excused notes a notice about an object that came in an answer, and tells whether it came
// in an answer. What people write must be whole, and is not excused.
func (c *compiler) excused(at spot, kind NoticeKind, what string) bool {
	if at.answer {
		c.notice(kind, at.path(), what)
		c.next.partial = true
	}
	return at.answer
}

// disputed is excused for two objects that contradict each other, which must have come in
// two answers.
func (c *compiler) disputed(at, other spot, what string) bool {
	if at.file == other.file && at.kind == other.kind || !other.answer {
		return false
	}
	return c.excused(at, Disputed, what)
}

// missing is the subject of notices about missing lists.
const missing = "missing"

// missingLists notes the lists that the answers lack though each account has them, or though what is there has more to
// tell. A configuration that people wrote may lack them.
func (c *compiler) missingLists() {
	c.about = subject{missing, ""}
	c.next.notices.Delete(c.about.key())
	if !c.next.rest.Answer {
		return
	}
	if c.next.onCard.Len() == 0 {
		c.noENIs()
		return
	}
	for _, l := range []struct {
		missing bool
		list    string
		kind    NoticeKind
	}{
		{!c.given("NetworkAcls"), "NetworkAcls", NoACLs},
		{!c.given("InternetGateways") && c.next.isPublic(), "InternetGateways", NoInternetGateways},
		{!c.given("RouteTables"), "RouteTables", NoRouteTables},
		{!c.given("SecurityGroups"), "SecurityGroups", NoSecurityGroups},
	} {
		if l.missing {
			c.notice(l.kind, l.list, "")
		}
	}
	c.noAnswers()
}

// noAnswers notes, once for all of them, the missing lists of which guests ask metadata and DNS.
func (c *compiler) noAnswers() {
	machines := c.next.objects["Instances"].Len() > 0
	var all []string
	for _, l := range []struct {
		asked      bool
		list, what string
	}{
		{machines, "InstanceAttributes", "user data (aws ec2 describe-instance-attribute --attribute userData)"},
		{c.next.namesKey(), "KeyPairs", "public keys (aws ec2 describe-key-pairs --include-public-key)"},
		{machines, "VpcAttributes", "attributes of VPCs (aws ec2 describe-vpc-attribute; both count as true)"},
	} {
		if l.asked && !c.given(l.list) {
			all = append(all, l.what)
		}
	}
	if len(all) > 0 {
		c.notice(NoAnswers, "configuration", strings.Join(all, ", "))
	}
}

// noENIs notes the missing lists without which there is no ENI.
func (c *compiler) noENIs() {
	what := ""
	for _, l := range []struct {
		missing       bool
		list, command string
	}{
		{!c.given("Vpcs"), "Vpcs", "describe-vpcs"},
		{!c.given("Subnets"), "Subnets", "describe-subnets"},
		{!c.given("NetworkInterfaces"), "NetworkInterfaces", "describe-network-interfaces"},
	} {
		if l.missing && what != "" {
			what += ", "
		}
		if l.missing {
			what += l.list + " (aws ec2 " + l.command + ")"
		}
	}
	if what != "" {
		c.notice(NoENIs, "configuration", what)
	}
}

// reference is an object's reference to another one: the field that has the ID, the other
// object's list, and the ID.
type reference struct{ field, list, id string }

// leftOut notes that the object at a spot is left out, because the object that it names is
// missing.
func (c *compiler) leftOut(at spot, r reference) {
	if !c.excused(at, LeftOut, ec2.Shorten(r.id)) {
		c.lost[at.path()] = true
		c.unknown(ec2.In(at.path(), r.field), r.list, r.id)
	}
}

// ended tells whether EC2 does not act any more on an object in a state: deleted, failed,
// rejected, expired, … Each kind of objects has states of its own.
func ended(state string) bool {
	state = strings.ToLower(state)
	return slices.ContainsFunc([]string{"delet", "fail", "reject", "expire", "detach", "disassociat", "disabl", "inactive"},
		func(s string) bool { return strings.HasPrefix(state, s) })
}

// isPublic tells whether the internet can reach an ENI where there are internet gateways: by a
// public address, or by IPv6.
func (r *Region) isPublic() bool {
	found := r.public.Len() > 0
	r.subnets.Scan(func(_ string, s *Subnet) bool {
		found = found || s.Prefix6.IsValid()
		return !found
	})
	return found
}
