package ctl

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/semaphore"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
)

// two is a region of two customers, with a pool of public addresses.
const two = `
Vpcs: [{VpcId: vpc-a, CidrBlock: 10.0.0.0/16}, {VpcId: vpc-b, CidrBlock: 10.0.0.0/16}]
Subnets: [{SubnetId: subnet-a, VpcId: vpc-a, CidrBlock: 10.0.1.0/24}, {SubnetId: subnet-b, VpcId: vpc-b, CidrBlock: 10.0.1.0/24}]
SecurityGroups: [{GroupId: sg-a, GroupName: a, VpcId: vpc-a}, {GroupId: sg-b, GroupName: b, VpcId: vpc-b}]
NetworkInterfaces:
  - {NetworkInterfaceId: eni-a, SubnetId: subnet-a, MacAddress: "02:00:00:00:00:0a", Groups: [{GroupId: sg-a}], PrivateIpAddress: 10.0.1.5, Attachment: {InstanceId: i-a}}
  - {NetworkInterfaceId: eni-b, SubnetId: subnet-b, MacAddress: "02:00:00:00:00:0b", Groups: [{GroupId: sg-b}], PrivateIpAddress: 10.0.1.5, Attachment: {InstanceId: i-b},
     Association: {PublicIp: 52.9.0.2}}
RouteTables: [{RouteTableId: rtb-b, VpcId: vpc-b, Routes: [{DestinationCidrBlock: 192.168.0.0/16, GatewayId: vgw-b}]}]
Placement: {PublicPrefixes: [52.9.0.0/24], Exits: {vgw-b: {Vtep: 198.18.0.77, Vni: 77}}}
`

// certificated is a server whose clients come with certificates.
type certificated struct {
	*testing.T
	http.Handler
}

func newCertificated(t *testing.T) *certificated {
	card := newCard(t)
	t.Cleanup(func() { require.NoError(t, card.Close()) })
	more := func(mux *http.ServeMux) {
		mux.HandleFunc("GET /v1/hosts", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, "hosts") })
	}
	s := &certificated{t, Handler(Options{Card: card, More: more, Log: slog.New(slog.DiscardHandler)})}
	status, answer := s.ask("provider", "PUT", "/v1/config", two)
	require.Equal(t, 200, status, answer)
	return s
}

var subjects = map[string]pkix.Name{
	"provider": {CommonName: "provider", Organization: []string{RoleProvider}},
	"reader":   {CommonName: "reader", Organization: []string{"ACME", RoleReader}},
	"alice":    {CommonName: "alice", Organization: []string{RoleOwner}, OrganizationalUnit: []string{"vpc-a"}},
	"nothing":  {CommonName: "nothing", Organization: []string{RoleOwner}, OrganizationalUnit: []string{""}},
	"card":     {CommonName: "x"},
}

