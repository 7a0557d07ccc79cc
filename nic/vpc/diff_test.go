package vpc

import (
	"maps"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
)

// become is the region that follows, and what is new about it.
func become(t *testing.T, r *Region, c *Config) (*Region, Diff) {
	next, err := r.Become(c)
	require.NoError(t, err)
	return next, next.Diff()
}

var nothing = Diff{[]string{}, []string{}, []string{}}

// An object that came, one that changed, one that went, by kind and ID.
func TestDiff(t *testing.T) {
	was, err := NewRegion(story(t))
	require.NoError(t, err)
	_, d := become(t, was, story(t))
	require.Equal(t, nothing, d, "read twice, it is the same")

	c := put(t, story(t), "SecurityGroups", `{GroupId: sg-new, GroupName: new, VpcId: vpc-a}`)
	c = put(t, c, "SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a}`)
	c = remove(t, c, "NetworkInterfaces", "eni-a2")
	is, d := become(t, was, c)
	require.Equal(t, []string{"SecurityGroups sg-new"}, d.Added)
	require.Equal(t, []string{"NetworkInterfaces eni-a2"}, d.Removed)
	require.Subset(t, d.Changed, []string{"Placement", "SecurityGroups sg-a-web"}, "the port of an ENI goes with it")
	_, back := become(t, is, story(t))
	require.Equal(t, d.Added, back.Removed, "the way back")
}

// Of a first region all is new; what has no ID goes by its list.
func TestDiffOfTheFirst(t *testing.T) {
	c := &Config{
		Vpcs:                         []ec2.Vpc{{VpcId: "vpc-1", CidrBlock: netip.MustParsePrefix("10.0.0.0/16")}},
		SecurityGroupVpcAssociations: []ec2.SecurityGroupVpcAssociation{{GroupId: "sg-1"}},
		Placement:                    Placement{Vnis: map[string]uint32{"vpc-1": 7}},
		Unenforced:                   map[string][]any{"FlowLogs": {map[string]any{"FlowLogId": "fl-1"}}},
	}
	r, d := become(t, EmptyRegion(), c)
	require.Equal(t, []string{"FlowLogs", "Placement", "SecurityGroupVpcAssociations", "Vpcs vpc-1"}, d.Added)

	next := *c
	next.Unenforced = maps.Clone(c.Unenforced)
	next.Unenforced["FlowLogs"] = slices.Repeat(c.Unenforced["FlowLogs"], 2)
	_, d = become(t, r, &next)
	require.Equal(t, Diff{[]string{}, []string{"FlowLogs"}, []string{}}, d)
}
