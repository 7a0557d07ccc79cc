package ec2

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// account is one object of each kind of shape.
type account struct {
	Vpcs              []Vpc              `json:",omitzero"`
	RouteTables       []RouteTable       `json:",omitzero"`
	NetworkAcls       []NetworkAcl       `json:",omitzero"`
	SecurityGroups    []SecurityGroup    `json:",omitzero"`
	NetworkInterfaces []NetworkInterface `json:",omitzero"`
	PrefixLists       []PrefixList       `json:",omitzero"`
	Instances         []Instance         `json:",omitzero"`
}

// documents reads all of a text, and answers false where it is refused.
func documents(r *Reader) (all []account, read bool) {
	for r.Kind() != 0 {
		var a account
		if r.Decode("", &a) != nil {
			return nil, false
		}
		all = append(all, a)
	}
	return all, r.End() == nil
}

// FuzzReader: whatever stands in a file, reading it ends, and what was read
// without mistakes is read from its own print again, every name known. Tight bounds
// keep what a small file can unfold to small.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		`{"Vpcs":[{"VpcId":"v","CidrBlock":"10.0.0.0/16","Tags":[{"Key":"a","Value":"b"}]}]}{"Vpcs":[]}`,
		`{"NetworkInterfaces":[{"MacAddress":"02:00:00:00:00:01","SourceDestCheck":false,"PrivateIpAddress":"10.0.1.5","Attachment":{"DeviceIndex":1}}]}`,
		`{"RouteTables":[{"Routes":[{"DestinationCidrBlock":"0.0.0.0/0","GatewayId":7}]}],"NetworkAcls":[{"Entries":[{"PortRange":{"From":1,"To":2}}]}]}`,
		"SecurityGroups:\n- GroupId: g\n  IpPermissions: [{IpProtocol: 6, FromPort: 0, ToPort: 65535, IpRanges: [{CidrIp: 0.0.0.0/0}]}]\n---\nPrefixLists: [{Cidrs: [10.0.0.0/8, null]}]\n",
		`{"Instances":[{"InstanceId":"i","KeyName":"k","Placement":{"PartitionNumber":1},"MetadataOptions":{"HttpTokens":"required","HttpPutResponseHopLimit":2}}]}`,
		"\xff\xfe{\x00}\x00",
		"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xab\xae\x05\x04\x00\x00\xff\xff\x43\xbf\xa6\xa3\x02\x00\x00\x00",
	} {
		f.Add([]byte(seed))
	}
	bounds := Bounds{JSON: 64 << 10, YAML: 16 << 10, Objects: 1 << 10}
	f.Fuzz(func(t *testing.T, data []byte) {
		var p Problems
		r, err := bounds.NewReader("", bytes.NewReader(data), &p)
		if err != nil {
			return
		}
		all, read := documents(r)
		require.LessOrEqual(t, len(p.found), maxProblems)
		require.LessOrEqual(t, r.Size(), int64(bounds.JSON+mostRecent))
		if !read || p.Err() != nil {
			return
		}
		for _, a := range all {
			printed, err := json.Marshal(a)
			require.NoError(t, err)
			again, err := UsualBounds.NewReader("again.json", bytes.NewReader(printed), &p)
			require.NoError(t, err)
			same, read := documents(again)
			require.True(t, read)
			require.NoError(t, p.Err())
			require.Empty(t, again.decoder.unknown.Members)
			require.Equal(t, []account{a}, same)
		}
	})
}