// ask makes a request with the certificate of a subject.
func (s *certificated) ask(who, method, path, body string) (status int, answer string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if who != "" {
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Subject: subjects[who]}}}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestWhatARoleMay(t *testing.T) {
	s := newCertificated(t)
	for _, c := range []struct {
		who, method, path, body string
		status                  int
	}{
		{"", "GET", "/v1/config", "", 403}, // without TLS
		{"reader", "GET", "/v1/capture", "", 403},
		{"alice", "GET", "/v1/capture", "", 403},
		{"card", "GET", "/v1/capture", "", 403},
		{"provider", "GET", "/v1/capture?snap=1", "", 400},
		{"", "PUT", "/v1/config", two, 403},
		{"card", "GET", "/v1/config", "", 403},
		{"card", "GET", "/v1/hosts", "", 403},
		{"card", "PUT", "/v1/config/SecurityGroups/sg-a", `{GroupId: sg-a, GroupName: a, VpcId: vpc-a}`, 403},
		{"reader", "GET", "/v1/config", "", 200},
		{"reader", "GET", "/v1/hosts", "", 200},
		{"reader", "DELETE", "/v1/config/NetworkInterfaces/eni-a", "", 403},
		{"provider", "PUT", "/v1/config/Placement", `{PublicPrefixes: [52.9.0.0/24], Exits: {vgw-b: {Vtep: 198.18.0.77, Vni: 77}}}`, 200},

		{"alice", "GET", "/v1/hosts", "", 403},
		{"alice", "GET", "/v1/security-groups/sg-a", "", 200},
		{"alice", "GET", "/v1/security-groups/sg-b", "", 404},
		{"alice", "PUT", "/v1/config", two, 403},
		{"alice", "PUT", "/v1/config/Placement", `{}`, 403},
		{"alice", "PUT", "/v1/config/Vpcs/vpc-a", `{VpcId: vpc-a, CidrBlock: 10.0.0.0/15}`, 403},
		{"alice", "PUT", "/v1/config/SecurityGroups/sg-a", strings.Repeat(" ", 2<<20), 413},
		{"alice", "POST", "/v1/config/Vpcs", `{CidrBlock: 10.0.0.0/15}`, 403},
		{"alice", "PUT", "/v1/config/ENIPlacements/eni-a", `{Card: local}`, 403},
		{"alice", "PUT", "/v1/config/SecurityGroups/sg-a", `{GroupId: sg-a, GroupName: a2, VpcId: vpc-a}`, 200},
		{"alice", "PUT", "/v1/config/SecurityGroups/sg-b", `{GroupId: sg-b, GroupName: b, VpcId: vpc-a}`, 403},
		{"alice", "PUT", "/v1/config/SecurityGroups/sg-new", `{GroupId: sg-new, GroupName: b, VpcId: vpc-b}`, 403},
		{"alice", "DELETE", "/v1/config/SecurityGroups/sg-b", "", 404},
		{"alice", "DELETE", "/v1/config/SecurityGroups/sg-c", "", 404},
		{"alice", "POST", "/v1/config/NetworkInterfaces", `{SubnetId: subnet-b, Groups: [{GroupId: sg-b}]}`, 403},
		{"alice", "POST", "/v1/config/NetworkInterfaces", `{SubnetId: subnet-a, Groups: [{GroupId: sg-a}], Attachment: {InstanceId: i-b}}`, 403},
		{"alice", "POST", "/v1/config/NetworkInterfaces", `{SubnetId: subnet-a, Groups: [{GroupId: sg-a}], Association: {PublicIp: 52.9.0.9}}`, 403},
		{"alice", "POST", "/v1/config/NetworkInterfaces", `{SubnetId: subnet-a, Groups: [{GroupId: sg-a}], Attachment: {InstanceId: i-a}}`, 201},
		{"alice", "POST", "/v1/config/Addresses", `{NetworkInterfaceId: eni-b}`, 403},
		{"alice", "POST", "/v1/config/Addresses", `{NetworkInterfaceId: eni-a, PublicIp: 8.8.8.8}`, 403},
		{"alice", "PUT", "/v1/config/Addresses/52.9.0.2", `{NetworkInterfaceId: eni-a, PublicIp: 52.9.0.2}`, 403}, // it is eni-b's
		{"alice", "PUT", "/v1/config/Addresses/52.9.0.3", `{NetworkInterfaceId: eni-a, PublicIp: 52.9.0.3}`, 403}, // it is nobody's
		{"alice", "POST", "/v1/config/Addresses", `{NetworkInterfaceId: eni-a}`, 201},
		{"alice", "PUT", "/v1/config/RouteTables/rtb-a", `{RouteTableId: rtb-a, VpcId: vpc-a, Routes: [{DestinationCidrBlock: 192.168.0.0/16, GatewayId: vgw-b}]}`, 403},
		{"alice", "PUT", "/v1/config/RouteTables/rtb-a", `{RouteTableId: rtb-a, VpcId: vpc-a, Routes: [{DestinationCidrBlock: 192.168.0.0/16, TransitGatewayId: "vpc-b\u0000RouteTables\u0000x"}]}`, 200},
		{"provider", "POST", "/v1/config/Subnets", `{VpcId: vpc-b, CidrBlock: 10.0.9.0/24}`, 201},
		{"nothing", "POST", "/v1/config/Subnets", `{CidrBlock: 10.0.2.0/24}`, 403},
		{"nothing", "GET", "/v1/security-groups/sg-a", "", 404},
	} {
		status, answer := s.ask(c.who, c.method, c.path, c.body)
		require.Equal(t, c.status, status, "%s %s %s: %s", c.who, c.method, c.path, answer)
	}
}

