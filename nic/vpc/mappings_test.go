package vpc

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
)

// copied are Mappings as they come from bytes.
func copied(t testing.TB, e Edit) Edit {
	data, err := e.Object.(*Mappings).AppendBinary(nil)
	require.NoError(t, err)
	m := &Mappings{}
	require.NoError(t, m.UnmarshalBinary(data))
	return Edit{Kind: KindMappings, Object: m}
}

// mappedEdits are All of a region with some of its ENIs as Mappings.
func mappedEdits(t testing.TB, r *Region, some func(*ENI) bool) (edits []Edit) {
	var ids []string
	for e := range r.All() {
		eni := r.ENI(e.ID)
		switch ofENI := e.Kind == "NetworkInterfaces" || e.Kind == KindENIPlacement; {
		case !ofENI || eni == nil || !some(eni):
			edits = append(edits, e)
		case e.Kind == "NetworkInterfaces":
			ids = append(ids, e.ID)
		}
	}
	slices.Sort(ids)
	for e := range r.Mappings(ids) {
		edits = append(edits, copied(t, e))
	}
	return edits
}

// followMapped makes a region, which may have anything, what another is, with the ENIs of one
// VPC as Mappings, or with those of all.
func followMapped(t testing.TB, r, leader *Region, vpc int) *Region {
	some := func(e *ENI) bool { return vpc == 0 || e.Subnet.VPC.ID == fmt.Sprint("vpc-", vpc) }
	next, err := r.Change(r.Possible(r.Replacing(mappedEdits(t, leader, some)))...)
	require.NoError(t, err)
	require.Equal(t, sorted(leader), sorted(next))
	return next
}

// tests of Mappings begin with a VPC of four ENIs, and bring others.
func mappedWorld(t testing.TB) *Region {
	region, err := NewRegion(&Config{
		Vpcs:    []ec2.Vpc{{VpcId: "vpc-0", CidrBlock: netip.MustParsePrefix("10.0.0.0/16")}},
		Subnets: []ec2.Subnet{{SubnetId: "subnet-0", VpcId: "vpc-0", CidrBlock: netip.MustParsePrefix("10.0.0.0/16")}},
		Placement: Placement{Cards: []CardPlacement{{Name: "x", Vtep: netip.MustParsePrefix("172.16.0.1/24")}, {Name: "y", Vtep: netip.MustParsePrefix("172.16.0.2/24")}},
			Edge: EdgePlacement{Vtep: addrOf(ip("172.16.0.9").As4())}},
	})
	require.NoError(t, err)
	return region
}

// small is ENI number n of the tests.
func small(n int) *ec2.NetworkInterface {
	e := crowd(n+1, 0, 0).NetworkInterfaces[n]
	return &e
}

// What many ENIs at once say is checked as what one says: what is wrong is told, and nothing is in
// force.
func TestMappingsAreChecked(t *testing.T) {
	r := mappedWorld(t)
	mappings := func(change func(*identity), enis ...*ec2.NetworkInterface) Edit {
		m := &Mappings{cards: []string{"x"}}
		p := packer{forms: map[string]*ec2.NetworkInterface{}, kept: &shared[ec2.NetworkInterface]{}}
		for _, e := range enis {
			packed := p.pack(e)
			change(packed)
			m.enis, m.on = append(m.enis, packed), append(m.on, 1)
		}
		return m.edit()
	}
	as := func(*identity) {}
	good := mappings(as, small(0), small(1))
	next, err := r.Change(good)
	require.NoError(t, err)
	require.Equal(t, []string{"NetworkInterfaces eni-0", "NetworkInterfaces eni-1"}, next.Diff().Added)
	_, err = next.Change(good) // again, and nothing changes
	require.NoError(t, err)
	onZ := mappings(as, small(2))
	onZ.Object.(*Mappings).cards = []string{"z"}
	for want, edits := range map[string][]Edit{
		`NetworkInterfaces eni-2: MacAddress 02:01:00:00:01:00 is that of eni-1 in vpc-0`: {mappings(func(e *identity) { e.MAC = small(1).MacAddress }, small(2))},
		`NetworkInterfaces eni-2: PrivateIpAddress 10.0.0.5 is that of eni-1 in vpc-0`:    {mappings(func(e *identity) { e.addr = ip("10.0.0.5").As4() }, small(2))},
		`Placement: Cards: there is no card "z"`:                                          {onZ},
		`Mappings: ENIs are expected, by ID behind those of the edit before`:              {mappings(as, small(3)), mappings(as, small(3))},
		`NetworkInterfaces eni-2: SubnetId: there is no "subnet-7" in Subnets`:            {mappings(func(e *identity) { e.form = &ec2.NetworkInterface{SubnetId: "subnet-7"} }, small(2))},
		`NetworkInterfaces eni-2: MacAddress is missing`:                                  {mappings(func(e *identity) { e.MAC = [6]byte{} }, small(2))},
		`Placement: Ports: eni-2: tap:eni-2 is the port of eni-1 already`:                 {mappings(as, small(2)), {KindENIPlacement, "eni-1", &ENIPlacement{Card: "x", Port: "tap:eni-2"}}},
	} {
		_, err := next.Change(edits...)
		require.ErrorContains(t, err, want)
	}
}

// Bytes that are not those of mappings are refused, whatever stands there.
func FuzzMappings(f *testing.F) {
	r := mappedWorld(f)
	r, err := r.Change(Edit{"NetworkInterfaces", "eni-0", small(0)}, Edit{"NetworkInterfaces", "eni-1", small(1)}, Edit{KindENIPlacement, "eni-1", &ENIPlacement{Card: "y", Port: "tap:a"}})
	require.NoError(f, err)
	for e := range r.Mappings([]string{"eni-0", "eni-1", "eni-2"}) {
		data, err := e.Object.(*Mappings).AppendBinary(nil)
		require.NoError(f, err)
		f.Add(data)
		f.Add(data[:len(data)-1])
	}
	empty := mappedWorld(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		m := &Mappings{}
		if m.UnmarshalBinary(data) != nil {
			return
		}
		again := copied(t, m.edit()).Object.(*Mappings)
		require.Equal(t, m.Len(), again.Len())
		for i := range m.enis {
			require.True(t, m.enis[i].says(again.enis[i]))
		}
		if next, err := empty.Change(m.edit()); err == nil && m.Len() > 0 {
			require.Equal(t, next.objects["NetworkInterfaces"].Len(), m.Len())
		}
	})
}
