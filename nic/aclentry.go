package nic

import (
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// ACLEntry is an entry of a network ACL.
type ACLEntry struct {
	ID     string `json:"id"` // of the ACL
	Egress bool   `json:"egress"`
	Entry  uint16 `json:"rule_number"` // EC2's; vpc.FinalDeny and FinalDenyIPv6 are the denies that end each ACL
}

// String is the entry as people write it: "acl-1 inbound 100".
func (e ACLEntry) String() string {
	return e.ID + " " + wire.DirectionOf(e.Egress).Bound() + " " + vpc.EntryName(e.Entry)
}

// AskedACL is the entry of a network ACL that an event's packet asked, which let it pass or denied it; nil if the
// packet asked none, as one of a known connection and one whose ACL lets everything pass.
func AskedACL(e *Event) *ACLEntry {
	if e.ENI == nil || e.Entry == 0 {
		return nil
	}
	return &ACLEntry{e.ENI.ACL(), e.Port == e.ENI.ID, e.Entry}
}

// deniedBy is the entry of an ACL that a verdict names, nil if the verdict names none.
func deniedBy(v Verdict, acl string, entry uint16) *ACLEntry {
	switch v {
	case pipeline.NetworkACLIn, pipeline.NetworkACLOut:
		return &ACLEntry{acl, v == pipeline.NetworkACLOut, entry}
	}
	return nil
}
