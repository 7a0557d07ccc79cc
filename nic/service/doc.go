// Package service is what a card answers itself: the services that a machine asks when it
// boots on EC2. Neither security groups nor network ACLs filter them, and an ENI may send
// 1,024 packets a second to all of them together.
//
//	service.go    Services: takes what workers punt (pipeline.Punt), and answers
//	dhcp.go       DHCP: the ENI's own IPv4 address; dhcpv6.go its IPv6 address,
//	              message6.go what a client of it says; options.go the rest
//	dns.go        names of the VPC; forward.go other names, which a resolver is asked for (resolver.go);
//	              specialnames.go names that nobody is asked for
//	hosts.go      the TCP of metadata and of DNS: host.go a host for each ENI that asks, whose TCP is
//	              gVisor's, listener.go its connections, servers.go who answers them; package imds has
//	              the metadata themselves
//	ntp.go        time; clock_*.go the host's clock
//	datagram.go   the frame of an answer; addr.go addresses as others' packages have them
//
// Of who asked by UDP nothing is kept: an ENI's address is its own as long as the ENI lives, and
// the time is the host's. So a flood of datagrams fills no memory. TCP keeps connections: an ENI
// has a host of its own, with bounds of its own, which ends a minute after its last packet.
//
// The requests come from guests and are hostile. Each parser gets a frame whose headers the
// packet path has checked, answers once or not at all, and answers to the ENI that asked alone.
package service
