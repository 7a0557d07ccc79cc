package imds

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/smallstep/pkcs7"
	"github.com/stretchr/testify/require"
)

// launch configures i-a1 as describe-instances and its sisters tell it.
func (r *rig) launch(options string) {
	r.Helper()
	r.put("KeyPairs", "{KeyPairId: key-1, KeyName: my key, PublicKey: ssh-ed25519 AAAA alice}",
		"InstanceAttributes", "{InstanceId: i-a1, UserData: {Value: AAEC/w==}}",
		"InstanceTypes", "{InstanceType: t3.nano, Hypervisor: nitro}",
		"Instances", "{InstanceId: i-a1, InstanceType: t3.nano, ImageId: ami-1, Architecture: x86_64, AmiLaunchIndex: 2, LaunchTime: '2026-01-02T03:04:05+00:00', KeyName: my key, "+
			"VirtualizationType: hvm, RootDeviceType: ebs, RootDeviceName: /dev/xvda, Monitoring: {State: disabled}, ProductCodes: [{ProductCodeId: mp-1, ProductCodeType: marketplace}], "+
			"Placement: {AvailabilityZone: us-east-1a, GroupName: near, PartitionNumber: 3}, Tags: [{Key: Name, Value: web one}, {Key: empty, Value: ''}]"+options+"}")
}

// Each category that describe-instances knows, as EC2 writes it.
func TestWhatALaunchedInstanceHears(t *testing.T) {
	r := newRig(t)
	r.launch(", MetadataOptions: {InstanceMetadataTags: enabled}")
	for path, want := range map[string]string{
		"/latest/":                                          "dynamic/\nmeta-data/\nuser-data",
		"/latest/user-data":                                 "\x00\x01\x02\xff",
		"/latest/meta-data/ami-id":                          "ami-1",
		"/latest/meta-data/instance-type":                   "t3.nano",
		"/latest/meta-data/ami-launch-index":                "2",
		"/latest/meta-data/instance-life-cycle":             "on-demand",
		"/latest/meta-data/instance-action":                 "none",
		"/latest/meta-data/profile":                         "default-hvm",
		"/latest/meta-data/system":                          "nitro",
		"/latest/meta-data/ami-manifest-path":               "(unknown)",
		"/latest/meta-data/block-device-mapping/root":       "/dev/xvda",
		"/latest/meta-data/product-codes":                   "mp-1",
		"/latest/dynamic/fws/instance-monitoring":           "disabled",
		"/latest/meta-data/placement/group-name":            "near",
		"/latest/meta-data/placement/partition-number":      "3",
		"/latest/meta-data/public-keys/":                    "0=my key",
		"/latest/meta-data/public-keys/0/":                  "openssh-key",
		"/latest/meta-data/public-keys/0/openssh-key":       "ssh-ed25519 AAAA alice\n",
		"/latest/meta-data/tags/instance/":                  "Name\nempty",
		"/latest/meta-data/tags/instance/Name":              "web one",
		"/latest/meta-data/tags/instance/empty":             "",
		"/latest/meta-data/hostname":                        "ip-10-0-1-5.ec2.internal",
		"/latest/dynamic/instance-identity/":                "document\npkcs7\nrsa2048\nsignature",
		"/2021-03-23/meta-data/placement/availability-zone": "us-east-1a",
	} {
		a := r.do("GET", path)
		require.Equal(t, 200, a.StatusCode, path)
		require.Equal(t, want, body(t, a), path)
		kind := "text/plain"
		if strings.HasSuffix(path, "user-data") {
			kind = "application/octet-stream"
		}
		require.Equal(t, kind, a.Header.Get("Content-Type"), path)
	}
	require.Contains(t, body(t, r.do("GET", "/latest/meta-data/")), "public-keys/\n")
	document := body(t, r.do("GET", "/latest/dynamic/instance-identity/document"))
	for _, line := range []string{`"imageId": "ami-1"`, `"instanceType": "t3.nano"`, `"architecture": "x86_64"`, `"pendingTime": "2026-01-02T03:04:05Z"`, `"devpayProductCodes": null`, "\"marketplaceProductCodes\": [\n    \"mp-1\"\n  ]"} {
		require.Contains(t, document, line)
	}
}

// What is not told, or not enabled, is not there.
func TestWhatAnInstanceDoesNotHear(t *testing.T) {
	r := newRig(t)
	r.launch("")
	for _, path := range []string{"/latest/meta-data/tags/instance/Name", "/latest/meta-data/tags/", "/latest/meta-data/iam/", "/latest/meta-data/kernel-id", "/latest/meta-data/public-keys/1/"} {
		require.Equal(t, 404, r.do("GET", path).StatusCode, path)
	}
	r.put("Instances", "{InstanceId: i-a1}", "InstanceAttributes", "{InstanceId: i-a1}")
	for _, path := range []string{"/latest/user-data", "/latest/meta-data/public-keys/", "/latest/meta-data/ami-id", "/latest/meta-data/profile",
		"/latest/meta-data/system", "/latest/meta-data/ami-manifest-path", "/latest/meta-data/block-device-mapping/", "/latest/meta-data/product-codes", "/latest/dynamic/fws/"} {
		require.Equal(t, 404, r.do("GET", path).StatusCode, path)
	}
}

// An instance with one network card hears of none; with several, of each ENI's.
func TestNetworkCardsOfAnInstance(t *testing.T) {
	r, at := newRig(t), "/latest/meta-data/network/interfaces/macs/06:00:00:00:0a:01/network-card"
	require.Equal(t, 404, r.do("GET", at).StatusCode)
	r.put("NetworkInterfaces", "{NetworkInterfaceId: eni-a1, SubnetId: subnet-a1, MacAddress: '06:00:00:00:0a:01', Attachment: {InstanceId: i-a1, DeviceIndex: 1, NetworkCardIndex: 3}, PrivateIpAddress: 10.0.1.5}")
	require.Equal(t, "3", body(t, r.do("GET", at)))
}

