package vpc

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc/ec2"
)

// What EC2 answers about one machine, command by command.
var machine = map[string]string{
	"instances.json": `{"Reservations": [{"ReservationId": "r-0b", "OwnerId": "1", "Groups": [], "Instances": [{"InstanceId": "i-0a", "InstanceType": "t3.nano", "ImageId": "ami-0a",
		"KeyName": "alice's key", "MetadataOptions": {"State": "applied", "HttpTokens": "required", "HttpPutResponseHopLimit": 2, "HttpEndpoint": "enabled", "HttpProtocolIpv6": "disabled", "InstanceMetadataTags": "enabled"},
		"Tags": [{"Key": "Name", "Value": "web"}], "NetworkInterfaces": [` + instanceENI + `]}]}]}`,
	"user-data.json": `{"InstanceId": "i-0a", "UserData": {"Value": "IyEvYmluL3NoCg=="}}`,
	"none.json":      `{"InstanceId": "i-0b", "UserData": {}}`,
	"type.json":      `{"InstanceId": "i-0a", "InstanceType": {"Value": "t3.nano"}}`,
	"keys.json":      `{"KeyPairs": [{"KeyPairId": "key-0a", "KeyFingerprint": "1f:51", "KeyName": "alice's key", "KeyType": "ed25519", "Tags": [], "PublicKey": "ssh-ed25519 AAAA alice\n", "CreateTime": "2026-01-01T00:00:00+00:00"}]}`,
}

// An instance's options, user data and key are told by three commands.
func TestWhatEC2TellsOfAnInstance(t *testing.T) {
	c, err := Load(laid(t, machine))
	require.NoError(t, err)
	require.Empty(t, c.Notices[1:], "but that ENIs are those of instances alone")
	r, err := NewRegion(c)
	require.NoError(t, err)
	require.Equal(t, MetadataOptions{TokenRequired: true, HopLimit: 2, OffIPv6: true, Tags: true}, r.MetadataOptions("i-0a"))
	require.Equal(t, "#!/bin/sh\n", string(r.UserData("i-0a")))
	require.Nil(t, r.UserData("i-0b"))
	require.Equal(t, "ssh-ed25519 AAAA alice", r.PublicKey(r.Instance("i-0a").KeyName))
	require.Equal(t, []ec2.Tag{{Key: "Name", Value: "web"}}, r.Instance("i-0a").Tags)
	require.Equal(t, MetadataOptions{HopLimit: 1}, r.MetadataOptions("i-0b"), "nothing is told of it")
	require.Equal(t, "r-0b", c.Instances[0].ReservationId)
	require.Contains(t, c.path("Instances", 0, "i-0a"), "instances.json: Reservations[0]: Instances[0] i-0a")
	again, err := r.Become(r.Config())
	require.NoError(t, err)
	require.Equal(t, nothing, again.Diff())
}

// What is odd in an answer is passed over, with a notice, and refuses nothing else. A terminated instance, which
// EC2 tells for an hour, is passed over without.
func TestOddInstancesInAnswers(t *testing.T) {
	odd := maps.Clone(machine)
	odd["instances.json"] = strings.Replace(machine["instances.json"], `{"Key": "Name", "Value": "web"}`, `{"Key": "a b", "Value": "x"}, {"Key": "c", "Value": "y"}`, 1)
	odd["keys.json"] = strings.Replace(machine["keys.json"], "AAAA alice", `AAAA alice\tx`, 1)
	odd["past.json"] = `{"Reservations": [{"ReservationId": "r-0c", "Instances": [{"InstanceId": "i-0d", "KeyName": "old", "State": {"Code": 48, "Name": "terminated"}}]}]}`
	c, err := Load(laid(t, odd))
	require.NoError(t, err)
	r, err := NewRegion(c)
	require.NoError(t, err)
	require.Nil(t, r.Instance("i-0d"))
	require.Equal(t, []ec2.Tag{{Key: "c", Value: "y"}}, r.ToldTags("i-0a"))
	require.Empty(t, r.PublicKey("alice's key"))
	var notices []string
	for _, n := range r.Notices() {
		notices = append(notices, n.String())
	}
	told := strings.Join(notices, "\n")
	require.Contains(t, told, `Tags[0]: Key "a b" is no name of a path: metadata does not have the tag`)
	require.Contains(t, told, "PublicKey has characters that are in no public key: metadata has no such key")
	require.NotContains(t, told, "old")
}

