package vpc

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is told of an instance does not contradict its ENIs, whichever of both changes; ENIs beside the first may be in
// another subnet.
func TestAnInstanceIsWhereItsENIsAre(t *testing.T) {
	c := story(t)
	c.Subnets[0].AvailabilityZone = "us-east-1a"
	r, err := NewRegion(c)
	require.NoError(t, err)
	const eni = "{NetworkInterfaceId: eni-a1, SubnetId: subnet-a1, MacAddress: '06:00:00:00:0a:01', PrivateIpAddress: 10.0.1.5, Attachment: {InstanceId: i-a1}}"
	for _, step := range []struct{ kind, object, want string }{
		{"Instances", "{InstanceId: i-a1, VpcId: vpc-b}", "Instances i-a1: VpcId is vpc-b, and its ENI eni-a1 is in vpc-a"},
		{"Instances", "{InstanceId: i-a1, SubnetId: subnet-a2}", "Instances i-a1: SubnetId is subnet-a2, and its ENI eni-a1 is in subnet-a1"},
		{"Instances", "{InstanceId: i-a1, Placement: {AvailabilityZone: us-east-1b}}", "Instances i-a1: Placement: AvailabilityZone is us-east-1b, and its ENI eni-a1 is in us-east-1a"},
		{"Instances", "{InstanceId: i-a1, VpcId: vpc-a, SubnetId: subnet-a1, Placement: {AvailabilityZone: us-east-1a}}", ""},
		{"NetworkInterfaces", strings.NewReplacer("subnet-a1", "subnet-a2", "10.0.1.5", "10.0.2.5").Replace(eni), "Instances i-a1: SubnetId is subnet-a1, and its ENI eni-a1 is in subnet-a2"},
		{"NetworkInterfaces", strings.NewReplacer("subnet-a1", "subnet-a2", "10.0.1.5", "10.0.2.77", "i-a1}", "i-a1, DeviceIndex: 1}").Replace(eni), ""},
	} {
		edit, err := Put(step.kind, []byte(step.object))
		require.NoError(t, err)
		next, err := r.Change(edit)
		if step.want != "" {
			require.ErrorContains(t, err, step.want)
			continue
		}
		require.NoError(t, err, step.object)
		r = next
	}
}

// Answers of two moments may contradict each other.
func TestAnInstanceElsewhereInAnswers(t *testing.T) {
	dump := map[string]string{
		"instances.json": `{"Reservations": [{"Instances": [{"InstanceId": "i-0a", "VpcId": "vpc-0b", "ImageId": "ami-0a"}]}]}`,
		"vpcs.json":      aNet, "subnets.json": aSub,
		"enis.json": `{"NetworkInterfaces": [` + strings.Replace(instanceENI, `"DeviceIndex": 0`, `"DeviceIndex": 0, "InstanceId": "i-0a"`, 1) + `]}`,
	}
	c, err := Load(laid(t, dump))
	require.NoError(t, err)
	r, err := NewRegion(c)
	require.NoError(t, err)
	require.Contains(t, sentences(r), "instances.json: Reservations[0]: Instances[0] i-0a: VpcId is vpc-0b, and its ENI eni-0a is in vpc-0a; what the ENI is told to be counts")
}

// More ENIs than the type of an instance may have are told, as long as the type and the ENIs are so.
func TestENIsOfAType(t *testing.T) {
	r, err := NewRegion(story(t))
	require.NoError(t, err)
	const second = "{NetworkInterfaceId: eni-9, SubnetId: subnet-a1, MacAddress: '06:00:00:00:0a:99', PrivateIpAddress: 10.0.1.99, Attachment: {InstanceId: i-a1, DeviceIndex: 1}}"
	for _, step := range []struct{ kind, object, told string }{
		{"InstanceTypes", "{InstanceType: t9.one, NetworkInfo: {MaximumNetworkInterfaces: 1}}", ""},
		{"Instances", "{InstanceId: i-a1, InstanceType: t9.one}", ""},
		{"NetworkInterfaces", second, "Instances i-a1: 2 ENIs of a t9.one are more than EC2 allows (1)"},
		{"InstanceTypes", "{InstanceType: t9.one, NetworkInfo: {MaximumNetworkInterfaces: 2}}", ""},
		{"InstanceTypes", "{InstanceType: t9.one, NetworkInfo: {MaximumNetworkInterfaces: 1}}", "Instances i-a1: 2 ENIs of a t9.one are more than EC2 allows (1)"},
		{"NetworkInterfaces", strings.Replace(second, "i-a1", "i-9", 1), ""},
	} {
		edit, err := Put(step.kind, []byte(step.object))
		require.NoError(t, err)
		r, err = r.Change(edit)
		require.NoError(t, err)
		if step.told == "" {
			require.NotContains(t, sentences(r), "ENIs of a t9.one", step.object)
		} else {
			require.Contains(t, sentences(r), step.told, step.object)
		}
	}
}

// sentences are a region's notices, one a line.
func sentences(r *Region) string {
	var all []string
	for _, n := range r.Notices() {
		all = append(all, n.String())
	}
	return strings.Join(all, "\n")
}
