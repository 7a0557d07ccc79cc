package vpc

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	wrapVpc    = `{"VpcId": "vpc-0123456789abcdef0", "CidrBlock": "10.0.0.0/16", "OwnerId": "1", "State": "available"}`
	wrapSubnet = `{"SubnetId": "subnet-0123456789abcdef0", "VpcId": "vpc-0123456789abcdef0", "CidrBlock": "10.0.1.0/24", "State": "available"}`
	wrapNet    = `{"Vpcs": [` + wrapVpc + `], "Subnets": [` + wrapSubnet + `]}`
)

// Whatever collectors lay around answers, they are found, and the names around
// them are no obstacle.
func TestWrapped(t *testing.T) {
	for text, named := range map[string]string{
		`{"us-east-1": ` + wrapNet + `}`:                                                                                     "",
		`{"111122223333": {"us-east-1": {"ec2": {"vpcs": ` + wrapNet + `}}}}`:                                                "",
		`{"status_code": 200, "data": {"Subnets": [` + wrapSubnet + `], "Vpcs": [` + wrapVpc + `], "ResponseMetadata": {}}}`: "status_code",
		`{"collector": "9", "vpcs": [` + wrapVpc + `], "subnets": [` + wrapSubnet + `], "made_by": "x"}`:                     "collector made_by",
		`{"vpcs": [` + strings.ReplaceAll(wrapVpc, "0123456789abcdef0", "A") + `], "subnets": [` +
			strings.ReplaceAll(wrapSubnet, "0123456789abcdef0", "A") + `]}`: "",
		`{"pages": [{"Vpcs": [` + wrapVpc + `], "NextToken": "x"}, {"Vpcs": []}, {"Subnets": [` + wrapSubnet + `]}]}`: "",
		`{"map": {"vpcs": [{"id": "x"}], "net": ` + wrapNet + `, "subnets": []}}`:                                     "",
		`{"map": {"vpcs": [{"id": "x"}], "some": [` + wrapVpc + `, ` + wrapSubnet + `], "subnets": []}}`:              "vpcs subnets",
		`{"vpc": ` + wrapVpc + `, "subnet": ` + wrapSubnet + `}`:                                                      "",
		`{"Vpcs": [` + wrapVpc + `], "net": {"Subnets": [` + wrapSubnet + `]}, "NextToken": null}`:                    "",
		`{"a": {"Vpcs": [` + wrapVpc + `]}, "b": {"Vpcs": [` + wrapVpc + `], "Subnets": [` + wrapSubnet + `]}}`:       "",
	} {
		c, err := Parse("x.json", []byte(text))
		require.NoError(t, err, text)
		require.Equal(t, []Count{{"Vpcs", 1}, {"Subnets", 1}}, c.Counts(), text)
		require.True(t, c.place("Vpcs", 0).Answer && c.place("Subnets", 0).Answer, text)
		var got []string
		for _, n := range c.Notices {
			require.Equal(t, MemberPassedOver, n.Kind, text)
			got = append(got, n.What)
		}
		require.Equal(t, named, strings.Join(got, " "), text)
	}
}

// An empty list inside is there, and empty.
func TestWrappedEmptyList(t *testing.T) {
	for text, there := range map[string]bool{
		`{"data": {"NetworkAcls": [], "ResponseMetadata": {}}}`:              true,
		`{"data": {"NetworkAcls": null, "Vpcs": [` + wrapVpc + `]}}`:         true,
		`{"data": {"NetworkAcls": [], "Name": "x"}, "v": [` + wrapVpc + `]}`: false,
	} {
		c, err := Parse("x.json", []byte(text))
		require.NoError(t, err, text)
		require.Equal(t, there, c.NetworkAcls != nil, text)
	}
}