// The first instance, user data or key pair of a region compiles no object but itself and who names the key.
func TestTheFirstOfAListCompilesItself(t *testing.T) {
	r, err := NewRegion(story(t))
	require.NoError(t, err)
	for _, step := range []struct {
		kind, object string
		instances    int // that are looked at
	}{
		{"Instances", "{InstanceId: i-a1, KeyName: admin}", 1},
		{"Instances", "{InstanceId: i-a2}", 1},
		{"InstanceAttributes", "{InstanceId: i-a1, UserData: {Value: eA==}}", 0},
		{"KeyPairs", "{KeyPairId: key-0, KeyName: other, PublicKey: ssh-rsa A}", 1},
		{"KeyPairs", "{KeyPairId: key-1, KeyName: admin, PublicKey: ssh-rsa A}", 1},
		{"KeyPairs", "{KeyPairId: key-1, KeyName: admin, PublicKey: ssh-rsa B}", 0},
		{"KeyPairs", "{KeyPairId: key-2, KeyName: admin, PublicKey: ssh-rsa B}", 0},
		{"KeyPairs", "{KeyPairId: key-2, KeyName: admin, PublicKey: ssh-rsa C}", 1},
	} {
		edit, err := Put(step.kind, []byte(step.object))
		require.NoError(t, err)
		c := newCompiler(r)
		c.edit(edit)
		c.presence()
		require.False(t, c.whole, step.object)
		require.Len(t, c.dirty["Instances"], step.instances, step.object)
		require.Empty(t, c.dirty["NetworkInterfaces"], step.object)
		r, err = r.Change(edit)
		require.NoError(t, err)
	}
}

func TestMistakesInInstances(t *testing.T) {
	for _, c := range []struct{ kind, object, want string }{
		{"Instances", "{InstanceId: i-1, MetadataOptions: {HttpTokens: always}}", `Instances i-1: MetadataOptions: HttpTokens "always" is neither optional nor required`},
		{"Instances", "{InstanceId: i-1, MetadataOptions: {HttpEndpoint: on}}", `MetadataOptions: HttpEndpoint`},
		{"Instances", "{InstanceId: i-1, MetadataOptions: {HttpPutResponseHopLimit: 65}}", `HttpPutResponseHopLimit 65 is no number of hops: 1 to 64`},
		{"Instances", "{InstanceId: i-1, MetadataOptions: {InstanceMetadataTags: enabled}, Tags: [{Key: a/b, Value: c}]}", `Tags[0]: Key "a/b": with InstanceMetadataTags a key has letters`},
		{"Instances", "{InstanceId: i-1, MetadataOptions: {InstanceMetadataTags: enabled}, Tags: [{Key: a}, {Key: a}]}", `Tags[1]: Key "a" is the key of another tag, too`},
		{"Instances", "{InstanceId: i-1, PrivateDnsNameOptions: {HostnameType: mine}}", `HostnameType "mine" is neither ip-name nor resource-name`},
		{"InstanceAttributes", "{InstanceId: i-1, UserData: {Value: '#!/bin/sh'}}", "InstanceAttributes i-1: UserData: is no base64 of 16384 bytes at most"},
		{"InstanceAttributes", "{InstanceId: i-1, UserData: {Value: " + base64.StdEncoding.EncodeToString(make([]byte, mostUserData+1)) + "}}", "UserData: is no base64 of 16384 bytes at most"},
		{"KeyPairs", `{KeyPairId: key-1, KeyName: a, PublicKey: "ssh-rsa\nssh-rsa"}`, "KeyPairs key-1: PublicKey: has characters that are in no public key"},
	} {
		edit, err := Put(c.kind, []byte(c.object))
		require.NoError(t, err, c.object)
		region, err := NewRegion(story(t))
		require.NoError(t, err)
		_, err = region.Change(edit)
		require.ErrorContains(t, err, c.want, c.object)
	}
	_, err := Put("Instances", []byte("{InstanceId: i-1, MetadataOptions: {HttpToken: required}}"))
	require.ErrorContains(t, err, `there is no field "HttpToken"; the nearest name is "HttpTokens"`)
	_, err = Put("InstanceAttributes", []byte("{InstanceId: i-1, UserData: {Value: "+strings.Repeat("A", 21849)+"}}"))
	require.ErrorContains(t, err, "21848 are the most")
}

