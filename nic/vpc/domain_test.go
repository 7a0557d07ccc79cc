package vpc

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The domains of private and public names by the region of a zone: us-east-1's are older than the others.
func TestDomainsOfRegions(t *testing.T) {
	for _, c := range []struct{ zone, internal, public string }{
		{"", "ec2.internal", "compute-1.amazonaws.com"},
		{"us-east-1a", "ec2.internal", "compute-1.amazonaws.com"},
		{"us-east-2b", "us-east-2.compute.internal", "us-east-2.compute.amazonaws.com"},
		{"eu-west-1c", "eu-west-1.compute.internal", "eu-west-1.compute.amazonaws.com"},
		{"us-west-2-lax-1a", "us-west-2.compute.internal", "us-west-2.compute.amazonaws.com"},
		{"us-gov-west-1a", "us-gov-west-1.compute.internal", "us-gov-west-1.compute.amazonaws.com"},
		{"cn-north-1a", "cn-north-1.compute.internal", "cn-north-1.compute.amazonaws.com.cn"},
	} {
		s := &Subnet{Zone: c.zone}
		require.Equal(t, []string{c.internal, c.public}, []string{s.InternalDomain(), s.PublicDomain()}, c.zone)
	}
}
