// Package imds is the Instance Metadata Service: what an instance may ask about itself by HTTP
// at 169.254.169.254 and fd00:ec2::254.
//
//	server.go    Server: requests, status codes and headers, as EC2 sends them
//	token.go     tokens of version 2
//	tree.go      paths, and the lists of what lies below them
//	instance.go  what is told of an instance; launch.go of its launch, interface.go of one of its ENIs
//	document.go  its identity document; sign.go signs it, with a key that is not AWS's
//
// The package knows HTTP and the configuration, and nothing of packets: package service brings
// requests here over a TCP of its own.
//
// net/http itself answers what is no request: 400 without Host, 417 for an Expect and 501 for a Transfer-Encoding
// that it does not know, 431 for headers beyond service's bound. These answers lack the headers of EC2's, and come also
// where an instance's options turn metadata off.
package imds
