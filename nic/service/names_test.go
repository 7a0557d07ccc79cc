package service_test

import (
	"strings"
	"testing"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"
)

const (
	subnet1 = "SubnetId: subnet-a1, VpcId: vpc-a, CidrBlock: 10.0.1.0/24, Ipv6CidrBlockAssociationSet: [{Ipv6CidrBlock: '2001:db8:a:1::/64'}]"
	both    = "PrivateDnsNameOptions: {EnableResourceNameDnsARecord: true, EnableResourceNameDnsAAAARecord: true}"
)

// delegated is a2's ENI with a prefix.
const delegated = "{NetworkInterfaceId: eni-a2, SubnetId: subnet-a1, MacAddress: '06:00:00:00:0a:02', Groups: [{GroupId: sg-a-web}], Attachment: {InstanceId: i-a2}, " +
	"PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.6}], Ipv4Prefixes: [{Ipv4Prefix: 10.0.1.32/28}]}"

// reverse6 is the name under ip6.arpa of an address.
func reverse6(addr string) string {
	name, err := dns.ReverseAddr(addr)
	if err != nil {
		panic(err)
	}
	return name
}

// What names mean depends on attributes of the VPC, on options of the instance and of the subnet.
func TestNamesAsAttributesSay(t *testing.T) {
	const ip, resource, public = "ip-10-0-1-6.ec2.internal.", "i-a2.ec2.internal.", "ec2-35-72-2-8.compute-1.amazonaws.com."
	for _, c := range []struct {
		kind, object string
		name         string
		asked        uint16
		code         int
		want         string // the data of the answer; "": none
	}{
		{"VpcAttributes", "{VpcId: vpc-a, EnableDnsSupport: {Value: true}, EnableDnsHostnames: {Value: true}}", ip, dns.TypeA, dns.RcodeSuccess, "10.0.1.6"},
		{"VpcAttributes", "{VpcId: vpc-a, EnableDnsSupport: {Value: false}}", ip, dns.TypeA, dns.RcodeRefused, ""},
		{"VpcAttributes", "{VpcId: vpc-a, EnableDnsHostnames: {Value: false}}", ip, dns.TypeA, dns.RcodeNameError, ""},
		{"VpcAttributes", "{VpcId: vpc-a, EnableDnsHostnames: {Value: false}}", "6.1.0.10.in-addr.arpa.", dns.TypePTR, dns.RcodeNameError, ""},
		{"VpcAttributes", "{VpcId: vpc-a, EnableDnsHostnames: {Value: false}}", public, dns.TypeA, dns.RcodeSuccess, "35.72.2.8"},
		{"VpcAttributes", "{VpcId: vpc-b, EnableDnsSupport: {Value: false}}", public, dns.TypeA, dns.RcodeSuccess, "10.0.1.5"},

		{"Instances", "{InstanceId: i-a2}", resource, dns.TypeA, dns.RcodeNameError, ""},
		{"Instances", "{InstanceId: i-a2, " + both + "}", resource, dns.TypeA, dns.RcodeSuccess, "10.0.1.6"},
		{"Instances", "{InstanceId: i-a2, " + both + "}", resource, dns.TypeAAAA, dns.RcodeSuccess, "2001:db8:a:1::6"},
		{"Instances", "{InstanceId: i-a2, PrivateDnsNameOptions: {EnableResourceNameDnsAAAARecord: true}}", resource, dns.TypeA, dns.RcodeSuccess, ""},
		{"Instances", "{InstanceId: i-a2, PrivateDnsNameOptions: {EnableResourceNameDnsARecord: true}}", resource, dns.TypeAAAA, dns.RcodeSuccess, ""},
		{"Instances", "{InstanceId: i-b1, " + both + "}", "i-b1.ec2.internal.", dns.TypeA, dns.RcodeNameError, ""}, // of another VPC
		{"Subnets", "{" + subnet1 + ", PrivateDnsNameOptionsOnLaunch: {EnableResourceNameDnsARecord: true}}", resource, dns.TypeA, dns.RcodeSuccess, "10.0.1.6"},

		{"Instances", "{InstanceId: i-a2, " + both + "}", reverse6("2001:db8:a:1::6"), dns.TypePTR, dns.RcodeSuccess, resource},
		{"Instances", "{InstanceId: i-a2}", reverse6("2001:db8:a:1::6"), dns.TypePTR, dns.RcodeNameError, ""},
		{"Instances", "{InstanceId: i-a2, " + both + "}", reverse6("2001:db8:a:1::99"), dns.TypePTR, dns.RcodeNameError, ""},
		{"Instances", "{InstanceId: i-a2, " + both + "}", reverse6("2001:db8:b:1::6"), dns.TypePTR, dns.RcodeRefused, ""}, // of no VPC
		{"Instances", "{InstanceId: i-a2, " + both + "}", strings.Replace(reverse6("2001:db8:a:1::6"), "6.0", "6x0", 1), dns.TypePTR, dns.RcodeRefused, ""},

		{"NetworkInterfaces", delegated, "ip-10-0-1-40.ec2.internal.", dns.TypeA, dns.RcodeSuccess, "10.0.1.40"},
		{"NetworkInterfaces", delegated, "40.1.0.10.in-addr.arpa.", dns.TypePTR, dns.RcodeSuccess, "ip-10-0-1-40.ec2.internal."},

		{"Subnets", "{" + subnet1 + ", EnableDns64: true}", ip, dns.TypeAAAA, dns.RcodeSuccess, "64:ff9b::a00:106"},
		{"Subnets", "{" + subnet1 + ", EnableDns64: true}", ip, dns.TypeA, dns.RcodeSuccess, "10.0.1.6"},
		{"Subnets", "{" + subnet1 + ", EnableDns64: true}", "ip-10-0-1-99.ec2.internal.", dns.TypeAAAA, dns.RcodeNameError, ""},
		{"Subnets", "{" + subnet1 + ", EnableDns64: true, PrivateDnsNameOptionsOnLaunch: {EnableResourceNameDnsAAAARecord: true, EnableResourceNameDnsARecord: true}}", resource, dns.TypeAAAA, dns.RcodeSuccess, "2001:db8:a:1::6"},
	} {
		r := newRig(t)
		r.put(c.kind, c.object)
		a := r.resolve(asksFor(c.name, c.asked))
		require.Equal(t, c.code, a.Rcode, c.object)
		if c.want == "" {
			require.Empty(t, a.Answer, c.object)
			continue
		}
		require.Len(t, a.Answer, 1, c.object)
		require.Equal(t, c.want, strings.Fields(a.Answer[0].String())[4], c.object)
	}
}

