package vpc

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
)

// An object that came, one that changed, one that went, by kind and ID.
func TestDiff(t *testing.T) {
	was := story(t)
	require.Equal(t, Diff{[]string{}, []string{}, []string{}}, story(t).Diff(was), "read twice, it is the same")

	c, err := was.Put("SecurityGroups", []byte(`{GroupId: sg-new, GroupName: new, VpcId: vpc-a}`))
	require.NoError(t, err)
	c, err = c.Put("SecurityGroups", []byte(`{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a}`))
	require.NoError(t, err)
	c, err = c.Remove("NetworkInterfaces", "eni-b1")
	require.NoError(t, err)
	d := c.Diff(was)
	require.Equal(t, []string{"SecurityGroups sg-new"}, d.Added)
	require.Equal(t, []string{"NetworkInterfaces eni-b1"}, d.Removed)
	require.Subset(t, d.Changed, []string{"Placement", "SecurityGroups sg-a-web"}, "the port of an ENI goes with it")
	require.Equal(t, d.Added, was.Diff(c).Removed, "the way back")
}

// Without a configuration before, all is new; what has no ID goes by its list.
func TestDiffOfTheFirst(t *testing.T) {
	c := &Config{
		Vpcs:                         []ec2.Vpc{{VpcId: "vpc-1"}},
		SecurityGroupVpcAssociations: []ec2.SecurityGroupVpcAssociation{{GroupId: "sg-1"}},
		Placement:                    Placement{Vnis: map[string]uint32{"vpc-1": 7}},
		Unenforced:                   map[string][]any{"FlowLogs": {map[string]any{"FlowLogId": "fl-1"}}},
	}
	require.Equal(t, []string{"FlowLogs", "Placement", "SecurityGroupVpcAssociations", "Vpcs vpc-1"}, c.Diff(nil).Added)

	next := *c
	next.Unenforced = maps.Clone(c.Unenforced)
	next.Unenforced["FlowLogs"] = slices.Repeat(c.Unenforced["FlowLogs"], 2)
	require.Equal(t, Diff{[]string{}, []string{"FlowLogs"}, []string{}}, next.Diff(c))
}
