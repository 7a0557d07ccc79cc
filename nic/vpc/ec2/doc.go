// Package ec2 holds the shapes of EC2's describe-* answers that a card's
// configuration is made of, and reads them strictly: a name that EC2 does not
// have is an error with its place and the nearest name that it has.
//
// Types bear the names of the API's shapes and fields those of their members,
// so that whoever knows AWS knows them. A shape has only the members that the
// card reads, and those that help people (names, tags); the others are known
// by name from fields.txt and passed over.
//
//	network.go    VPCs, subnets, route tables, network ACLs, gateways
//	interface.go  network interfaces and Elastic IP addresses
//	security.go   security groups and prefix lists
//	fields.go     the names EC2 has (fields.txt), the nearest of them
//	tree.go       a file to a plain tree, within bounds; json.go, yaml.go
//	decode.go     a tree to shapes; every mistake is found, not only the first
//	problem.go    a mistake: its place and its reason
//
// The decoder is our own because encoding/json stops at the first wrong type,
// takes "vpcs" for "Vpcs", and knows no path; and because the tree between file
// and shapes is where the size of hostile YAML is bounded.
package ec2
