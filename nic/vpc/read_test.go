package vpc

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"nitrocard/nic/vpc/ec2"
)

// laid writes files into a folder: names with / lie in folders of it.
func laid(t *testing.T, files map[string]string) string {
	folder := t.TempDir()
	for name, text := range files {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return folder
}

func packed(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.String()
}

const (
	aVpc    = `{"VpcId": "vpc-0a", "CidrBlock": "10.0.0.0/16", "OwnerId": "1", "State": "available"}`
	aSubnet = `{"SubnetId": "subnet-0a", "VpcId": "vpc-0a", "CidrBlock": "10.0.1.0/24", "State": "available"}`
	aNet    = `{"Vpcs": [` + aVpc + `]}`
	aSub    = `{"Subnets": [` + aSubnet + `]}`
)

// However answers are laid together, they are the same VPC and subnet.
func TestContainers(t *testing.T) {
	for what, files := range map[string]map[string]string{
		"one file each":        {"a.json": aNet, "b.json": aSub},
		"upper case":           {"A.JSON": aNet, "b.Yml": aSub},
		"packed":               {"a.json.gz": packed(aNet), "b.json": packed(aSub), "c.gz": packed(aNet)},
		"documents":            {"a.json": aNet + "\n" + aSub},
		"lines":                {"a.jsonl": aNet + "\n" + aSub + "\n"},
		"objects alone":        {"a.json": aVpc + "\n" + aSubnet},
		"a list of answers":    {"a.json": "[" + aNet + ", " + aSub + "]"},
		"lists of --query":     {"a.json": "[" + aVpc + "]", "b.json": "[" + aSubnet + "]"},
		"lists in lists":       {"a.json": "[[" + aVpc + "], [], [" + aSubnet + "]]"},
		"YAML documents":       {"a.yaml": "---\n" + aNet + "\n---\n" + aSub},
		"yaml-stream":          {"a.yaml": "- " + aNet + "\n\n- " + aSub + "\n\n- " + aNet},
		"folders":              {"eu-west-1/a.json": aNet, "eu-west-1/x/b.json": aSub},
		"boto3":                {"a.json": aNet[:len(aNet)-1] + `, "ResponseMetadata": {"RequestId": "x"}}`, "b.json": aSub},
		"the SDK for Go":       {"a.json": `{"NextToken": null, "ResultMetadata": {}, ` + aNet[1:], "b.json": aSub[:len(aSub)-1] + `, "ResultMetadata": {}}`},
		"the SDK for JS":       {"a.json": `{"$metadata": {"attempts": 1}, ` + aNet[1:], "b.json": aSub},
		"the same twice":       {"a.json": aNet, "b.json": aSub, "c.json": aNet, "d.json": "[" + aNet + "," + aSub + "]"},
		"a page that follows":  {"a.json": aNet[:len(aNet)-1] + `, "NextToken": "x"}`, "b.json": aSub, "c.json": `{"Vpcs": []}`},
		"attributes":           {"a.json": aNet, "b.json": aSub, "c.json": `{"VpcId": "vpc-0a", "EnableDnsSupport": {"Value": true}}`, "d.json": `{"EnableDnsHostnames": {"Value": true}, "VpcId": "vpc-0a"}`},
		"other answers of EC2": {"a.json": aNet, "b.json": aSub, "c.json": `{"AvailabilityZones": [{"ZoneId": "x"}]}`, "d.json": `{"Reservations": [{"Instances": [], "OwnerId": "1"}]}`},
	} {
		c, err := Load(laid(t, files))
		require.NoError(t, err, what)
		want := []Count{{"Vpcs", 1}, {"Subnets", 1}}
		if what == "attributes" {
			want = []Count{{"Vpcs", 1}, {"VpcAttributes", 1}, {"Subnets", 1}}
		}
		require.Equal(t, want, c.Counts(), what)
		require.Empty(t, c.Notices, what)
		require.True(t, what == "YAML documents" || c.place("Vpcs", 0).Answer && c.place("Subnets", 0).Answer, what)
	}
}

// What is passed over is named, by file.
func TestPassedOver(t *testing.T) {
	for _, m := range []struct{ file, text, want string }{
		{"lb.json", `{"LoadBalancers": [{"VpcId": "vpc-0a"}]}`, "lb.json: holds nothing of EC2: LoadBalancers: passed over"},
		{"rds.json", `{"DBInstances": []}`, "rds.json: holds nothing of EC2: DBInstances: passed over"},
		{"iam.json", `{"Roles": [], "IsTruncated": false}`, "iam.json: holds nothing of EC2: Roles, IsTruncated: passed over"},
		{"stack.yaml", `AWSTemplateFormatVersion: "2010-09-09"`, "stack.yaml: holds nothing of EC2: AWSTemplateFormatVersion: passed over"},
		{"list.json", `["x"]`, "list.json: holds nothing of EC2: passed over"},
		{"notes.txt", "x", "notes.txt: ends in none of .json, .jsonl, .yaml, .yml, .gz: passed over"},
		{".vpcs.json", aNet, ".vpcs.json: is hidden: passed over"},
		{"dhcp.json", `{"DhcpOptions": [], "NextToken": null}`, ""},
		{"none.json", "", "none.json: is empty: did the command that wrote it fail?: passed over"},
		{"x.json", `{"NetworkAcls": [], "NewLists": [], "NextToken": null}`, "x.json: NewLists is no name of EC2 that this card knows: passed over"},
		{"x.json", `{"Vpcs": [{"VpcId": "vpc-0b", "CidrBlock": "10.0.0.0/16", "State": "available", "Next": {"Year": [1]}}]}`,
			"x.json: Vpcs[0] vpc-0b: Next is no name of EC2 that this card knows: passed over"},
		{"x.json", `{"Vpcs": [{"CidrBlock": "10.1.0.0/16", "OwnerId": "1", "VpcId": "vpc-0a"}]}`, "x.json: Vpcs[0] vpc-0a: differs from a.json: Vpcs[0] vpc-0a, and counts because it was read later"},
		{"x.json", `{"Vpcs": [{"VpcId": "vpc-0b", "CidrBlock": "10.1.0.0/16", "OwnerId": "1"}], "NextToken": "x"}`, ""},
		{"x.json", `{"NetworkAcls": [], "NextToken": "x"}`, "x.json: the answer was cut off: a NextToken says that there are more NetworkAcls, and they are not here"},
		{"x.json", `{"Entries": []}`, "x.json: does not say of which prefix list the entries are: name the file after it, such as pl-0123456789abcdef0.json"},
	} {
		folder := laid(t, map[string]string{"a.json": aNet, m.file: m.text})
		c, err := Load(folder)
		require.NoError(t, err, m.text)
		var got []string
		for _, n := range c.Notices {
			got = append(got, strings.ReplaceAll(n.String(), folder+"/", ""))
		}
		require.Equal(t, m.want, strings.Join(got, "\n"), m.text)
	}
}

// What people write is held to every letter, an answer is not; both by hand.
func TestStrictAndLenient(t *testing.T) {
	const (
		readme   = `{"Vpcs": [{"VpcId": "vpc-1", "CidrBlok": "10.0.0.0/16"}]}`
		lists    = `{"Vpcs": [{"VpcId": "vpc-1", "NewThing": 1}], "Subnets": []}`
		placed   = `{"Vpcs": [{"VpcId": "vpc-0123456789abcdef0", "State": "available", "NewThing": 1}], "Placement": {}}`
		answer   = `{"Vpcs": [{"VpcId": "vpc-0123456789abcdef0", "NewThing": 1}]}`
		misspelt = `{"Vpcs": [{"VpcId": "vpc-0a", "State": "available", "CidrBlok": "10.0.0.0/16"}]}`
		list     = `{"SecurtyGroups": []}`
		wrong    = `{"Vpcs": [{"VpcId": "vpc-0123456789abcdef0", "CidrBlock": 7}], "NextToken": null}`
		twice    = `{"Vpcs": [{"VpcId": "vpc-0a", "CidrBlock": "10.0.0.0/16"}, {"VpcId": "vpc-0a", "CidrBlock": "10.1.0.0/16"}]}`
	)
	for _, m := range []struct {
		reading    Reading
		text, want string
	}{
		{Told, readme, `x.json: Vpcs[0] vpc-1: there is no field "CidrBlok"; the nearest name is "CidrBlock"`},
		{Told, lists, `x.json: Vpcs[0] vpc-1: there is no field "NewThing"`},
		{Told, placed, `x.json: Vpcs[0] vpc-0123456789abcdef0: there is no field "NewThing"`},
		{Told, answer, ""},
		{Told, misspelt, `x.json: Vpcs[0] vpc-0a: there is no field "CidrBlok"; the nearest name is "CidrBlock"`},
		{Told, list, `x.json: there is no field "SecurtyGroups"; the nearest name is "SecurityGroups"`},
		{Told, wrong, `x.json: Vpcs[0] vpc-0123456789abcdef0: CidrBlock: 7 is no CIDR such as 10.0.0.0/16`},
		{Told, twice, `x.json: Vpcs[1] vpc-0a: stands twice in one answer, and differs: the first is x.json: Vpcs[0] vpc-0a`},
		{Strict, answer, `x.json: Vpcs[0] vpc-0123456789abcdef0: there is no field "NewThing"`},
		{Lenient, readme, ""},
		{Lenient, placed, ""},
		{Lenient, wrong, `x.json: Vpcs[0] vpc-0123456789abcdef0: CidrBlock: 7 is no CIDR such as 10.0.0.0/16`},
	} {
		_, err := m.reading.Parse("x.json", []byte(m.text))
		if m.want == "" {
			require.NoError(t, err, m.text)
		} else {
			require.EqualError(t, err, m.want)
		}
	}
}

// Entries of prefix lists come without their list's name, and two commands
// answer with PrefixLists.
func TestPrefixListsOfThreeCommands(t *testing.T) {
	const (
		managed = `{"PrefixLists": [{"PrefixListId": "pl-0a", "AddressFamily": "IPv4", "State": "create-complete", "PrefixListName": "mine", "Version": 1}]}`
		aws     = `{"PrefixLists": [{"PrefixListId": "pl-0b", "PrefixListName": "s3", "Cidrs": ["10.8.0.0/16"]}]}`
		entries = `{"Entries": [{"Cidr": "10.9.0.0/16", "Description": "x"}]}`
	)
	for what, files := range map[string]map[string]string{
		"the file's name":   {"a.json": managed, "b.json": aws, "pl-0a.json": entries},
		"the folder's name": {"a.json": managed, "b.json": aws, "pl-0a/entries.json": entries},
		"entries first":     {"0-pl-0a.json": entries, "a.json": managed, "b.json": aws},
		"a member of ours":  {"a.json": managed, "b.json": aws, "c.json": `{"PrefixListId": "pl-0a", ` + entries[1:]},
		"pages":             {"a.json": managed, "b.json": aws, "pl-0a.json": `{"Entries": [], "NextToken": "x"}` + entries},
		"together":          {"a.json": managed[:len(managed)-2] + "," + aws[len(`{"PrefixLists": [`):], "pl-0a.json": entries},
	} {
		c, err := Load(laid(t, files))
		require.NoError(t, err, what)
		require.Empty(t, c.Notices, what)
		require.Len(t, c.ManagedPrefixLists, 1, what)
		require.Equal(t, "10.9.0.0/16", c.ManagedPrefixLists[0].Entries[0].Cidr.String(), what)
		require.Equal(t, "mine", c.ManagedPrefixLists[0].PrefixListName, what)
		require.Equal(t, "10.8.0.0/16", c.PrefixLists[0].Cidrs[0].String(), what)
	}
}

// Nothing in a folder holds the reader up.
func TestHostileFolder(t *testing.T) {
	folder := laid(t, map[string]string{"a.json": aNet, strings.Repeat("d/", 17) + "b.json": aSub})
	require.NoError(t, os.Symlink(folder, filepath.Join(folder, "loop")))
	require.NoError(t, os.Symlink("/dev/zero", filepath.Join(folder, "zero.json")))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(folder, "none.json")))
	require.NoError(t, os.Symlink("itself.json", filepath.Join(folder, "itself.json")))
	require.NoError(t, unix.Mkfifo(filepath.Join(folder, "pipe.json"), 0o600))
	c, err := Load(folder)
	require.NoError(t, err)
	require.Len(t, c.Vpcs, 1)
	var got []string
	for _, n := range c.Notices {
		got = append(got, n.What)
	}
	require.ElementsMatch(t, []string{"is a link to a folder", "is no regular file", "is no regular file", "leads nowhere", "leads nowhere", "lies too deep"}, got)
}

