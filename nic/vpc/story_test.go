package vpc

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func story(t testing.TB) *Config {
	c, err := Load("testdata/story.yaml")
	require.NoError(t, err)
	return c
}

func compiled(t testing.TB, c *Config, o CompileOptions) *Policy {
	p, err := Compile(c, o)
	require.NoError(t, err)
	return p
}

func TestTwoCustomersWithOneAddress(t *testing.T) {
	p := compiled(t, story(t), CompileOptions{})
	a, b := p.ENI("eni-a1"), p.ENI("eni-b1")

	// The frame's VNI and MAC tell them apart, though the address does not.
	require.Equal(t, a.Primary, b.Primary)
	require.Same(t, a, p.FindENI(5001, a.MAC))
	require.Same(t, b, p.FindENI(5002, b.MAC))
	require.Nil(t, p.FindENI(5002, a.MAC))

	// Each has its public address, from either of the places where EC2 tells it.
	require.Equal(t, "35.72.2.8", a.PublicOf(a.Primary).String())
	require.Equal(t, "54.168.7.7", b.Public().String())
	require.Equal(t, b.Primary, b.PrivateOf(b.Public()))
	require.Zero(t, b.PrivateOf(a.Public()))

	// Neither is in the other's mapping.
	require.Same(t, a.ENI, p.ENI("eni-a2").Neighbor(a.Primary))
	require.Same(t, b.ENI, b.Neighbor(b.Primary))
	require.Nil(t, b.Neighbor(ip("10.0.1.6")))
	require.Empty(t, p.Notices())
}