// A public address that an ENI has by Addresses is not the ENI's for good.
func TestAnOwnerKeepsNoPublicAddress(t *testing.T) {
	s := newCertificated(t)
	status, answer := s.ask("alice", "POST", "/v1/config/Addresses", `{NetworkInterfaceId: eni-a}`)
	require.Equal(t, 201, status, answer)
	var created Created
	require.NoError(t, json.Unmarshal([]byte(answer), &created))
	status, answer = s.ask("alice", "PUT", "/v1/config/NetworkInterfaces/eni-a",
		`{NetworkInterfaceId: eni-a, SubnetId: subnet-a, MacAddress: "02:00:00:00:00:0a", Groups: [{GroupId: sg-a}], PrivateIpAddress: 10.0.1.5, Association: {PublicIp: `+created.ID+`}}`)
	require.Equal(t, 403, status, answer)
}

// The owner of a VPC has a public NAT gateway there, with an address that is given out; one that
// nobody has is not the owner's to take.
func TestAnOwnerCreatesANATGateway(t *testing.T) {
	s := newCertificated(t)
	status, answer := s.ask("provider", "POST", "/v1/config/Addresses", `{}`)
	require.Equal(t, 201, status, answer)
	var free struct{ Object struct{ AllocationId string } }
	require.NoError(t, json.Unmarshal([]byte(answer), &free))
	for body, want := range map[string]int{
		`{SubnetId: subnet-b}`: 403,
		`{SubnetId: subnet-a, NatGatewayAddresses: [{AllocationId: ` + free.Object.AllocationId + `}]}`: 403,
		`{SubnetId: subnet-a}`: 201,
	} {
		status, answer := s.ask("alice", "POST", "/v1/config/NatGateways", body)
		require.Equal(t, want, status, answer)
		if status == 201 {
			require.Contains(t, answer, `"PublicIp": "52.9.0.`)
		}
	}
	_, config := s.ask("alice", "GET", "/v1/config", "")
	require.Contains(t, config, `"InterfaceType": "nat_gateway"`)
	require.Contains(t, config, `"AllocationId": "eipalloc-`)
	require.NotContains(t, config, free.Object.AllocationId)
}

// What others have is not to be found out by creating: what is theirs and what is not there have the
// same answer.
func TestAnOwnerFindsOutNothingByCreating(t *testing.T) {
	s := newCertificated(t)
	allocation := func(body string) string {
		status, answer := s.ask("provider", "POST", "/v1/config/Addresses", body)
		require.Equal(t, 201, status, answer)
		var made struct{ Object struct{ AllocationId string } }
		require.NoError(t, json.Unmarshal([]byte(answer), &made))
		return made.Object.AllocationId
	}
	free, another := allocation(`{}`), allocation(`{NetworkInterfaceId: eni-b, PublicIp: 52.9.0.2}`)
	for _, c := range []struct {
		kind, draft, absent string
		others              []string // which somebody else has
	}{
		{"Addresses", `{NetworkInterfaceId: eni-a, PublicIp: %s}`, "52.9.0.3", []string{"52.9.0.2"}},
		{"Addresses", `{NetworkInterfaceId: %s}`, "eni-c", []string{"eni-b"}},
		{"Addresses", `{InstanceId: %s}`, "i-c", []string{"i-b"}},
		{"NetworkInterfaces", `{SubnetId: %s}`, "subnet-c", []string{"subnet-b"}}, // without a default group
		{"NetworkInterfaces", `{SubnetId: %s, Groups: [{GroupId: sg-b}]}`, "subnet-c", []string{"subnet-b"}},
		{"NatGateways", `{SubnetId: %s}`, "subnet-c", []string{"subnet-b"}},
		{"NatGateways", `{SubnetId: subnet-a, NatGatewayAddresses: [{NetworkInterfaceId: %s}]}`, "eni-c", []string{"eni-b"}},
		{"NatGateways", `{SubnetId: subnet-a, NatGatewayAddresses: [{AllocationId: %s}]}`, "eipalloc-c", []string{free, another, "eni-b", "i-b"}},
		{"SecurityGroups", `{GroupName: x, VpcId: %s}`, "vpc-c", []string{"vpc-b"}},
		{"Subnets", `{CidrBlock: 10.0.1.0/24, VpcId: %s}`, "vpc-c", []string{"vpc-b"}},
	} {
		ask := func(id string) string {
			status, answer := s.ask("alice", "POST", "/v1/config/"+c.kind, fmt.Sprintf(c.draft, id))
			require.Equal(t, 403, status, "%s %s: %s", c.kind, id, answer)
			return strings.ReplaceAll(answer, id, "ID")
		}
		for _, other := range c.others {
			require.Equal(t, ask(c.absent), ask(other), "%s %s", c.kind, c.draft)
		}
	}
}