// Each bound ends the reading with the way out.
func TestBounds(t *testing.T) {
	small := readBounds{Bounds: ec2.Bounds{JSON: 1000, YAML: 100, Objects: 5}, folder: 2500, files: 3, nested: 2}
	long := strings.Repeat(" ", 900) + `{"KeyPairs": []}`
	for _, m := range []struct {
		files map[string]string
		want  string
	}{
		{map[string]string{"bomb.json.gz": packed(strings.Repeat(" ", 1<<20) + aNet)}, "bomb.json.gz: is longer than 1000 bytes of JSON: save the lists to files of their own, and leave out those that the card does not act on"},
		{map[string]string{"a.json": `{"Vpcs": [` + strings.Repeat(" ", 1000) + "]}"}, "a.json: is longer than 1000 bytes of JSON: save the lists to files of their own, and leave out those that the card does not act on"},
		{map[string]string{"a.yaml": "Vpcs: [] #" + strings.Repeat(" ", 100)}, "a.yaml: is longer than 100 bytes of YAML: save it as JSON, which may have 1000 bytes"},
		{map[string]string{"a.json": `{"Vpcs": [{"Tags": [{},{},{},{},{}]}]}`}, "a.json: has more than 5 objects: leave out those that the card does not act on"},
		{map[string]string{"a.json": `{"PrefixLists": [{"PrefixListId": "pl-0a", "Cidrs": ["10.0.0.0/8", null, null, null, null, null]}]}`}, "a.json: has more than 5 objects: leave out those that the card does not act on"},
		{map[string]string{"a.yaml": "Vpcs: " + strings.Repeat("[", 33) + strings.Repeat("]", 33)}, "a.yaml: nested deeper than 32 levels: no answer of EC2 is; take out what is none"},
		{map[string]string{"a.json": long, "b.json": long, "c.json": long, "d.json": "{"},
			"c.json: with this file, the folder has more than 2500 bytes of text: leave out the files that the card does not act on, such as Reservations"},
		{map[string]string{"a.json": aNet, "b.json": aSub, "x/c.json": aSub, "x/d.json": aSub, "y/e.json": "{"}, "x: holds more than 3 files; put them together: jq -s . *.json > all.json"},
	} {
		l, folder := newLoader(Told), laid(t, m.files)
		l.bounds = small
		l.folder(folder, 0)
		_, err := l.finish()
		require.Error(t, err, m.want)
		require.Equal(t, m.want, strings.ReplaceAll(err.Error(), folder+"/", ""))
	}
}