// The zone of the subnet counts, in all that is told: an instance whose placement says another zone was moved
// by hand. What nobody tells of the launch is null.
func TestZonesAgree(t *testing.T) {
	r := newRig(t)
	r.put("Instances", "{InstanceId: i-a1, Placement: {AvailabilityZone: eu-west-1b}}")
	r.request.Instance.ENIs[0].Subnet.Zone = "us-east-1a"
	require.Equal(t, "us-east-1a", body(t, r.do("GET", "/latest/meta-data/placement/availability-zone")))
	document := body(t, r.do("GET", "/latest/dynamic/instance-identity/document"))
	for _, line := range []string{`"availabilityZone": "us-east-1a"`, `"region": "us-east-1"`, `"pendingTime": null`} {
		require.Contains(t, document, line)
	}
	r.request.Instance.ENIs[0].Subnet.Zone = ""
	for path, want := range map[string]string{"availability-zone": "eu-west-1b", "region": "eu-west-1"} {
		require.Equal(t, want, body(t, r.do("GET", "/latest/meta-data/placement/"+path)))
	}
	require.Contains(t, body(t, r.do("GET", "/latest/dynamic/instance-identity/document")), `"region": "eu-west-1"`)
	r.put("Instances", "{InstanceId: i-a1, Placement: {AvailabilityZone: eu-west-1b, AvailabilityZoneId: euw1-az2}}")
	r.request.Instance.ENIs[0].Subnet.Zone = ""
	require.Equal(t, "euw1-az2", body(t, r.do("GET", "/latest/meta-data/placement/availability-zone-id")))
	r.request.Instance.ENIs[0].Subnet.Zone = "cn-north-1a"
	require.Equal(t, 404, r.do("GET", "/latest/meta-data/placement/availability-zone-id").StatusCode, "of another zone")
	for path, want := range map[string]string{"services/partition": "aws-cn", "services/domain": "amazonaws.com.cn", "public-hostname": "ec2-35-72-2-8.cn-north-1.compute.amazonaws.com.cn"} {
		require.Equal(t, want, body(t, r.do("GET", "/latest/meta-data/"+path)))
	}
}

// An instance's options are in force as they are configured.
func TestOptionsOfAnInstance(t *testing.T) {
	for _, c := range []struct {
		options    string
		ipv6       bool
		get, token int
		ttl        int
	}{
		{"", true, 200, 200, 1},
		{"{HttpTokens: optional, HttpPutResponseHopLimit: 64}", false, 200, 200, 64},
		{"{HttpTokens: required, HttpPutResponseHopLimit: 2}", false, 401, 200, 2},
		{"{HttpEndpoint: disabled}", false, 403, 403, 0},
		{"{HttpProtocolIpv6: disabled}", false, 200, 200, 1},
		{"{HttpProtocolIpv6: disabled}", true, 403, 403, 0},
		{"{HttpProtocolIpv6: enabled}", true, 200, 200, 1},
	} {
		r := newRig(t)
		options := ""
		if c.options != "" {
			options = ", MetadataOptions: " + c.options
		}
		r.launch(options)
		r.request.IPv6 = c.ipv6
		require.Equal(t, c.get, r.do("GET", "/latest/meta-data/instance-type").StatusCode, c)
		require.Equal(t, c.token, r.do("PUT", "/latest/api/token", ttlHeader, "60").StatusCode, c)
		require.Equal(t, c.ttl, r.ttl, c)
	}
}

// An instance may be named by its ID instead of its address.
func TestAResourceNameIsTheHostname(t *testing.T) {
	r := newRig(t)
	r.put("Instances", "{InstanceId: i-a1, PrivateDnsNameOptions: {HostnameType: resource-name}}")
	require.Equal(t, "i-a1.ec2.internal", body(t, r.do("GET", "/latest/meta-data/local-hostname")))
}

// The identity document is signed, once, by a key whose certificate says that the key is not AWS's.
func TestTheIdentityDocumentIsSigned(t *testing.T) {
	r := newRig(t)
	r.launch("")
	r.do("GET", "/latest/dynamic/instance-identity/document")
	r.do("GET", "/latest/dynamic/instance-identity/")
	require.Empty(t, r.server.signer.signed, "nobody asked for a signature")
	ask := func(name string) string { return body(t, r.do("GET", "/latest/dynamic/instance-identity/"+name)) }
	document, sum := ask("document"), sha256.Sum256([]byte(ask("document")))
	wrapped, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(ask("rsa2048"), "\n", ""))
	require.NoError(t, err)
	p, err := pkcs7.Parse(wrapped)
	require.NoError(t, err)
	require.NoError(t, p.Verify())
	require.Equal(t, document, string(p.Content))
	require.Equal(t, notAWS, p.Certificates[0].Subject.CommonName)
	bare, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(ask("signature"), "\n", ""))
	require.NoError(t, err)
	told, err := r.server.Certificate()
	require.NoError(t, err)
	shown, rest := pem.Decode(told)
	require.Empty(t, rest)
	require.Equal(t, p.Certificates[0].Raw, shown.Bytes, "who checks the document is shown the certificate")
	require.NoError(t, rsa.VerifyPKCS1v15(p.Certificates[0].PublicKey.(*rsa.PublicKey), crypto.SHA256, sum[:], bare))
	require.Equal(t, ask("rsa2048"), ask("pkcs7"), "who asks again gets the same")
	require.Len(t, r.server.signer.signed, 1)
}
