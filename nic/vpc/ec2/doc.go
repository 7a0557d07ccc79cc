// Package ec2 holds the shapes of EC2's describe-* answers that a card's
// configuration is made of, and reads them: a name that EC2 does not have is told
// with its place and the nearest name that it has.
//
// Types bear the names of the API's shapes and fields those of their members,
// so that whoever knows AWS knows them. A shape has only the members that the
// card reads, and those that help people (names, tags); the others are known
// by name from fields.txt and passed over.
//
//	network.go    VPCs, subnets, route tables, network ACLs, gateways
//	interface.go  network interfaces and Elastic IP addresses
//	instance.go   instances, their user data, key pairs; instancetype.go their types
//	security.go   security groups and prefix lists
//	fields.go     the names EC2 has (fields.txt), the nearest of them
//	text.go       a file to JSON text, within bounds; json.go, yaml.go
//	reader.go     the values of a text, whatever they are; kinds.go which list an object is of
//	decode.go     a value to shapes; scalar.go those that are neither objects nor lists;
//	              decodelist.go lists of them, parallel.go long lists;
//	              decodenote.go mistakes, of which every one is found, not only the first
//	shape.go      what the decoder knows of a shape; unknown.go the names it does not have
//	problem.go    a mistake: its place and its reason
//
// The decoder is our own because those of JSON stop at the first wrong type and
// know no path. It reads tokens straight into shapes: nothing but the shapes grows
// with a file. YAML becomes JSON first, after its size and depth were bounded.
package ec2
