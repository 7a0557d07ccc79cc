package ctl

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

func TestReads(t *testing.T) {
	s, ctx := serve(t), t.Context()
	enis, err := s.ENIs(ctx)
	require.NoError(t, err)
	require.Len(t, enis, 2)
	eni, err := s.ENI(ctx, "eni-a1")
	require.NoError(t, err)
	require.Equal(t, enis[0], eni)
	require.Equal(t, []string{"10.0.1.5"}, eni.Addresses)
	require.Equal(t, "mem:a1", eni.Port)

	groups, err := s.SecurityGroups(ctx)
	require.NoError(t, err)
	require.Len(t, groups, 1)
	web, err := s.SecurityGroup(ctx, "sg-web")
	require.NoError(t, err)
	require.Equal(t, groups[0], web)
	require.Equal(t, s.card.Config().SecurityGroups[0], web)

	acls, err := s.NetworkACLs(ctx)
	require.NoError(t, err)
	require.Equal(t, s.card.Config().NetworkAcls, acls)
	acl, err := s.NetworkACL(ctx, "acl-a")
	require.NoError(t, err)
	require.Equal(t, acls[0], acl)
	_, err = s.NetworkACL(ctx, "acl-b")
	require.EqualError(t, err, `this card has no network ACL "acl-b"`)

	ports, err := s.Ports(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"uplink", "eni-a1", "eni-a2"}, []string{ports[0].Name, ports[1].Name, ports[2].Name})
	port, err := s.Port(ctx, "eni-a1")
	require.NoError(t, err)
	require.Equal(t, "up", port.Link)

	cfg, err := s.Config(ctx)
	require.NoError(t, err)
	want, err := json.Marshal(s.card.Config())
	require.NoError(t, err)
	got, err := json.Marshal(cfg)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(got))
}

func TestFlowsAndDrops(t *testing.T) {
	s, ctx := serve(t), t.Context()
	router, err := s.ENI(ctx, "eni-a1")
	require.NoError(t, err)
	a1 := router.MAC
	for i := range 3 {
		syn := wiretest.TCP(fmt.Sprintf("10.0.1.5:%d", 40000+i), "10.0.1.6:80").Flags(wire.TCPSyn).MACs(a1, router.RouterMAC)
		require.True(t, s.guest.Inject(syn.Bytes()))
	}
	require.True(t, s.guest.Inject(wiretest.TCP("10.9.9.9:1", "10.0.1.6:80").MACs(a1, router.RouterMAC).Bytes()))
	s.card.Poll(time.Now().UnixNano())

	flows, err := s.Flows(ctx, nic.FlowFilter{})
	require.NoError(t, err)
	require.NotEmpty(t, flows)
	rest, err := s.Flows(ctx, nic.FlowFilter{After: flows[0].At})
	require.NoError(t, err)
	require.Len(t, rest, len(flows)-1)
	few, err := s.Flows(ctx, nic.FlowFilter{ENI: "eni-a1", Limit: 2})
	require.NoError(t, err)
	require.Len(t, few, 2)
	for _, f := range few {
		require.Equal(t, "eni-a1", f.ENI)
	}
	drops, err := s.Drops(ctx)
	require.NoError(t, err)
	reasons := map[string]uint64{}
	for _, d := range drops.Reasons {
		reasons[d.Reason] = d.ENIs["eni-a1"]
	}
	require.EqualValues(t, 1, reasons["spoofed_address"])
	require.NotEmpty(t, drops.Last)
}

func TestNothingIsAListAndNotNull(t *testing.T) {
	s := serve(t)
	for _, path := range []string{"/v1/flows", "/v1/flows?eni=eni-a2"} {
		status, body := s.curl("GET", path, "")
		require.Equal(t, 200, status)
		require.Equal(t, "[]\n", body)
	}
	status, body := s.curl("PUT", "/v1/config", "Vpcs: []")
	require.Equal(t, 200, status, body)
	_, body = s.curl("GET", "/v1/enis", "")
	require.Equal(t, "[]\n", body)
	_, body = s.curl("GET", "/v1/security-groups", "")
	require.Equal(t, "[]\n", body)
}

// Names that a server would take for a way through folders are names.
func TestNamesOfDots(t *testing.T) {
	s, ctx := serve(t), t.Context()
	for _, name := range []string{".", "..", "../ports", "eni-a1/..", "a b?c#d%"} {
		_, err := s.Port(ctx, name)
		require.EqualError(t, err, fmt.Sprintf("this card has no port %q", name))
	}
}

// What curl shows on a terminal commands it nothing, and means the same.
func TestAnswersHoldNoControls(t *testing.T) {
	s := serve(t)
	const hostile = "A\u009b31m\u007f\u202eB\U000e0041"
	group := strings.Replace(shop, `"GroupName": "shop"`, `"GroupName": "`+hostile+`"`, 1)
	status, body := s.curl("PUT", "/v1/config/SecurityGroups/sg-shop", group)
	require.Equal(t, 200, status, body)
	status, body = s.curl("GET", "/v1/security-groups/sg-shop", "")
	require.Equal(t, 200, status)
	require.Contains(t, body, `"A\u009b31m\u007f\u202eB\udb40\udc41"`)
	got, err := s.SecurityGroup(t.Context(), "sg-shop")
	require.NoError(t, err)
	require.Equal(t, hostile, got.GroupName)
	_, body = s.curl("GET", "/v1/enis/%C2%9B31m", "")
	require.NotContains(t, body, "\u009b")
}
