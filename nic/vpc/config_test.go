package vpc

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
)

// The story as describe-* would answer it, one file a list, is the same region.
func TestFolderOfDescribeAnswers(t *testing.T) {
	folder, err := Load("testdata/folder")
	require.NoError(t, err)
	a, b := compiled(t, story(t), CompileOptions{}), compiled(t, folder, CompileOptions{})
	require.Equal(t, a.Region.VTEPs(), b.Region.VTEPs())
	require.Empty(t, b.Notices())
	for i, e := range a.ENIs {
		f := b.ENIs[i]
		require.Equal(t, *a.Region.Station(e.Station), *b.Region.Station(f.Station))
		require.Equal(t, []any{e.ID, e.MAC, e.VNI, e.Addrs(), e.Port, e.Owner, e.Allowance}, []any{f.ID, f.MAC, f.VNI, f.Addrs(), f.Port, f.Owner, f.Allowance})
	}
}

// What get config prints is what was loaded.
func TestConfigComesBack(t *testing.T) {
	for _, path := range []string{"testdata/story.yaml", "testdata/folder"} {
		c, err := Load(path)
		require.NoError(t, err)
		c.Unenforced["FlowLogs"] = []any{map[string]any{"FlowLogId": "fl-1"}}
		data, err := json.Marshal(c)
		require.NoError(t, err)
		again, err := Parse("again.json", data)
		require.NoError(t, err)
		again.Places, again.Answer = c.Places, c.Answer
		require.Equal(t, c, again)
		received := &Config{}
		require.NoError(t, json.Unmarshal(data, received))
		received.Places, received.Answer = c.Places, c.Answer
		require.Equal(t, c, received, "a client of the control socket sees all of it, too")
		require.Contains(t, string(data), `"CidrIp":"0.0.0.0/0"`)
	}
}

// What a region is made of follows its edits, and is told as a configuration.
func TestEdits(t *testing.T) {
	region, err := NewRegion(story(t))
	require.NoError(t, err)
	first, before := region, region.Config()
	change := func(e Edit, err error) *Config {
		require.NoError(t, err)
		region, err = region.Change(e)
		require.NoError(t, err)
		return region.Config()
	}

	// One that is there is replaced in its place, a new one is added.
	next := change(Put("Vpcs", []byte(`{"VpcId": "vpc-a", "CidrBlock": "10.0.0.0/16", "CidrBlockAssociationSet": [{"CidrBlock": "10.2.0.0/16"}]}`)))
	require.Equal(t, "10.2.0.0/16", next.Vpcs[0].CidrBlockAssociationSet[0].CidrBlock.String())
	next = change(Put("Vpcs", []byte(`{"VpcId": "vpc-c", "CidrBlock": "10.0.0.0/16"}`)))
	require.Equal(t, "vpc-c", next.Vpcs[2].VpcId)
	next = change(Put("Addresses", []byte(`{PublicIp: 54.168.7.7}`)))
	require.Len(t, next.Addresses, 1)

	// An ENI goes with its placement.
	next = change(region.Remove("NetworkInterfaces", "eni-a3"))
	require.Len(t, next.NetworkInterfaces, 3)
	require.Empty(t, next.Placement.Cards[1].NetworkInterfaces)
	next = change(region.Remove("NetworkInterfaces", "eni-a1"))
	require.NotContains(t, next.Placement.Allowances, "i-a1")
	require.Equal(t, "Placement", region.Diff().Changed[0])

	// The region that it was is untouched.
	require.Equal(t, before, first.Config())
}

func TestPutMistakes(t *testing.T) {
	region, err := NewRegion(story(t))
	require.NoError(t, err)
	for _, m := range []struct{ kind, object, want string }{
		{"SecurityGroup", `{}`, `"SecurityGroup" is no kind of object`},
		{"SecurityGroups", `{}`, `SecurityGroups: GroupId is missing`},
		{"SecurityGroups", `[]`, `SecurityGroups: an object is expected, not a list`},
		{"SecurityGroups", `{"GroupId": "sg-1", "VpcID": 1}`, `SecurityGroups: there is no field "VpcID"; the nearest name is "VpcId"`},
		{"SecurityGroups", `{"GroupId": `, `SecurityGroups: the JSON ends before it is complete`},
		{"Placement", `{"Card": []}`, `Placement: there is no field "Card"; the nearest name is "Cards"`},
	} {
		_, err := Put(m.kind, []byte(m.object))
		require.ErrorContains(t, err, m.want)
	}
	_, err = region.Remove("Vpcs", "vpc-x")
	require.EqualError(t, err, `there is no "vpc-x" in Vpcs`)
	_, err = region.Remove("Placement", "x")
	require.ErrorContains(t, err, "is no kind of object")
}