// What other services print under EC2's names, inside objects of theirs, is theirs.
func TestWrappedOfOthers(t *testing.T) {
	for _, text := range []string{
		`{"LoadBalancers": [{"VpcId": "vpc-0a", "SecurityGroups": ["sg-0a"], "AvailabilityZones": [{"SubnetId": "subnet-0a", "ZoneName": "x"}]}]}`,
		`{"DBInstances": [{"DBSubnetGroup": {"VpcId": "vpc-0a", "Subnets": [{"SubnetIdentifier": "subnet-0a"}]}, "VpcSecurityGroups": [{"Status": "active"}]}]}`,
		`{"Elbs": [{"Instances": [], "SecurityGroups": [], "Subnets": ["subnet-0a"], "Placement": {"x": 1}}]}`,
		`{"x": {"Vpcs": [{"VpcId": "vpc-mine", "CidrBlock": 7}]}}`,
		`{"a": {"b": {"c": {"d": {"e": {"f": {"g": ` + wrapNet + `}}}}}}}`,
		`[{"LoadBalancerArn": "x", "VpcId": "vpc-0a", "SecurityGroups": ["sg-0a"]}]`,
		`[{"Id": "i-0a", "SecurityGroups": [{"GroupId": "sg-0a", "GroupName": "x"}]}]`,
	} {
		c, err := Load(laid(t, map[string]string{"a.json": aNet, "x.json": text}))
		require.NoError(t, err, text)
		require.Equal(t, []Count{{"Vpcs", 1}}, c.Counts(), text)
		require.Len(t, c.Notices, 1, text)
		require.Equal(t, FilePassedOver, c.Notices[0].Kind, text)
	}
}

// Mistakes inside are told with their place, and what people write stays held to
// every letter.
func TestWrappedMistakes(t *testing.T) {
	for _, m := range []struct{ file, text, want string }{
		{"x.json", `{"eu": {"Vpcs": [` + wrapVpc + `, {"VpcId": "vpc-0123456789abcdef1", "CidrBlock": 7}]}}`,
			`x.json (eu): Vpcs[1] vpc-0123456789abcdef1: CidrBlock: 7 is no CIDR such as 10.0.0.0/16`},
		{"x.json", `{"vpcs": [{"VpcId": "vpc-0123456789abcdef1", "CidrBlock": 7}]}`,
			`x.json: vpcs[0] vpc-0123456789abcdef1: CidrBlock: 7 is no CIDR such as 10.0.0.0/16`},
		{"x.json", `{"SecurtyGroups": [{"GroupId": "sg-web", "IpPermissions": []}]}`, `x.json: there is no field "SecurtyGroups"; the nearest name is "SecurityGroups"`},
		{"x.json", `{"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}], "SecurtyGroups": [{"GroupId": "sg-0a1b", "IpPermissions": []}]}`,
			`x.json: there is no field "SecurtyGroups"; the nearest name is "SecurityGroups"`},
		{"x.yaml", `SecurtyGroups: [{GroupId: sg-0123456789abcdef0, IpPermissions: []}]`, `x.yaml: there is no field "SecurtyGroups"; the nearest name is "SecurityGroups"`},
		{"x.json", `{"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}], "x": ` + wrapNet + `}`, `x.json: there is no field "x"`},
	} {
		_, err := Parse(m.file, []byte(m.text))
		require.EqualError(t, err, m.want, m.text)
	}
}

// A file with nothing of EC2, alone, says so in one line.
func TestNothingOfEC2(t *testing.T) {
	const expected = "; an object with lists such as SecurityGroups is expected, as aws ec2 describe-* prints it"
	for _, m := range []struct{ text, want string }{
		{`[{"Id": "sg-0a", "Label": "x"}, {"Id": "sg-0b", "Label": "y", "In": []}]`, "x.json: holds nothing of EC2: Id, Label, In" + expected},
		{`[{"FromPort": 1, "PrefixListIds": []}]`, "x.json: holds nothing of EC2: FromPort, PrefixListIds" + expected},
		{`{"a": 1}` + "\n" + `{"a": 2}`, "x.json: holds nothing of EC2: a" + expected},
		{`"x"`, "x.json: " + expected[2:]},
		{`[{"Subnts": []}, {"Subnts": []}]`, `x.json: there is no field "Subnts"; the nearest name is "Subnets"`},
	} {
		_, err := Parse("x.json", []byte(m.text))
		require.EqualError(t, err, m.want, m.text)
	}
}

// What print() of Python shows is named.
func TestPythonsPrint(t *testing.T) {
	const want = "is Python's print of a dictionary, and no JSON: print(json.dumps(answer, default=str)) prints JSON"
	for file, text := range map[string]string{
		"x.json": `{'Vpcs': [{'VpcId': 'vpc-0a', 'IsDefault': True}]}`, "y.json": " [ {\n'Vpcs': []}]", "x.txt": `{'Vpcs': [{'At': datetime.datetime(2019, 11, 6, tzinfo=tzutc())]}`,
	} {
		_, err := Parse(file, []byte(text))
		require.EqualError(t, err, file+": "+want)
	}
	_, err := Parse("x.yaml", []byte(`{'Vpcs': []}`))
	require.NoError(t, err)
}
