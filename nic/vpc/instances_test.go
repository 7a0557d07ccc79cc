package vpc

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	instanceENI  = `{"NetworkInterfaceId": "eni-0a", "MacAddress": "02:00:00:00:00:01", "PrivateIpAddress": "10.0.1.5", "SubnetId": "subnet-0a", "VpcId": "vpc-0a", "Attachment": {"DeviceIndex": 0}}`
	anInstance   = `{"InstanceId": "i-0a", "InstanceType": "t3.nano", "State": {"Name": "running"}, "NetworkInterfaces": [` + instanceENI + `]}`
	endedOne     = `{"InstanceId": "i-0b", "InstanceType": "t3.nano", "State": {"Name": "terminated"}, "NetworkInterfaces": []}`
	reservations = `{"Reservations": [{"ReservationId": "r-0a", "Groups": [], "Instances": [` + endedOne + `]}, {"ReservationId": "r-0b", "OwnerId": "1", "Instances": [` + endedOne + `, ` + anInstance + `]}]}`
)

// Where only describe-instances tells ENIs, they are taken, and what is missing is
// said.
func TestENIsOfInstances(t *testing.T) {
	const notice = "NetworkInterfaces: are those of instances alone (1 in aws ec2 describe-instances): the ENIs of services (NAT gateways, load balancers, endpoints, …) " +
		"are not in the configuration (aws ec2 describe-network-interfaces), and packets to them are dropped"
	for text, place := range map[string]string{
		reservations: "x.json: Reservations[1]: Instances[1] i-0a: NetworkInterfaces[0] eni-0a",
		`[{"ReservationId": "r-0a", "Instances": [` + anInstance + `]}]`: "x.json: Reservations[0]: Instances[0] i-0a: NetworkInterfaces[0] eni-0a",
		`[` + endedOne + `, ` + anInstance + `]`:                         "x.json: Instances[1] i-0a: NetworkInterfaces[0] eni-0a",
		`[[` + endedOne + `], [` + anInstance + `]]`:                     "x.json: Instances[1] i-0a: NetworkInterfaces[0] eni-0a",
		`{"Instances": [` + anInstance + `]}`:                            "x.json: Instances[0] i-0a: NetworkInterfaces[0] eni-0a",
		`{"instances": [` + anInstance + `]}`:                            "x.json: instances[0] i-0a: NetworkInterfaces[0] eni-0a",
		`{"data": ` + reservations + `}`:                                 "x.json (data): Reservations[1]: Instances[1] i-0a: NetworkInterfaces[0] eni-0a",
		reservations + "\n" + reservations:                               "x.json: Reservations[1]: Instances[1] i-0a: NetworkInterfaces[0] eni-0a",
	} {
		c, err := Parse("x.json", []byte(text))
		require.NoError(t, err, text)
		require.Len(t, c.NetworkInterfaces, 1, text)
		require.Equal(t, "i-0a", c.NetworkInterfaces[0].Attachment.InstanceId, text)
		require.Equal(t, place, c.path("NetworkInterfaces", 0, "eni-0a"), text)
		require.Len(t, c.Notices, 1, text)
		require.Equal(t, notice, c.Notices[0].String(), text)
	}
}

// Where NetworkInterfaces is there, instances say nothing new.
func TestENIsBesideInstances(t *testing.T) {
	const wrong = `{"Reservations": [{"Instances": [{"InstanceId": "i-0a", "NetworkInterfaces": [{"NetworkInterfaceId": "eni-0b", "PrivateIpAddress": 7}]}]}]}`
	for what, files := range map[string]map[string]string{
		"before": {"a.json": wrong, "b.json": `{"NetworkInterfaces": [` + instanceENI + `]}`},
		"after":  {"b.json": wrong, "a.json": `{"NetworkInterfaces": [` + instanceENI + `]}`},
	} {
		c, err := Load(laid(t, files))
		require.NoError(t, err, what)
		require.Len(t, c.NetworkInterfaces, 1, what)
		require.Empty(t, c.Notices, what)
	}
	_, err := Parse("x.json", []byte(wrong))
	require.EqualError(t, err, "x.json: Reservations[0]: Instances[0] i-0a: NetworkInterfaces[0] eni-0b: PrivateIpAddress: 7 is no IP address such as 10.0.1.5")
	c, err := Parse("x.json", []byte(`{"Reservations": [{"Instances": [`+endedOne+`]}]}`))
	require.NoError(t, err)
	require.Nil(t, c.NetworkInterfaces)
}
