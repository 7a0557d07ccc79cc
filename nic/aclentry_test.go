package nic

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
)

// The entry that ends an ACL has no number for people, in either family: EC2's console shows an asterisk.
func TestTheEntryThatEndsAnACLHasNoNumber(t *testing.T) {
	for entry, want := range map[uint16]string{
		100:               "acl-1 inbound 100",
		vpc.FinalDeny:     "acl-1 inbound *",
		vpc.FinalDenyIPv6: "acl-1 inbound *",
	} {
		require.Equal(t, want, ACLEntry{ID: "acl-1", Entry: entry}.String())
	}
}
