package vpc

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// account is how large a folder of answers is.
type account struct{ enis, addresses, groups, tables int }

// largest is about 90 MB of JSON, indented as the AWS CLI does.
var largest = account{enis: 20_000, addresses: 15, groups: 2_000, tables: 200}

const perSubnet = 256 // ENIs

func (a account) subnets() int { return (a.enis + perSubnet - 1) / perSubnet }

// write lays what describe-* would answer for the account into a folder: /20 subnets
// of one VPC, an ENI in three groups.
func (a account) write(folder string) error {
	lists := map[string]func(w *bufio.Writer){
		"Vpcs":             func(w *bufio.Writer) { every(w, 1, a.vpc) },
		"Subnets":          func(w *bufio.Writer) { every(w, a.subnets(), a.subnet) },
		"InternetGateways": func(w *bufio.Writer) { every(w, 1, a.gateway) },
		"NetworkAcls":      func(w *bufio.Writer) { every(w, 1, a.acl) },
		"RouteTables":      func(w *bufio.Writer) { every(w, a.tables, a.table) },
		"SecurityGroups":   func(w *bufio.Writer) { every(w, a.groups, a.group) },
		"NetworkInterfaces": func(w *bufio.Writer) {
			every(w, a.enis, func(w *bufio.Writer, i int) { a.eni(w, i, i/perSubnet, i%perSubnet) })
		},
	}
	for list, write := range lists {
		f, err := os.Create(filepath.Join(folder, list+".json"))
		if err != nil {
			return err
		}
		w := bufio.NewWriter(f)
		fmt.Fprintf(w, "{\n    %q: [\n", list)
		write(w)
		fmt.Fprint(w, "    ]\n}\n")
		if err := w.Flush(); err != nil {
			return err
		}
		f.Close()
	}
	return nil
}

func every(w *bufio.Writer, n int, one func(*bufio.Writer, int)) {
	for i := range n {
		if i > 0 {
			fmt.Fprint(w, ",\n")
		}
		one(w, i)
	}
}

func (account) vpc(w *bufio.Writer, i int) {
	fmt.Fprintf(w, `        {"VpcId": "vpc-%017x", "CidrBlock": "10.0.0.0/8", "State": "available", "OwnerId": "111122223333",
            "CidrBlockAssociationSet": [{"AssociationId": "x", "CidrBlock": "10.0.0.0/12", "CidrBlockState": {"State": "associated"}}]}`, i)
}

func (account) subnet(w *bufio.Writer, i int) {
	fmt.Fprintf(w, `        {"SubnetId": "subnet-%017x", "VpcId": "vpc-%017x", "CidrBlock": "10.%d.%d.0/20", "State": "available"}`, i, 0, i/16, i%16*16)
}

func (account) gateway(w *bufio.Writer, i int) {
	fmt.Fprintf(w, `        {"InternetGatewayId": "igw-%017x", "Attachments": [{"VpcId": "vpc-%017x", "State": "available"}], "OwnerId": "111122223333"}`, i, 0)
}

func (a account) acl(w *bufio.Writer, i int) {
	var subnets []string
	for s := range a.subnets() {
		subnets = append(subnets, fmt.Sprintf(`{"SubnetId": "subnet-%017x"}`, s))
	}
	fmt.Fprintf(w, `        {"NetworkAclId": "acl-%017x", "VpcId": "vpc-%017x", "IsDefault": true, "Associations": [%s], "Entries": [
            {"CidrBlock": "0.0.0.0/0", "Egress": true, "Protocol": "-1", "RuleAction": "allow", "RuleNumber": 100},
            {"CidrBlock": "0.0.0.0/0", "Egress": false, "Protocol": "-1", "RuleAction": "allow", "RuleNumber": 100}]}`, i, 0, strings.Join(subnets, ", "))
}