// A key is found by its name. Of two keys with one name, which may be those of two customers, none is told.
func TestKeysByName(t *testing.T) {
	r, err := NewRegion(story(t))
	require.NoError(t, err)
	for _, step := range []struct{ kind, object, key, notice string }{
		{"Instances", "{InstanceId: i-a1, KeyName: admin}", "", ""},
		{"KeyPairs", "{KeyPairId: key-0, KeyName: first, PublicKey: ssh-rsa A}", "", "Instances i-a1: KeyName admin is not in KeyPairs: metadata has no such key"},
		{"KeyPairs", "{KeyPairId: key-1, KeyName: admin, PublicKey: ssh-rsa A}", "ssh-rsa A", ""},
		{"KeyPairs", "{KeyPairId: key-2, KeyName: admin, PublicKey: ssh-rsa A}", "ssh-rsa A", ""},
		{"KeyPairs", "{KeyPairId: key-2, KeyName: admin, PublicKey: ssh-rsa B}", "", "Instances i-a1: KeyName admin is that of several key pairs: metadata has no such key"},
		{"KeyPairs", "{KeyPairId: key-2, KeyName: other, PublicKey: ssh-rsa B}", "ssh-rsa A", ""},
		{"KeyPairs", "{KeyPairId: key-1, KeyName: admin}", "", "KeyPairs key-1: PublicKey is missing (aws ec2 describe-key-pairs --include-public-key): metadata has no such key"},
	} {
		edit, err := Put(step.kind, []byte(step.object))
		require.NoError(t, err)
		r, err = r.Change(edit)
		require.NoError(t, err, step.object)
		require.Equal(t, step.key, r.PublicKey("admin"), step.object)
		var notices []string
		for _, n := range r.Notices() {
			notices = append(notices, n.String())
		}
		require.Equal(t, step.notice, strings.Join(notices, "\n"), step.object)
	}
	r, err = r.Change(Edit{Kind: "KeyPairs", ID: "key-1"})
	require.NoError(t, err, "who names a key does not keep it")
	require.Equal(t, "Instances i-a1: KeyName admin is not in KeyPairs: metadata has no such key", r.Notices()[0].String())
}

// Where VPCs are those of several accounts nobody is told a key, because a key pair does not say whose it is.
func TestKeysOfSeveralAccounts(t *testing.T) {
	r, err := NewRegion(story(t))
	require.NoError(t, err)
	put := func(kind, object string) {
		t.Helper()
		edit, err := Put(kind, []byte(object))
		require.NoError(t, err)
		r, err = r.Change(edit)
		require.NoError(t, err)
	}
	put("KeyPairs", "{KeyPairId: key-1, KeyName: admin, PublicKey: ssh-rsa A}")
	put("Instances", "{InstanceId: i-a1, KeyName: admin}")
	put("Vpcs", "{VpcId: vpc-one, CidrBlock: 10.100.0.0/16, OwnerId: '1'}")
	put("Vpcs", "{VpcId: vpc-too, CidrBlock: 10.100.0.0/16, OwnerId: '1'}")
	require.Equal(t, "ssh-rsa A", r.PublicKey("admin"))
	require.Empty(t, r.Notices())
	put("Vpcs", "{VpcId: vpc-too, CidrBlock: 10.100.0.0/16, OwnerId: '12'}")
	require.Empty(t, r.PublicKey("admin"))
	require.Contains(t, r.Notices()[0].String(), "Instances i-a1: KeyName admin may be the key of another account")
	again, err := NewRegion(r.Config())
	require.NoError(t, err)
	require.Equal(t, r.Notices(), again.Notices())
	put("Vpcs", "{VpcId: vpc-too, CidrBlock: 10.100.0.0/16}")
	require.Equal(t, "ssh-rsa A", r.PublicKey("admin"))
	require.Empty(t, r.Notices())
}

// An owner names no key for an instance that the instance has not: the key may be another customer's. Nor
// does the owner learn which names there are.
func TestAnOwnerTakesNoKey(t *testing.T) {
	r, err := NewRegion(story(t))
	require.NoError(t, err)
	put := func(kind, object string) Edit {
		edit, err := Put(kind, []byte(object))
		require.NoError(t, err)
		return edit
	}
	r, err = r.Change(put("KeyPairs", "{KeyPairId: key-b, KeyName: bob, PublicKey: ssh-rsa B}"), put("KeyPairs", "{KeyPairId: key-a, KeyName: alice, PublicKey: ssh-rsa A}"),
		put("Instances", "{InstanceId: i-a1, KeyName: alice}"))
	require.NoError(t, err)
	a := Owned{"vpc-a"}
	for name, want := range map[string]string{
		"alice": "", "''": "",
		"bob":    "Instances i-a1: KeyName bob is not the instance's; the provider says which key pair an instance has",
		"nobody": "Instances i-a1: KeyName nobody is not the instance's; the provider says which key pair an instance has",
	} {
		err := a.May(r, []Edit{put("Instances", "{InstanceId: i-a1, InstanceType: t3.nano, KeyName: "+name+"}")})
		if want == "" {
			require.NoError(t, err, name)
		} else {
			require.EqualError(t, err, want)
		}
	}
	require.ErrorContains(t, a.May(r, []Edit{put("Instances", "{InstanceId: i-9, VpcId: vpc-a, KeyName: bob}")}), "KeyName bob is not the instance's")
}