func TestLoadMistakes(t *testing.T) {
	write := func(files map[string]string) string {
		folder := t.TempDir()
		for name, text := range files {
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
		}
		return folder
	}
	for _, m := range []struct {
		files map[string]string
		want  string
	}{
		{map[string]string{"readme.txt": "x"}, "holds no file that ends in .json"},
		{map[string]string{"a.json": "Vpcs: []"}, "a.json: line 1: invalid character 'V'"},
		{map[string]string{"a.json": `{"Vpcs": [`}, "a.json: the JSON ends before it is complete"},
		{map[string]string{"a.json": `{"Vpcs": []} x`}, "a.json: line 1: invalid character 'x'"},
		{map[string]string{"a.json": `{"Vpcs": [], "Vpcs": []}`}, `a.json: line 1: "Vpcs" stands twice`},
		{map[string]string{"a.json": `[]`}, "a.json: an object with lists such as SecurityGroups is expected"},
		{map[string]string{"a.yaml": "Vpcs: []\nVpcs: []"}, `a.yaml: line 2: "Vpcs" stands twice`},
		{map[string]string{"a.yaml": "Vpcs: &v []\nSubnets: *v"}, "a.yaml: line 2: *v: aliases are not taken; write it out"},
		{map[string]string{"a.yaml": "\tVpcs: []"}, "a.yaml: line 1: found character that cannot start any token; YAML is indented by spaces, and never by tabs"},
		{map[string]string{"a.yaml": "7: []"}, "a.yaml: line 1: the key 7 is no string: quote it"},
		{map[string]string{"a.yaml": "Vpcs: !!binary aGVsbG8="}, "a.yaml: line 1: !!binary is not taken"},
		{map[string]string{"a.yaml": " "}, "a.yaml: is empty"},
		{map[string]string{"a.yaml": "Vpcs: " + strings.Repeat("[", 40) + strings.Repeat("]", 40)}, "a.yaml: nested deeper than 32 levels"},
		{map[string]string{"a.json": `{"Vpcs": ` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "}"}, "a.json: Vpcs[0]: an object is expected, not a list"},
		{map[string]string{"a.yaml": "Placement: {Edge: {Vtep: 10.0.0.1}}", "b.yaml": "Placement: {Edge: {Vtep: 10.0.0.2}}"}, "Placement: stands in more than one file"},
		{map[string]string{"a.yaml": "Vpc: []", "b.yaml": "Subnet: []"}, "b.yaml: there is no field \"Subnet\""},
	} {
		_, err := Load(write(m.files))
		require.ErrorContains(t, err, m.want)
	}
	_, err := Load("testdata/none")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Parse("big.yaml", []byte("A: "+strings.Repeat("x", ec2.UsualBounds.YAML)))
	require.ErrorContains(t, err, "is longer than 16 MiB of YAML")
}

// YAML of people: protocols and account numbers without quotes, a name that old
// YAML took for a truth value, a date.
func TestYAMLOfPeople(t *testing.T) {
	c, err := Parse("people.yaml", []byte("SecurityGroups: [{GroupId: sg-1, OwnerId: 012345678901, GroupName: on, Description: 2024-01-01, "+
		"IpPermissions: [{IpProtocol: -1}, {IpProtocol: 6, FromPort: 22, ToPort: 22}]}]\n"))
	require.NoError(t, err)
	g := c.SecurityGroups[0]
	require.Equal(t, []string{"012345678901", "on", "2024-01-01", "-1", "6"},
		[]string{g.OwnerId, g.GroupName, g.Description, g.IpPermissions[0].IpProtocol, g.IpPermissions[1].IpProtocol})
}

func TestObject(t *testing.T) {
	c := story(t)
	for id, want := range map[string]any{"sg-a-web": ec2.SecurityGroup{}, "eni-b1": ec2.NetworkInterface{}, "54.168.7.7": ec2.Address{}} {
		o, err := c.Object(id)
		require.NoError(t, err)
		require.IsType(t, want, o)
	}
	_, err := c.Object("sg-none")
	require.EqualError(t, err, `the configuration has no object "sg-none"`)
	_, err = c.Object("")
	require.Error(t, err)
}

func TestCounts(t *testing.T) {
	c := story(t)
	c.Unenforced["FlowLogs"] = []any{map[string]any{"FlowLogId": "fl-1"}}
	counts := c.Counts()
	require.Equal(t, Count{"Vpcs", 2}, counts[0])
	require.Equal(t, Count{"FlowLogs", 1}, counts[len(counts)-1])
}

// Editors of some systems begin a file with a byte order mark.
func TestAByteOrderMark(t *testing.T) {
	for name, text := range map[string]string{"a.json": `{"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}]}`, "a.yaml": "Vpcs:\n- VpcId: vpc-1\n  CidrBlock: 10.0.0.0/16\n"} {
		c, err := Parse(name, []byte("\ufeff"+text))
		require.NoError(t, err)
		plain, err := Parse(name, []byte(text))
		require.NoError(t, err)
		require.Equal(t, plain, c)
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			wide := order.AppendUint16(nil, 0xfeff)
			for _, unit := range utf16.Encode([]rune(text)) {
				wide = order.AppendUint16(wide, unit)
			}
			c, err = Parse(name, wide)
			require.NoError(t, err)
			require.Equal(t, plain, c)
		}
	}
}
