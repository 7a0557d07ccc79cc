package vpc

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Mistakes of reading and of meaning come in one round, and nothing that only
// follows from what could not be read.
func TestOneRound(t *testing.T) {
	const (
		upside  = `SecurityGroups: [{GroupId: sg-1, VpcId: vpc-1, IpPermissions: [{IpProtocol: tcp, FromPort: 9, ToPort: 5}]}]`
		upsideE = "SecurityGroups[0] sg-1: IpPermissions[0]: FromPort 9 is above ToPort 5"
		vpc     = "Vpcs: [{VpcId: vpc-1, CidrBlock: 10.0.0.0/16}]"
		vpcTypo = "Vpcs: [{VpcId: vpc-1, CidrBlok: 10.0.0.0/16}]"
		vpcE    = `Vpcs[0] vpc-1: there is no field "CidrBlok"; the nearest name is "CidrBlock"`
		subnet  = "Subnets: [{SubnetId: s1, VpcId: vpc-1, CidrBlock: 10.0.1.0/24}]"
		enis    = `NetworkInterfaces: [{NetworkInterfaceId: e1, SubnetId: s1, MacAddress: "02:00:00:00:00:01", PrivateIpAddress: 10.0.1.5, Attachment: {InstanceId: i-1}},` +
			`{NetworkInterfaceId: e2, SubnetId: s1, MacAddress: "02:00:00:00:00:02", PrivateIpAddress: 10.0.1.5, Groups: [{GroupId: sg-9}]}]`
		twiceE    = "NetworkInterfaces[1] e2: PrivateIpAddress 10.0.1.5 is that of e1 in vpc-1"
		danglingE = `NetworkInterfaces[1] e2: Groups[0] sg-9: there is no "sg-9" in SecurityGroups`
	)
	for what, m := range map[string]struct{ texts, want []string }{
		"a name and ports":         {[]string{vpcTypo, upside}, []string{vpcE, upsideE}},
		"ports in the same group":  {[]string{vpc, upside[:len(upside)-3] + ", {IpProtocol: 7.5}]}]"}, []string{"SecurityGroups[0] sg-1: IpPermissions[1]: IpProtocol: a string is expected, not 7.5", upsideE}},
		"an address twice":         {[]string{vpcTypo, subnet, enis, "SecurityGroups: []"}, []string{vpcE, danglingE, twiceE}},
		"a list that is not known": {[]string{vpc, subnet, enis, "SecurtyGroups: []"}, []string{`there is no field "SecurtyGroups"; the nearest name is "SecurityGroups"`, twiceE}},
		"a broken subnet":          {[]string{vpc, "Subnets: [{SubnetId: s1, VpcId: vpc-1, CidrBlock: 10}]", enis}, []string{"Subnets[0] s1: CidrBlock: 10 is no CIDR such as 10.0.0.0/16", danglingE, twiceE}},
		"an ENI without its name": {[]string{vpc, subnet, `NetworkInterfaces: [{NetworkInterfaceID: e1, SubnetId: s1, MacAddress: "02:00:00:00:00:01", PrivateIpAddress: 10.0.1.5}]`,
			"Addresses: [{PublicIp: 1.2.3.4, NetworkInterfaceId: e1}, {PublicIp: 1.2.3.5, InstanceId: i-1}]", "Placement: {Ports: {e1: tap:x}, Allowances: {i-1: {Connections: 5}}, Vnis: {vpc-9: 5}}"},
			[]string{`NetworkInterfaces[0]: there is no field "NetworkInterfaceID"; the nearest name is "NetworkInterfaceId"`, `Placement: Vnis: there is no "vpc-9" in Vpcs`}},
		"no VPC for what hangs on it": {[]string{"Vpcs: [{VpcID: vpc-1, CidrBlock: 10.0.0.0/16}]", subnet, enis, "Addresses: [{PublicIp: 1.2.3.5, InstanceId: i-1}]"},
			[]string{`Vpcs[0]: there is no field "VpcID"; the nearest name is "VpcId"`}},
		"a subnet outside, a VPC's further block unread": {[]string{"Vpcs: [{VpcId: vpc-1, CidrBlock: 10.1.0.0/16, CidrBlockAssociationSet: [{CidrBlock: 10}]}]", subnet},
			[]string{"Vpcs[0] vpc-1: CidrBlockAssociationSet[0]: CidrBlock: 10 is no CIDR such as 10.0.0.0/16"}},
		"Placement": {[]string{vpc, "Subnets: [{SubnetId: s1, VpcId: vpc-9, CidrBlock: 10.0.1.0/24}]", "Placement: {Cards: [{Nam: x, Vtep: 172.16.0.1/24}]}"},
			[]string{`Placement: Cards[0]: there is no field "Nam"; the nearest name is "Name"`, `Subnets[0] s1: VpcId: there is no "vpc-9" in Vpcs`}},
	} {
		_, err := Parse("x.yaml", []byte(strings.Join(m.texts, "\n")))
		require.Error(t, err, what)
		require.Equal(t, m.want, strings.Split(strings.ReplaceAll(err.Error(), "x.yaml: ", ""), "\n"), what)
	}
}

// A file that breaks off keeps no mistake of the others back, and what it lacks
// is not missed.
func TestOneRoundOfFiles(t *testing.T) {
	folder := laid(t, map[string]string{
		"a.json": aNet[:len(aNet)-2] + `, {"VpcId": "vpc-0b", "CidrBlock": "10.`,
		"b.yaml": "Subnets: [{SubnetId: a, VpcId: vpc-0a, CidrBlock: 10.9.1.0/24}, {SubnetId: b, VpcId: vpc-0b, CidrBlock: 10.0.1.0/24}]",
	})
	_, err := Load(folder)
	require.Equal(t, "a.json: the JSON ends before it is complete\nb.yaml: Subnets[0] a: CidrBlock 10.9.1.0/24 is outside of vpc-0a, which has [10.0.0.0/16]",
		strings.ReplaceAll(err.Error(), folder+"/", ""))
}