func (account) table(w *bufio.Writer, i int) {
	main := ""
	if i == 0 {
		main = `{"Main": true}`
	}
	fmt.Fprintf(w, `        {"RouteTableId": "rtb-%017x", "VpcId": "vpc-%017x", "OwnerId": "111122223333", "Associations": [%s], "Routes": [
            {"DestinationCidrBlock": "10.0.0.0/8", "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"}`, i, 0, main)
	for r := range 50 {
		fmt.Fprintf(w, `,
            {"DestinationCidrBlock": "%d.0.0.0/8", "GatewayId": "igw-%017x", "Origin": "CreateRoute", "State": "active"}`, 20+r, 0)
	}
	fmt.Fprint(w, "]}")
}

func (a account) group(w *bufio.Writer, i int) {
	fmt.Fprintf(w, `        {"GroupId": "sg-%017x", "GroupName": "group %d", "Description": "of many", "VpcId": "vpc-%017x", "OwnerId": "111122223333",
            "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}],
            "IpPermissions": [`, i, i, 0)
	every(w, 10, func(w *bufio.Writer, r int) {
		fmt.Fprintf(w, `
                {"IpProtocol": "tcp", "FromPort": %d, "ToPort": %d, "IpRanges": [{"CidrIp": "%d.%d.0.0/16", "Description": "a rule"}],
                    "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": [{"GroupId": "sg-%017x", "UserId": "111122223333"}]}`,
			1000+r, 1000+r, 100+r, i%256, (i+r)%a.groups)
	})
	fmt.Fprint(w, "]}")
}

func (a account) eni(w *bufio.Writer, i, subnet, at int) {
	fmt.Fprintf(w, `        {
            "NetworkInterfaceId": "eni-%017x",
            "VpcId": "vpc-%017x",
            "SubnetId": "subnet-%017x",
            "AvailabilityZone": "eu-west-1a",
            "MacAddress": "02:00:00:%02x:%02x:%02x",
            "Status": "in-use",
            "InterfaceType": "interface",
            "OwnerId": "111122223333",
            "RequesterManaged": false,
            "SourceDestCheck": true,
            "Attachment": {
                "AttachmentId": "eni-attach-%017x",
                "AttachTime": "2026-01-01T00:00:00+00:00",
                "InstanceId": "i-%017x",
                "DeviceIndex": 0,
                "Status": "attached"
            },
            "Ipv6Addresses": [],
            "TagSet": [{"Key": "Name", "Value": "eni %d"}],
            "Groups": [`, i, 0, subnet, i>>16, i>>8&255, i&255, i, i, i)
	every(w, 3, func(w *bufio.Writer, g int) {
		fmt.Fprintf(w, `{"GroupId": "sg-%017x", "GroupName": "group"}`, (i*3+g)%a.groups)
	})
	fmt.Fprint(w, `],
            "PrivateIpAddresses": [
`)
	every(w, a.addresses, func(w *bufio.Writer, n int) {
		host := 16 + at*a.addresses + n
		address := fmt.Sprintf("10.%d.%d.%d", subnet/16, subnet%16*16+host>>8, host&255)
		fmt.Fprintf(w, `                {
                    "Primary": %v,
                    "PrivateDnsName": "ip-10-0-0-0.eu-west-1.compute.internal",
                    "PrivateIpAddress": %q
                }`, n == 0, address)
	})
	fmt.Fprint(w, "\n            ]\n        }")
}

// BenchmarkLoad is a large account: seconds and bytes that reading takes.
func BenchmarkLoad(b *testing.B) {
	folder := b.TempDir()
	require.NoError(b, largest.write(folder))
	b.ReportAllocs()
	for b.Loop() {
		c, err := Load(folder)
		require.NoError(b, err)
		require.Len(b, c.NetworkInterfaces, largest.enis)
	}
}

// A small account of the same form is good, so that the benchmark's is.
func TestAccount(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, account{enis: 300, addresses: 15, groups: 10, tables: 2}.write(folder))
	c, err := Load(folder)
	require.NoError(t, err)
	p := compiled(t, c, CompileOptions{})
	require.Empty(t, p.Notices())
	require.Len(t, p.ENIs, 300)
	if to := os.Getenv("NITROCARD_ACCOUNT"); to != "" {
		require.NoError(t, largest.write(to))
	}
}
