//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"sync"

	"nitrocard/bench"
	"nitrocard/nic/seat"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
)

// What is applied beside what the card has: 100,000 objects, those of another
// card's ENIs, of groups and of the rules in them.
const (
	otherENIs     = 40_000
	groups        = 10_000
	rulesPerGroup = 5
)

// ask is a process that asks for the same again and again until its input
// ends: apply puts two configurations in force in turn, of which each rule
// differs; list lists all connections.
func (g *gaps) ask(ctx context.Context, role string) (err error) {
	seats := seat.NewSeats(1) // whoever shall have that one
	defer seats.End()
	var requests []request
	switch role {
	case "list":
		requests = []request{{method: "GET", path: fmt.Sprintf("flows?limit=%d", flows)}}
	case "apply":
		for port := 1; port <= 2; port++ {
			body, err := objects(port)
			if err != nil {
				return err
			}
			requests = append(requests, request{"PUT", "config", body})
		}
	default:
		return fmt.Errorf("the roles are card, quiet, apply, list and crowd, not %q", role)
	}
	asking, end := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() {
		io.Copy(io.Discard, os.Stdin)
		end()
	})
	fmt.Println("ready")
	client := g.client()
	n := 0
	for err == nil {
		if err = requests[n%len(requests)].do(asking, client, http.StatusOK); err == nil {
			n++
		}
	}
	if n == 0 && asking.Err() != nil {
		return fmt.Errorf("%s: not done once; take longer turns (-duration)", role)
	}
	if n == 0 {
		return err
	}
	ended.Wait() // the card has ended
	fmt.Fprintf(os.Stderr, "%s: %d times\n", role, n)
	return nil
}

// request is one that does not change: it costs who asks next to nothing.
type request struct {
	method, path string
	body         []byte
}

// do sends the request, and reads an answer of which nothing is kept.
func (r *request) do(ctx context.Context, c *http.Client, status int) error {
	q, err := http.NewRequestWithContext(ctx, r.method, "http://card/v1/"+r.path, bytes.NewReader(r.body))
	if err != nil {
		return err
	}
	answer, err := c.Do(q)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != status {
		text, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("%s %s: %s %s", r.method, r.path, answer.Status, text)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

// objects is the card's own configuration and all that is beside it, with
// rules for one port.
func objects(port int) ([]byte, error) {
	cfg, err := bench.Region{ENIs: enis}.Config()
	if err != nil {
		return nil, err
	}
	other := vpc.CardPlacement{Name: "other", Vtep: netip.MustParsePrefix("198.18.0.2/24"), Mac: wire.MAC{2, 0, 0, 0, 0, 2}}
	for i := range groups {
		group := ec2.SecurityGroup{GroupId: fmt.Sprintf("sg-other-%d", i), GroupName: fmt.Sprint("other ", i), VpcId: "vpc-other"}
		for n := range rulesPerGroup {
			from := netip.PrefixFrom(netip.AddrFrom4([4]byte{172, byte(i >> 8), byte(i), byte(n)}), 32)
			group.IpPermissions = append(group.IpPermissions, ec2.IpPermission{IpProtocol: "tcp", FromPort: &port, ToPort: &port, IpRanges: []ec2.IpRange{{CidrIp: from}}})
		}
		cfg.SecurityGroups = append(cfg.SecurityGroups, group)
	}
	network := netip.MustParsePrefix("10.0.0.0/16")
	cfg.Vpcs = append(cfg.Vpcs, ec2.Vpc{VpcId: "vpc-other", CidrBlock: network})
	cfg.Subnets = append(cfg.Subnets, ec2.Subnet{SubnetId: "subnet-other", VpcId: "vpc-other", CidrBlock: network})
	for i := range otherENIs {
		e := ec2.NetworkInterface{
			NetworkInterfaceId: fmt.Sprintf("eni-other-%d", i), VpcId: "vpc-other", SubnetId: "subnet-other",
			MacAddress: wire.MAC{2, 1, 0, byte(i >> 16), byte(i >> 8), byte(i)}, PrivateIpAddress: netip.AddrFrom4([4]byte{10, 0, byte(16 + i>>8), byte(i)}),
			Groups: []ec2.GroupIdentifier{{GroupId: fmt.Sprintf("sg-other-%d", i%groups)}},
		}
		cfg.NetworkInterfaces = append(cfg.NetworkInterfaces, e)
		other.NetworkInterfaces = append(other.NetworkInterfaces, e.NetworkInterfaceId)
	}
	cfg.Placement.Cards = append(cfg.Placement.Cards, other)
	return json.Marshal(cfg)
}
