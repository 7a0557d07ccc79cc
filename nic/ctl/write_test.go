package ctl

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

func TestOneObject(t *testing.T) {
	s, ctx := serve(t), t.Context()
	change, err := s.Put(ctx, "SecurityGroups", "sg-shop", json.RawMessage(shop))
	require.NoError(t, err)
	require.Equal(t, []string{"SecurityGroups sg-shop"}, change.Added)
	require.EqualValues(t, 2, change.Epoch)
	group, err := s.SecurityGroup(ctx, "sg-shop")
	require.NoError(t, err)
	require.Equal(t, 443, *group.IpPermissions[0].FromPort)

	group.IpPermissions = append(group.IpPermissions, ec2.IpPermission{IpProtocol: "icmp"})
	change, err = s.Put(ctx, "SecurityGroups", "sg-shop", group)
	require.NoError(t, err)
	require.Equal(t, []string{"SecurityGroups sg-shop"}, change.Changed)

	change, err = s.Delete(ctx, "SecurityGroups", "sg-shop")
	require.NoError(t, err)
	require.Equal(t, []string{"SecurityGroups sg-shop"}, change.Removed)
	_, err = s.SecurityGroup(ctx, "sg-shop")
	require.Equal(t, &Error{Status: 404, Message: `this card has no security group "sg-shop"`}, err)
}

// Who creates an object is told what it was given.
func TestCreated(t *testing.T) {
	s, ctx := serve(t), t.Context()
	group := &ec2.SecurityGroup{GroupName: "web", VpcId: "vpc-a"}
	created, err := s.Create(ctx, "SecurityGroups", group)
	require.NoError(t, err)
	require.Equal(t, []string{"SecurityGroups " + created.ID}, created.Added)
	require.Equal(t, created.ID, group.GroupId)
	there, err := s.SecurityGroup(ctx, created.ID)
	require.NoError(t, err)
	require.Equal(t, *group, there)
	status, answer := s.curl("POST", "/v1/config/SecurityGroups", "{GroupName: web}")
	require.Equal(t, 400, status, answer)
	require.Contains(t, answer, "VpcId")
	status, answer = s.curl("POST", "/v1/config/Addresses", "{}")
	require.Equal(t, 409, status, answer)
	require.Contains(t, answer, "InsufficientAddressCapacity")
}

func TestTheWholeConfiguration(t *testing.T) {
	s, ctx := serve(t), t.Context()
	cfg, err := s.Config(ctx)
	require.NoError(t, err)
	cfg.NetworkInterfaces = cfg.NetworkInterfaces[:1]
	change, err := s.Apply(ctx, cfg)
	require.NoError(t, err)
	require.Equal(t, []string{"NetworkInterfaces eni-a2"}, change.Removed)
	enis, err := s.ENIs(ctx)
	require.NoError(t, err)
	require.Len(t, enis, 1)

	text, err := os.ReadFile("testdata/region.yaml")
	require.NoError(t, err)
	status, body := s.curl("PUT", "/v1/config", string(text))
	require.Equal(t, 200, status, body)
	require.Contains(t, body, "NetworkInterfaces eni-a2")
	status, body = s.curl("PUT", "/v1/config/Placement", `Allowances: {i-a1: {Connections: 10}}`)
	require.Equal(t, 200, status, body)
	require.EqualValues(t, 10, s.card.Config().Placement.Allowances["i-a1"].Connections)
}

// A dry run changes nothing, and tells of the configuration that a reader of curl brings, too.
func TestDryRun(t *testing.T) {
	s, ctx := serve(t), t.Context()
	cfg, err := s.Config(ctx)
	require.NoError(t, err)
	cfg.NetworkInterfaces = cfg.NetworkInterfaces[:1]
	found, err := s.DryRun(ctx, cfg)
	require.NoError(t, err)
	require.Equal(t, []string{"NetworkInterfaces eni-a2"}, found.Removed)
	require.EqualValues(t, 1, found.Epoch)
	require.NotNil(t, s.card.Policy().ENI("eni-a2"))
	status, answer := s.curl("POST", "/v1/dry-run", "Subnets: [{SubnetId: x y}]")
	require.Equal(t, 400, status, answer)
	status, answer = s.curl("POST", "/v1/dry-run?reading=lenient", "{}")
	require.Equal(t, 400, status, answer)
	require.EqualValues(t, 1, s.card.Policy().Epoch)
}

