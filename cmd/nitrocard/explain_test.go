package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// aRegion is the lab's region in a file, with replacements, old and new in turn.
func aRegion(t *testing.T, changes ...string) string {
	text, err := os.ReadFile("../../sim/lab/region.yaml")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "region.yaml")
	require.NoError(t, os.WriteFile(path, []byte(strings.NewReplacer(changes...).Replace(string(text))), 0o600))
	return path
}

// explains is what a command prints that succeeds.
func explains(t *testing.T, args ...string) string {
	var out, problems strings.Builder
	require.Equal(t, 0, execute(t.Context(), args, &out, &problems), problems.String())
	return out.String()
}

func TestExplainSaysWhatWouldLetAPacketThrough(t *testing.T) {
	out := explains(t, "explain", aRegion(t), "--from", "internet", "--to", "i-a1", "--port", "22")
	require.Equal(t, `tcp 203.0.113.9:49152 > 35.72.2.8:22: denied

THERE  COMPONENT                     FINDS                              PACKET
1      internet gateway igw-a        -                                  203.0.113.9:49152 > 10.0.1.5:22
2      network ACL acl-a             inbound entry 100                  -
3      security groups sg-web (web)  inbound no rule allows it: DENIED  -

security_group_in: no inbound rule of the ENI's security groups allows it (ENI_SG_RULES_MISMATCH)

to let it through:
  1. add to security group sg-web the inbound rule: tcp 22 from 0.0.0.0/0
`, out)
}

func TestExplainTellsOfTheCardsServices(t *testing.T) {
	out := explains(t, "explain", aRegion(t), "--from", "eni-a1", "--to", "10.0.0.2", "--protocol", "udp", "--port", "53")
	require.Contains(t, out, "10.0.0.2:53: allowed\n")
	require.Contains(t, out, "2      service of the card ")
	require.NotContains(t, out, "security groups sg-web")
	out = explains(t, "explain", aRegion(t), "--from", "internet", "--to", "eni-a1", "--port", "80")
	require.NotContains(t, out, "service of the card")
}

func TestExplainClaimsNoMoreThanItKnows(t *testing.T) {
	out := explains(t, "explain", "../../sim/explain/testdata/transit.yaml", "--from", "eni-a", "--to", "eni-b", "--port", "80")
	require.Contains(t, out, "10.1.1.5:80: unknown\n")
	require.True(t, strings.HasSuffix(out, "\nit leaves by tgw-1, and what is behind is not in the configuration\n"), out)
	out = explains(t, "explain", aRegion(t), "--from", "eni-a1", "--to", "eni-d1", "--port", "80")
	require.True(t, strings.HasSuffix(out, "\nnone of the changes that explain tries lets it through\n"), out)
}

func TestExplainTellsTheWayBack(t *testing.T) {
	out := explains(t, "explain", aRegion(t), "--from", "eni-a3", "--to", "eni-c1", "--port", "80")
	require.Contains(t, out, "10.0.2.5:49152 > 10.8.1.5:80: allowed")
	require.Contains(t, out, "peering connection pcx-ac")
	require.Contains(t, out, "inbound known connection: all to 0.0.0.0/0")
	require.Contains(t, out, "the packet arrives, and so does the answer")
}

// What strangers named reaches no terminal as it is, and no line begins in a name.
func TestExplainPrintsNoControls(t *testing.T) {
	region := aRegion(t, "GroupName: web", `GroupName: "evil\x1b[2J\nBACK"`)
	out := explains(t, "explain", region, "--from", "internet", "--to", "i-a1", "--port", "80")
	require.NotContains(t, out, "\x1b")
	require.NotContains(t, out, "\nBACK)")
	out = explains(t, "explain", region, "--from", "internet", "--to", "i-a1", "--port", "80", "--output", "json")
	require.NotContains(t, out, "\x1b")
	var analysis struct{ NetworkPathFound bool }
	require.NoError(t, json.Unmarshal([]byte(out), &analysis))
	require.True(t, analysis.NetworkPathFound)
}
