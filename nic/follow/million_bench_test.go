package follow

import (
	"bytes"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// large is a VPC of n ENIs on 1,000 cards, which go round. IDs are as EC2 makes them, in no
// order; each ENI has an instance and is in two of five groups.
func large(n int) *vpc.Config {
	c := &vpc.Config{Vpcs: []ec2.Vpc{{VpcId: "vpc-0", CidrBlock: netip.MustParsePrefix("10.0.0.0/16")}}}
	for s := range 16 {
		block := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(s)}), 16)
		c.Vpcs[0].CidrBlockAssociationSet = append(c.Vpcs[0].CidrBlockAssociationSet, ec2.VpcCidrBlockAssociation{CidrBlock: block})
		c.Subnets = append(c.Subnets, ec2.Subnet{SubnetId: fmt.Sprint("subnet-", s), VpcId: "vpc-0", CidrBlock: block})
	}
	for g := range 5 {
		c.SecurityGroups = append(c.SecurityGroups, ec2.SecurityGroup{GroupId: fmt.Sprint("sg-", g), VpcId: "vpc-0"})
	}
	for i := range 1000 {
		c.Placement.Cards = append(c.Placement.Cards, vpc.CardPlacement{Name: fmt.Sprint("card-", i), Vtep: netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16, byte(i / 250), byte(i%250 + 1)}), 16)})
	}
	for i := range n {
		id := fmt.Sprintf("0%016x", uint64(i)*0x9e3779b97f4a7c15)
		at := i%65000 + 4
		c.NetworkInterfaces = append(c.NetworkInterfaces, ec2.NetworkInterface{
			NetworkInterfaceId: "eni-" + id, SubnetId: fmt.Sprint("subnet-", i/65000), MacAddress: [6]byte{2, 0, byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)},
			PrivateIpAddress: netip.AddrFrom4([4]byte{10, byte(i / 65000), byte(at >> 8), byte(at)}),
			Groups:           []ec2.GroupIdentifier{{GroupId: fmt.Sprint("sg-", i%5)}, {GroupId: fmt.Sprint("sg-", (i+1)%5)}},
			Attachment:       &ec2.NetworkInterfaceAttachment{InstanceId: "i-" + id},
		})
		card := &c.Placement.Cards[i%1000]
		card.NetworkInterfaces = append(card.NetworkInterfaces, "eni-"+id)
	}
	return c
}

// snapshot is a region as a controller sends it to card-7, in bytes.
func snapshot(t testing.TB, s *Signer, r *vpc.Region) []byte {
	return signed(t, s, r.All(), r.Mappings)
}

// edgeSnapshot is a region as a controller sends it to an edge, in bytes.
func edgeSnapshot(t testing.TB, s *Signer, r *vpc.Region) []byte {
	parts := func(yield func(vpc.Edit) bool) {
		for e := range r.All() {
			if part := r.EdgePart(e); part.Object != nil && !yield(part) {
				return
			}
		}
	}
	return signed(t, s, parts, r.EdgeMappings)
}

// signed is a snapshot of edits, whose ENIs go as Mappings.
func signed(t testing.TB, s *Signer, all iter.Seq[vpc.Edit], mappings func([]string) iter.Seq[vpc.Edit]) []byte {
	var edits []vpc.Edit
	var enis []string
	for e := range all {
		switch e.Kind {
		case vpc.KindENIPlacement:
		case "NetworkInterfaces":
			enis = append(enis, e.ID)
		default:
			edits = append(edits, e)
		}
	}
	slices.Sort(enis)
	encoded, err := Encode(slices.AppendSeq(edits, mappings(enis))...)
	require.NoError(t, err)
	m, err := s.Sign(Header{Card: "card-7", Revision: 1, Issued: noon, Expires: noon}, encoded)
	require.NoError(t, err)
	var b bytes.Buffer
	_, err = m.WriteTo(&b)
	require.NoError(t, err)
	return b.Bytes()
}

// BenchmarkSnapshotOfAMillion is how long a snapshot of a VPC of a million ENIs takes a card, from
// its bytes to a policy.
func BenchmarkSnapshotOfAMillion(b *testing.B) {
	if testing.Short() {
		b.Skip("a million ENIs take seconds, and a gigabyte")
	}
	const enis = 1_000_000
	signer, err := NewSigner()
	require.NoError(b, err)
	region, err := vpc.NewRegion(large(enis))
	require.NoError(b, err)
	data := snapshot(b, signer, region)
	region = nil
	b.ReportMetric(float64(len(data))/enis, "B/ENI")
	b.ResetTimer()
	for b.Loop() {
		m, err := Read(NewReader(bytes.NewReader(data)))
		require.NoError(b, err)
		f := NewFollower("card-7", signer.Keys().Trust())
		require.NoError(b, f.Take(m, noon))
		policy, err := f.Region().Policy("card-7", nil)
		require.NoError(b, err)
		require.Len(b, policy.ENIs, enis/1000)
	}
}

// BenchmarkEdgeSnapshotOfAMillion is how long a snapshot of a million ENIs with a public address each
// takes an edge, from its bytes to a policy.
func BenchmarkEdgeSnapshotOfAMillion(b *testing.B) {
	if testing.Short() {
		b.Skip("a million ENIs take seconds, and a gigabyte")
	}
	const enis = 1_000_000
	config := large(enis)
	for i := range config.NetworkInterfaces {
		public := netip.AddrFrom4([4]byte{52, byte(i >> 16), byte(i >> 8), byte(i)})
		config.NetworkInterfaces[i].Association = &ec2.NetworkInterfaceAssociation{PublicIp: public}
	}
	signer, err := NewSigner()
	require.NoError(b, err)
	region, err := vpc.NewRegion(config)
	require.NoError(b, err)
	data := edgeSnapshot(b, signer, region)
	region, config = nil, nil
	b.ReportMetric(float64(len(data))/enis, "B/ENI")
	b.ResetTimer()
	for b.Loop() {
		m, err := Read(NewReader(bytes.NewReader(data)))
		require.NoError(b, err)
		f := NewFollower("card-7", signer.Keys().Trust())
		require.NoError(b, f.Take(m, noon))
		f.Region().Edge(nil)
	}
}