// The user data of an instance that has no ENI for a while are not those of whoever takes its ID.
func TestAnInstanceStaysItsOwners(t *testing.T) {
	r, err := NewRegion(story(t))
	require.NoError(t, err)
	change := func(by Owned, kind, object string) error {
		edit, err := Put(kind, []byte(object))
		require.NoError(t, err)
		if err := by.May(r, []Edit{edit}); err != nil {
			return err
		}
		r, err = r.Change(edit)
		return err
	}
	a, b := Owned{"vpc-a"}, Owned{"vpc-b"}
	mine := "{NetworkInterfaceId: eni-a9, SubnetId: subnet-a1, MacAddress: '06:00:00:00:0a:09', PrivateIpAddress: 10.0.1.9, Groups: [{GroupId: sg-a-web}], Attachment: {InstanceId: i-new}}"
	his := "{NetworkInterfaceId: eni-b9, SubnetId: subnet-b1, MacAddress: '06:00:00:00:0b:09', PrivateIpAddress: 10.0.1.9, Groups: [{GroupId: sg-b-web}], Attachment: {InstanceId: i-new}}"
	data := "{InstanceId: i-new, UserData: {Value: c2VjcmV0}}"
	require.ErrorContains(t, change(a, "InstanceAttributes", data), "in no VPC of yours")
	require.NoError(t, change(a, "NetworkInterfaces", mine))
	require.NoError(t, change(a, "InstanceAttributes", data))
	require.True(t, a.Sees(r, r.Edit("InstanceAttributes", "i-new")))
	require.False(t, b.Sees(r, r.Edit("InstanceAttributes", "i-new")))
	require.ErrorContains(t, change(b, "InstanceAttributes", data), "in no VPC of yours")
	require.ErrorContains(t, change(b, "NetworkInterfaces", his), "an instance of somebody else")
	require.NoError(t, change(a, "NetworkInterfaces", strings.Replace(mine, ", Attachment: {InstanceId: i-new}", "", 1)))
	require.ErrorContains(t, change(b, "NetworkInterfaces", his), "an instance of somebody else")
}

// An owner launches an instance with its user data in one change, and takes nobody's with one.
func TestALaunchIsOneChange(t *testing.T) {
	r, err := NewRegion(story(t))
	require.NoError(t, err)
	a, b := Owned{"vpc-a"}, Owned{"vpc-b"}
	put := func(kind, object string) Edit {
		edit, err := Put(kind, []byte(object))
		require.NoError(t, err)
		return edit
	}
	eni := func(subnet, group string) Edit {
		return put("NetworkInterfaces", "{NetworkInterfaceId: eni-9, SubnetId: "+subnet+", MacAddress: '06:00:00:00:0a:09', PrivateIpAddress: 10.0.1.9, Groups: [{GroupId: "+group+"}], Attachment: {InstanceId: i-new}}")
	}
	mine, his := eni("subnet-a1", "sg-a-web"), eni("subnet-b1", "sg-b-web")
	data := put("InstanceAttributes", "{InstanceId: i-new, UserData: {Value: c2VjcmV0}}")
	instance := put("Instances", "{InstanceId: i-new, VpcId: vpc-a}")
	for _, launch := range [][]Edit{{mine, data}, {data, mine}, {instance, data}, {data, mine, instance}} {
		require.NoError(t, a.May(r, launch))
		require.Error(t, b.May(r, launch))
	}
	r, err = r.Change(data) // the provider's: nobody's yet
	require.NoError(t, err)
	for _, launch := range [][]Edit{{his, data}, {put("Instances", "{InstanceId: i-new, VpcId: vpc-b}"), data}, {his}} {
		require.Error(t, b.May(r, launch))
	}
}
