package controller

import (
	"crypto/rand"
	"errors"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// Two controllers give out the addresses of one subnet at once, each once.
func TestTwoControllersGiveNothingTwice(t *testing.T) {
	store := NewMemory()
	signer := newSigner(t)
	one, two := open(t, store, signer), open(t, store, signer)
	one.change(beginning()...)
	one.change(vpc.Edit{Kind: "Subnets", ID: "subnet-9", Object: &ec2.Subnet{SubnetId: "subnet-9", VpcId: "vpc-0", CidrBlock: netip.MustParsePrefix("10.0.9.0/28")}})
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		full int
	)
	for i := range 16 {
		all.Go(func() {
			o := []*office{one, two}[i%2]
			_, err := o.Edit(t.Context(), func(r *vpc.Region) ([]vpc.Edit, error) {
				return r.Create("NetworkInterfaces", &ec2.NetworkInterface{SubnetId: "subnet-9", Groups: []ec2.GroupIdentifier{{GroupId: "sg-0"}}}, rand.Reader)
			})
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, vpc.ErrFullSubnet) {
				full++
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.NoError(t, one.Sync(t.Context()))
	given := map[netip.Addr]bool{}
	for e := range one.Region().All() {
		if eni, is := e.Object.(*ec2.NetworkInterface); is {
			given[eni.PrivateIpAddress] = true
		}
	}
	require.Len(t, given, 11, "a /28 without EC2's five")
	require.Equal(t, 16-11, full)
}