// Over peering a public name means the private address if the peer says so.
func TestAPeerLendsItsPrivateAddresses(t *testing.T) {
	for options, want := range map[string]string{
		"": "203.0.113.7", ", PeeringOptions: {AllowDnsResolutionFromRemoteVpc: false}": "203.0.113.7", ", PeeringOptions: {AllowDnsResolutionFromRemoteVpc: true}": "10.9.1.5",
	} {
		r := newRig(t)
		r.put("Vpcs", "{VpcId: vpc-c, CidrBlock: 10.9.0.0/16}")
		r.put("Subnets", "{SubnetId: subnet-c1, VpcId: vpc-c, CidrBlock: 10.9.1.0/24}")
		r.put("SecurityGroups", "{GroupId: sg-c, VpcId: vpc-c, GroupName: c}")
		r.put("NetworkInterfaces", "{NetworkInterfaceId: eni-c1, SubnetId: subnet-c1, MacAddress: '06:00:00:00:0c:01', PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.9.1.5, Association: {PublicIp: 203.0.113.7}}], Groups: [{GroupId: sg-c}]}")
		r.put("VpcPeeringConnections", "{VpcPeeringConnectionId: pcx-1, RequesterVpcInfo: {VpcId: vpc-a}, AccepterVpcInfo: {VpcId: vpc-c"+options+"}, Status: {Code: active}}")
		a := r.resolve(asksFor("ec2-203-0-113-7.compute-1.amazonaws.com.", dns.TypeA))
		require.Len(t, a.Answer, 1)
		require.Equal(t, want, strings.Fields(a.Answer[0].String())[4], options)
	}
}