func TestRefusals(t *testing.T) {
	s := serve(t)
	for _, c := range []struct {
		method, path, body string
		status             int
		words              string
	}{
		{"GET", "/v1/enis/eni-x", "", 404, `this card has no ENI \"eni-x\"`},
		{"GET", "/v1/ports/eni-x", "", 404, `no port \"eni-x\"`},
		{"GET", "/v1/security-groups/sg-x", "", 404, "no security group"},
		{"GET", "/v1/flows?eni=eni-x", "", 404, `no ENI \"eni-x\"`},
		{"GET", "/v1/flows?limit=many", "", 400, "limit=many: a limit is a number from 1 on"},
		{"GET", "/v1/flows?limit=-1", "", 400, "limit=-1"},
		{"GET", "/v1/flows?enis=eni-a1", "", 400, "flows takes eni=ID, after=AT and limit=N, not enis"},
		{"GET", "/v1/flows?after=eni-a1", "", 400, `after=eni-a1: \"at\" of the last connection before is expected`},
		{"GET", "/v1/enis?eni=eni-a1", "", 400, "enis takes after=ID and limit=N, not eni"},
		{"GET", "/v1/flows?limit=1;eni=eni-a1", "", 400, "?limit=1;eni=eni-a1: invalid semicolon"},
		{"GET", "/", "", 404, "there is no /; there are enis"},
		{"GET", "/v1/eni", "", 404, "there is no /v1/eni"},
		{"DELETE", "/v1/enis", "", 405, "/v1/enis takes GET, HEAD, not DELETE"},
		{"POST", "/v1/config", "{}", 405, "not POST"},
		{"PUT", "/v1/config", `{"Vpcs": [`, 400, "config"},
		{"PUT", "/v1/config", `{"Vpc": []}`, 400, "Vpc"},
		{"PUT", "/v1/config/SecurityGroups/sg-shop", "{", 400, "SecurityGroups"},
		{"PUT", "/v1/config/SecurityGroups/sg-other", shop, 400, "SecurityGroups/sg-other: the object in the body has another ID"},
		{"PUT", "/v1/config/SecurityGroups/sg-shop", strings.Replace(shop, `"ToPort": 443`, `"ToPort": 80`, 1), 400, "FromPort 443 is above ToPort 80"},
		{"PUT", "/v1/config/SecurityGroup/sg-shop", shop, 400, "no kind of object"},
		{"DELETE", "/v1/config/SecurityGroups/sg-x", "", 404, "sg-x"},
		{"DELETE", "/v1/config/SecurityGroup/sg-web", "", 404, "no kind of object"},
		{"DELETE", "/v1/config/SecurityGroups/sg-web", "", 409, "sg-web"},
		{"PUT", "/v1/config?dry-run=true", "{}", 400, "POST /v1/dry-run"},
		{"PUT", "/v1/config?dry-run", "{}", 400, "POST /v1/dry-run"},
		{"PUT", "/v1/config?flush=1", "{}", 400, "flush=1: true, false is expected; nothing was changed"},
		{"PUT", "/v1/config?flush=true&flush=false", "{}", 400, "flush= stands more than once"},
		{"PUT", "/v1/config?reading=", "{}", 400, "reading=: told, strict, lenient, done is expected"},
		{"PUT", "/v1/config?reading=strict;flush=true", "{}", 400, "invalid semicolon"},
		{"PUT", "/v1/config/SecurityGroups/sg-shop?dry-run=true", shop, 400, "no parameter dry-run"},
		{"PUT", "/v1/config/Placement?flush=true", "{}", 400, "no parameter flush"},
		{"POST", "/v1/config/SecurityGroups?dry-run", "{GroupName: web, VpcId: vpc-a}", 400, "no parameter dry-run"},
		{"DELETE", "/v1/config/NetworkInterfaces/eni-a2?dry-run", "", 400, "no parameter dry-run"},
		{"POST", "/v1/dry-run?flush=true", "{}", 400, "no parameter flush"},
		{"PUT", "/v1/dry-run", "{}", 405, "not PUT"},
		{"PUT", "/v1/config", strings.Repeat(" ", maxBody+1), 413, "longer than 128 MiB"},
	} {
		status, body := s.curl(c.method, c.path, c.body)
		require.Equal(t, c.status, status, "%s %s: %s", c.method, c.path, body)
		require.Contains(t, body, `"error": "`)
		require.Contains(t, body, c.words, "%s %s", c.method, c.path)
	}
	require.EqualValues(t, 1, s.card.Policy().Epoch, "nothing was changed")
}

// Each writer changes what the others left, and none is lost.
func TestWritersAtOnce(t *testing.T) {
	s, ctx := serve(t), t.Context()
	var all sync.WaitGroup
	errs := make([]error, 64)
	for i := range errs {
		all.Go(func() {
			id := fmt.Sprintf("sg-%d", i)
			_, errs[i] = s.Put(ctx, "SecurityGroups", id, json.RawMessage(strings.ReplaceAll(shop, "sg-shop", id)))
		})
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	groups, err := s.SecurityGroups(ctx)
	require.NoError(t, err)
	require.Len(t, groups, 1+len(errs))
	require.EqualValues(t, 1+len(errs), s.card.Policy().Epoch)
}

// An answer of EC2's API is one for the card, too: by a client that read it, with
// its notices and places, and by curl.
func TestAnswersReachTheCard(t *testing.T) {
	s, ctx := serve(t), t.Context()
	cfg, err := s.Config(ctx)
	require.NoError(t, err)
	cfg.Notices = []vpc.Notice{{Kind: vpc.FilePassedOver, Path: "rds.json", What: "holds nothing of EC2"}}
	change, err := s.Apply(ctx, cfg)
	require.NoError(t, err)
	require.Equal(t, cfg.Notices, change.Notices)

	cfg.SecurityGroups[0].VpcId = "vpc-none"
	cfg.Places = vpc.Places{"SecurityGroups": {{File: "dump/groups.json", Index: 7}}}
	_, err = s.Apply(ctx, cfg)
	var refused *Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "dump/groups.json", refused.Problems[0].File)
	require.Contains(t, refused.Problems[0].Path, "SecurityGroups[7] ")
}
