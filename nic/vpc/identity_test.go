package vpc

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/tables/oracle"
)

func newPacker() *packer {
	return &packer{forms: map[string]*ec2.NetworkInterface{}, kept: &shared[ec2.NetworkInterface]{}}
}

// randomInterface has each member of the shape now and then, in values that meet
// each other often, and empty lists beside absent ones.
func randomInterface(r *rand.Rand) *ec2.NetworkInterface {
	addr := func() netip.Addr {
		return netip.MustParseAddr(pick(r, "10.0.0.1", "10.0.0.1", "10.0.0.2", "0.0.0.0", "::ffff:10.0.0.1", "fd00::1"))
	}
	may := func(set func()) {
		if r.IntN(4) == 0 {
			set()
		}
	}
	e := &ec2.NetworkInterface{
		NetworkInterfaceId: fmt.Sprint("eni-", r.IntN(2)), SubnetId: pick(r, "", "s", "s1"), VpcId: pick(r, "", "v"),
		MacAddress: wire.MAC{2, 5: byte(r.IntN(2))},
	}
	may(func() { e.PrivateIpAddress = addr() })
	may(func() { e.PrivateIpAddresses = []ec2.NetworkInterfacePrivateIpAddress{} })
	for range r.IntN(3) {
		a := ec2.NetworkInterfacePrivateIpAddress{Primary: r.IntN(2) == 0, PrivateIpAddress: addr()}
		may(func() { a.Association = &ec2.NetworkInterfaceAssociation{PublicIp: addr()} })
		e.PrivateIpAddresses = append(e.PrivateIpAddresses, a)
	}
	may(func() { e.Association = &ec2.NetworkInterfaceAssociation{PublicIp: addr()} })
	may(func() { e.Ipv4Prefixes = []ec2.Ipv4PrefixSpecification{} })
	may(func() {
		e.Ipv6Addresses = []ec2.NetworkInterfaceIpv6Address{{Ipv6Address: netip.MustParseAddr("fd00::2")}}
	})
	may(func() { e.Ipv6Prefixes = []ec2.Ipv6PrefixSpecification{} })
	may(func() { e.Groups = []ec2.GroupIdentifier{{GroupId: pick(r, "g", "h"), GroupName: pick(r, "", "n")}} })
	may(func() { e.SourceDestCheck = new(r.IntN(2) == 0) })
	may(func() { e.DenyAllIgwTraffic = true })
	may(func() {
		e.Attachment = &ec2.NetworkInterfaceAttachment{InstanceId: pick(r, "", "i-1"), DeviceIndex: r.IntN(2), Status: pick(r, "", "attached")}
	})
	may(func() { e.ConnectionTrackingConfiguration = &ec2.ConnectionTrackingConfiguration{UdpTimeout: new(30)} })
	may(func() { e.InterfaceType, e.OwnerId = pick(r, "", "efa"), "1" })
	may(func() { e.Description = "d" })
	may(func() { e.TagSet = pick(r, []ec2.Tag{}, []ec2.Tag{{Key: "k"}}) })
	return e
}

// An identity is its ENI's configuration, whatever other ENIs share its form: two
// say the same if, and only if, their configurations are equal.
func TestIdentitiesComeBack(t *testing.T) {
	r := oracle.Random(t)
	p := newPacker()
	var all []*ec2.NetworkInterface
	var packed []*identity
	for range 3000 {
		e := randomInterface(r)
		all, packed = append(all, e), append(packed, p.pack(e))
	}
	for i, e := range all {
		require.Equal(t, e, packed[i].config())
		other := r.IntN(len(all))
		require.Equal(t, assert.ObjectsAreEqual(e, all[other]), packed[i].says(packed[other]), "%+v %+v", e, all[other])
	}
	require.Less(t, len(p.forms), len(all)/4, "forms are shared")
}

// ENIs of one subnet and group are of one form and one membership, and small.
func TestENIsAreSmall(t *testing.T) {
	p := compiled(t, crowd(10, 2, 1), CompileOptions{})
	first := p.Region.ENI("eni-0")
	for e := range p.Region.all() {
		require.Same(t, first.form, e.form)
		require.Same(t, first.membership, e.membership)
	}
	require.LessOrEqual(t, unsafe.Sizeof(ENI{}), uintptr(32))
	require.LessOrEqual(t, unsafe.Sizeof(identity{}), uintptr(64))
	require.LessOrEqual(t, unsafe.Sizeof(object{}), uintptr(48))
}
