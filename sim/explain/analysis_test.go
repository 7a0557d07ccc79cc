package explain

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
)

// bySDK is an analysis as AWS's SDK reads it: each member but those of ours is one of AWS's.
func bySDK(t *testing.T, a *Analysis) (read types.NetworkInsightsAnalysis) {
	data, err := json.Marshal(a)
	require.NoError(t, err)
	var tree any
	require.NoError(t, json.Unmarshal(data, &tree))
	data, err = json.Marshal(withoutOurs(tree))
	require.NoError(t, err)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&read), "%s", data)
	return read
}

// withoutOurs is a JSON value without the members that are ours.
func withoutOurs(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, of := range v {
			if strings.HasPrefix(k, ours) {
				delete(v, k)
			} else {
				v[k] = withoutOurs(of)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutOurs(v[i])
		}
	}
	return v
}

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func TestTheSDKReadsAReachablePath(t *testing.T) {
	n := theLab(t)
	p, err := n.Explain(question("eni-a3", "", syn("10.0.2.5", "203.0.113.9", 443)))
	require.NoError(t, err)
	a := bySDK(t, n.Analysis(p, nil, noon))
	require.True(t, *a.NetworkPathFound)
	require.Equal(t, types.AnalysisStatusSucceeded, a.Status)
	require.Equal(t, noon, *a.StartDate)
	require.Empty(t, a.Explanations)

	there := a.ForwardPathComponents
	require.Equal(t, "eni-a3", *there[0].Component.Id)
	require.Equal(t, "10.0.2.5/32", there[0].OutboundHeader.SourceAddresses[0])
	require.Equal(t, "0.0.0.0/0", *there[1].SecurityGroupRule.Cidr)
	require.Equal(t, "egress", *there[1].SecurityGroupRule.Direction)
	require.EqualValues(t, 100, *there[2].AclRule.RuleNumber)
	require.True(t, *there[2].AclRule.Egress)
	require.Equal(t, "nat-a", *there[3].RouteTableRoute.NatGatewayId)
	last := there[len(there)-1]
	require.Equal(t, "igw-a", *last.Component.Id)
	require.Equal(t, "10.0.1.8/32", last.InboundHeader.SourceAddresses[0])
	require.Equal(t, "35.72.2.9/32", last.OutboundHeader.SourceAddresses[0])
	require.EqualValues(t, 443, *last.OutboundHeader.DestinationPortRanges[0].From)
	require.Equal(t, "eni-a3", *a.ReturnPathComponents[len(a.ReturnPathComponents)-1].Component.Id)
}

func TestTheSDKReadsWhyAPathIsNotReachable(t *testing.T) {
	n := theLab(t)
	for _, c := range []struct {
		q    Question
		code string
	}{
		{question("", "eni-a1", syn("203.0.113.9", "35.72.2.8", 22)), "ENI_SG_RULES_MISMATCH"},
		{question("", "eni-a1", syn("203.0.113.9", "35.72.2.77", 80)), "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"},
		{question("eni-a1", "", syn("10.0.1.5", "192.168.7.7", 80)), "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS"},
		{question("eni-a1", "", syn("10.0.1.5", "203.0.113.9", 25)), "nitrocard-port_25_blocked"},
		{question("eni-a1", "eni-d1", syn("10.0.1.5", "10.16.1.5", 80)), "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"},
		{question("eni-a2", "", syn("10.0.1.6", "203.0.113.9", 443)), "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"},
		{question("eni-a1", "eni-a3", syn("10.0.1.99", "10.0.2.5", 80)), "ENI_SOURCE_DEST_CHECK_RESTRICTION"},
	} {
		p, err := n.Explain(c.q)
		require.NoError(t, err)
		a := bySDK(t, n.Analysis(p, nil, noon))
		require.False(t, *a.NetworkPathFound, c.code)
		require.Len(t, a.Explanations, 1, c.code)
		require.Equal(t, c.code, *a.Explanations[0].ExplanationCode)
		require.Equal(t, a.Explanations, a.ForwardPathComponents[len(a.ForwardPathComponents)-1].Explanations)
	}
}

// A configuration's names are as its owner likes. They pass as they are here; printing them is made
// safe where they are printed.
func TestNamesAreThoseOfTheConfiguration(t *testing.T) {
	cfg, err := vpc.Load("../lab/region.yaml")
	require.NoError(t, err)
	for i := range cfg.SecurityGroups {
		cfg.SecurityGroups[i].GroupName = "evil\x1b[2J\nname"
	}
	n, err := New(cfg)
	require.NoError(t, err)
	defer n.Close()
	p, err := n.Explain(question("", "eni-a1", syn("203.0.113.9", "35.72.2.8", 80)))
	require.NoError(t, err)
	require.Equal(t, "evil\x1b[2J\nname", n.Components(p.Forward)[2].Name)
}
