package nic

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/follow"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// crowded is a region with many more ENIs in customer A's VPC, on server y.
func crowded(t testing.TB, config *vpc.Config) *vpc.Region {
	next := *config
	next.Subnets = append(slices.Clip(next.Subnets), ec2.Subnet{SubnetId: "subnet-a9", VpcId: "vpc-a", CidrBlock: netip.MustParsePrefix("10.0.16.0/20")})
	next.NetworkInterfaces = slices.Clip(next.NetworkInterfaces)
	next.Placement.Cards = slices.Clone(next.Placement.Cards)
	on := &next.Placement.Cards[1]
	require.Equal(t, "y", on.Name)
	on.NetworkInterfaces = slices.Clip(on.NetworkInterfaces)
	for i := 4; i < 4094; i++ {
		id := fmt.Sprintf("eni-%04d", i)
		next.NetworkInterfaces = append(next.NetworkInterfaces, ec2.NetworkInterface{
			NetworkInterfaceId: id, SubnetId: "subnet-a9", MacAddress: wire.MAC{2, 9, 0, 0, byte(i >> 8), byte(i)},
			PrivateIpAddress: netip.AddrFrom4([4]byte{10, 0, byte(16 + i>>8), byte(i)}), Groups: []ec2.GroupIdentifier{{GroupId: "sg-a-web"}},
		})
		on.NetworkInterfaces = append(on.NetworkInterfaces, id)
	}
	next.Places = nil
	region, err := vpc.NewRegion(&next)
	require.NoError(t, err)
	return region
}

// snapshotFor is a snapshot of a region as a controller tells it to a card.
func snapshotFor(t testing.TB, card string, signer *follow.Signer, region *vpc.Region) *follow.Message {
	var edits []vpc.Edit
	var enis []string
	for e := range region.All() {
		switch e.Kind {
		case "NetworkInterfaces":
			enis = append(enis, e.ID)
		case vpc.KindENIPlacement:
		default:
			edits = append(edits, e)
		}
	}
	slices.Sort(enis)
	encoded, err := follow.Encode(slices.AppendSeq(edits, region.Mappings(enis))...)
	require.NoError(t, err)
	m, err := signer.Sign(follow.Header{Card: card, Revision: 1, Issued: time.Unix(1, 0), Expires: time.Unix(2, 0)}, encoded)
	require.NoError(t, err)
	return m
}

// following is a card as a follower's target.
type following struct{ *Card }

func (f following) Region() *vpc.Region            { return f.Policy().Region }
func (f following) Change(edits ...vpc.Edit) error { return f.Follow(edits...) }
func (f following) Resume(string, []byte)          {}

// While a card takes thousands of mappings no packet is lost, and all mappings are in force in one
// policy.
func TestNoPacketIsLostWhileMappingsCome(t *testing.T) {
	l := newLive(t)
	signer, err := follow.NewSigner()
	require.NoError(t, err)
	m := snapshotFor(t, "x", signer, crowded(t, l.config))
	epoch := l.card.Policy().Epoch
	f := follow.NewFollower("x", signer.Keys().Trust())
	f.Hand(following{l.card})

	var all sync.WaitGroup
	taken := make(chan struct{})
	injected, delivered := uint64(0), uint64(0)
	all.Go(func() {
		frame := l.toA1()
		for more := true; more || l.card.Ports()[0].Received < injected; {
			select {
			case <-taken:
				more = false
			default:
			}
			if more && injected-delivered < 1<<10 && l.port(Uplink).Inject(frame) {
				injected++
			}
			delivered = l.card.Ports()[0].Sent
			l.port("eni-a1").Sent() // makes room
		}
	})
	require.NoError(t, f.Take(m, time.Unix(1, 0)))
	close(taken)
	all.Wait()
	l.stop()
	require.Equal(t, injected, l.card.Ports()[0].Received)
	require.Equal(t, injected, l.card.Ports()[0].Sent)
	require.Equal(t, epoch+1, l.card.Policy().Epoch)
	a1 := l.card.Policy().ENI("eni-a1")
	for i := 4; i < 4094; i++ {
		far := a1.Neighbor(wire.AddrFrom4(10<<24 | 16<<8 + uint32(i)))
		require.Equal(t, fmt.Sprintf("eni-%04d", i), far.ID)
		require.Equal(t, wire.MAC{2, 9, 0, 0, byte(i >> 8), byte(i)}, far.MAC)
		require.Equal(t, "y", l.card.Policy().Region.CardOf(far))
	}
}
