package imds

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// walk asks for all that a list leads to, as cloud-init does for its meta_data, and keeps the text of each leaf.
func (r *rig) walk(path string, leaves map[string]string) {
	r.Helper()
	for line := range strings.Lines(body(r, r.do("GET", path))) {
		name := strings.TrimSuffix(line, "\n")
		if strings.HasSuffix(name, "/") {
			r.walk(path+name, leaves)
			continue
		}
		if number, _, key := strings.Cut(name, "="); key && strings.HasSuffix(path, "/public-keys/") {
			name = number + "/openssh-key"
		}
		a := r.do("GET", path+name)
		require.Equal(r, 200, a.StatusCode, path+name)
		leaves[path+name] = body(r, a)
	}
}

// Whatever a list names is there, in the versions that cloud-init asks for, and what the configuration knows of
// an instance is found so.
func TestWhatListsNameIsThere(t *testing.T) {
	r := newRig(t)
	r.launch(", ReservationId: r-1, MetadataOptions: {InstanceMetadataTags: enabled}")
	r.put("NetworkInterfaces", "{NetworkInterfaceId: eni-a1, SubnetId: subnet-a1, MacAddress: '06:00:00:00:0a:01', OwnerId: '1234', Groups: [{GroupId: sg-a-web}], Attachment: {InstanceId: i-a1}, "+
		"PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.5, Association: {PublicIp: 35.72.2.8}}], Ipv6Addresses: [{Ipv6Address: '2001:db8:a:1::5'}, {Ipv6Address: '2001:db8:a:1::15'}], "+
		"Ipv4Prefixes: [{Ipv4Prefix: 10.0.1.32/28}], Ipv6Prefixes: [{Ipv6Prefix: '2001:db8:a:1:8::/80'}]}")
	for _, version := range []string{"2009-04-04", "2016-09-02", "2018-09-24", "2021-03-23", "latest"} {
		at, leaves := "/"+version+"/meta-data/", map[string]string{}
		r.walk(at, leaves)
		require.Len(t, leaves, 50)
		mac := at + "network/interfaces/macs/06:00:00:00:0a:01/"
		for path, want := range map[string]string{
			at + "reservation-id": "r-1", at + "ipv6": "2001:db8:a:1::5", mac + "ipv6s": "2001:db8:a:1::5\n2001:db8:a:1::15",
			mac + "ipv4-prefix": "10.0.1.32/28", mac + "ipv6-prefix": "2001:db8:a:1:8::/80", mac + "owner-id": "1234",
			at + "public-keys/0/openssh-key": "ssh-ed25519 AAAA alice\n", at + "tags/instance/Name": "web one",
		} {
			require.Equal(t, want, leaves[path], path)
		}
	}
}