// A body has its room until its change is made.
func TestABodyKeepsItsRoom(t *testing.T) {
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/v1/config/SecurityGroups", `{GroupName: x, VpcId: vpc-a}`},
		{"PUT", "/v1/config/SecurityGroups/sg-a", `{GroupId: sg-a, GroupName: a, VpcId: vpc-a}`},
		{"PUT", "/v1/config/Placement", `{}`},
	} {
		s := &server{bodies: newRoom(maxBody, mostOfOwner), log: slog.New(slog.DiscardHandler)}
		target := &roomy{Target: &cardTarget{card: newCard(t)}, room: s.bodies.others}
		s.target = target
		mux := http.NewServeMux()
		mux.HandleFunc("POST /v1/config/{kind}", s.create)
		mux.HandleFunc("PUT /v1/config/Placement", s.place)
		mux.HandleFunc("PUT /v1/config/{kind}/{id}", s.put)
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		mux.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithValue(t.Context(), callerKey{}, &caller{role: provider})))
		require.Equal(t, []bool{false}, target.empty, c.path)
		require.True(t, s.bodies.others.TryAcquire(maxBody), "the room is left")
	}
}

// roomy is a target that notes of each edit whether no body had room meanwhile.
type roomy struct {
	Target
	room  *semaphore.Weighted
	empty []bool
}

func (t *roomy) Edit(context.Context, func(*vpc.Region) ([]vpc.Edit, error)) (nic.Change, error) {
	t.empty = append(t.empty, t.room.TryAcquire(maxBody))
	return nic.Change{}, nil
}

// What is noticed in other VPCs is not told to the owner of one.
func TestAnOwnerIsToldNoNotices(t *testing.T) {
	s := newCertificated(t)
	put := func(who string) string {
		status, answer := s.ask(who, "PUT", "/v1/config/RouteTables/rtb-b", `{RouteTableId: rtb-b, VpcId: vpc-b, Routes: [{DestinationCidrBlock: 192.168.0.0/16, GatewayId: vgw-b}, {DestinationCidrBlock: 192.169.0.0/16, TransitGatewayId: tgw-b}]}`)
		require.Equal(t, 200, status, answer)
		return answer
	}
	require.Contains(t, put("provider"), "rtb-b")
	status, answer := s.ask("alice", "PUT", "/v1/config/SecurityGroups/sg-a", `{GroupId: sg-a, GroupName: a2, VpcId: vpc-a}`)
	require.Equal(t, 200, status, answer)
	require.NotContains(t, answer, "tgw-b")
	require.NotContains(t, answer, "rtb-b")
}

// The owner of a VPC sees the VPC, and nothing of others.
func TestAnOwnerSeesTheOwnVPC(t *testing.T) {
	s := newCertificated(t)
	for who, want := range map[string][]string{"alice": {"vpc-a", "subnet-a", "sg-a", "eni-a"}, "nothing": nil} {
		_, answer := s.ask(who, "GET", "/v1/config", "")
		var config map[string][]map[string]any
		require.NoError(t, json.Unmarshal([]byte(answer), &config), answer)
		var ids []string
		for _, list := range []string{"Vpcs", "Subnets", "SecurityGroups", "NetworkInterfaces"} {
			for _, o := range config[list] {
				for _, key := range []string{"NetworkInterfaceId", "GroupId", "SubnetId", "VpcId"} {
					if id, is := o[key].(string); is {
						ids = append(ids, id)
						break
					}
				}
			}
		}
		require.Equal(t, want, ids, who)
	}
}
