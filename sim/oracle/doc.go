// Package oracle tells what EC2 does to a packet: slowly, obviously, and without a
// line of the card's. Tests ask the oracle and a card the same questions.
//
// Each rule stands beside a sentence in quotation marks, which sums up AWS's pages in our
// words. So a reader checks the oracle against these pages and not against the card. A
// sentence of an RFC is quoted as it stands there, with its section. The pages are those of
// https://docs.aws.amazon.com, each with .html at its end:
//
//	vpc/latest/userguide/             VPC User Guide
//	  security-group-rules              group.go
//	  security-group-assoc              lent.go
//	  managed-prefix-lists              prefixlist.go
//	  vpc-network-acls                  acl.go
//	  VPC_Route_Tables,
//	  route-tables-priority,
//	  route-table-options,
//	  igw-ingress-routing               route.go, gatewaytable.go
//	  VPC_Internet_Gateway              gateway.go
//	  egress-only-internet-gateway      egressonly.go
//	  security-vpc-bpa-basics           publicaccess.go
//	  vpc-nat-gateway,
//	  vpc-nat-comparison,
//	  nat-gateway-basics,
//	  nat-gateways-regional             natgateway.go, translation.go
//	  nat-gateway-nat64-dns64           nat64.go
//	vpc/latest/peering/               VPC Peering Guide
//	  vpc-peering-basics,
//	  vpc-peering-security-groups       peering.go, group.go
//	vpc/latest/reachability/          Reachability Analyzer
//	  explanation-codes                 gateway.go, peering.go
//	AWSEC2/latest/UserGuide/          EC2 User Guide
//	  security-group-connection-tracking  tracking.go
//	  using-eni, ec2-prefix-eni         interface.go
//	  ec2-resource-limits               port25.go
//	AWSEC2/latest/APIReference/       EC2 API Reference
//	  API_CreateRoute                   route.go
//	  API_NatGateway,
//	  API_UnassignPrivateNatGatewayAddress  natgateway.go
//
// Configurations are plain lists, every look-up is a linear search, and nothing is kept that
// can be asked again.
//
//	packet.go      what the oracle knows of a packet
//	outcome.go     what may become of it: where it ends, and which part of EC2 ended it
//	world.go       a region, its clock, its connections
//	way.go         the way of one packet, part by part: start here
//	mtu.go         how long a packet may be; length.go how long a packet is in the other family
//	headers.go     extension headers of IPv6
//	pieces.go      fragments: which of them pass, if their packet does
//	interface.go   ENIs: who has an address, source/destination check
//	group.go       security groups; lent.go those that are in force in further VPCs
//	tracking.go    connections: which are tracked, and for how long; remember.go what they had
//	acl.go         network ACLs
//	route.go       route tables
//	gateway.go     internet gateways; gatewaytable.go their route tables; egressonly.go those of
//	               IPv6 that nobody opens from outside
//	publicaccess.go VPC Block Public Access
//	port25.go      mail to the internet, which EC2 blocks
//	peering.go     VPC peering
//	blocks.go      a VPC's CIDRs
//	natgateway.go  NAT gateways; translation.go the flows that they send from addresses of their own;
//	               nat64.go packets in the other family
//	prefixlist.go  prefix lists
//	verdicts.go    the card's names for drops, for whoever compares
//
// # What AWS does not tell
//
// Some of what happens is documented nowhere: when a connection ends whose ends have
// sent FIN, say. There the oracle has no opinion of its own. It answers with each
// outcome that would be right; whoever asked says which of them happened, and the
// oracle goes on from there. A few such choices of the card are so plain that the
// oracle takes them from nic/vpc/AWS.md; their comments begin with "Ours".
package oracle
