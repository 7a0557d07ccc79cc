// Package ctl is the control socket of a card: HTTP and JSON on a Unix
// socket, so that curl is a client as good as ours.
//
//	listen.go  the socket: mode 0660, a dead card's replaced, a living card's respected
//	folder.go  where it is; lock.go keeps others away while it comes there
//	target.go  Target: a card, or a controller
//	server.go  Serve, and the table of routes
//	access.go  who may read and write, and who did; peer_linux.go asks the kernel who it is
//	role.go    the roles of clients, and of certificates
//	read.go    what a GET answers
//	dryrun.go  what a PUT would change
//	query.go   parameters of writes
//	write.go   what a PUT or DELETE changes
//	page.go    what of a listing is asked for
//	chunks.go  a listing, written while it is made; object.go the same of an object
//	pace.go    clients that stop reading or sending are let go
//	clients.go  how many clients there may be, and who goes first
//	room.go    what only so many clients may have at a time
//	reply.go   JSON, statuses and errors
//	printable.go  no control of a terminal in any of it
//	capture.go what a card receives, sends and drops, while it goes on
//	client.go  Client: the same from Go; clientread.go its reads, clientwrite.go its writes; pages.go reads listings page by page
//
// Reads answer with what package nic calls views; the configuration's objects
// are EC2's.
//
//	GET /v1/enis               GET /v1/enis/ID
//	GET /v1/allowances         GET /v1/allowances/ID
//	GET /v1/security-groups    GET /v1/security-groups/ID
//	GET /v1/network-acls       GET /v1/network-acls/ID
//	GET /v1/ports              GET /v1/ports/NAME
//	GET /v1/nat-gateways       GET /v1/nat-gateways/ID
//	GET /v1/flows              ?eni=ID: of one ENI
//	GET /v1/hits               rules, entries and routes that connections use
//	GET /v1/drops
//	GET /v1/workers
//	GET /v1/identity           the certificate of the key that signs identity documents
//	GET /v1/config
//	GET /v1/capture            ?eni=ID&dropped=true&filter=EXPRESSION&snap=BYTES
//
// The last is a capture file, pcapng, that goes on until the client leaves (package capture). It shows
// what guests say to each other, so it takes the rights of a write; and there are four at a time.
//
// The listings of ENIs, allowances, security groups, network ACLs, ports, NAT gateways and flows have
// pages: ?limit=N items, 1,000 unless told, after the one that ?after= names by its ID or
// name, a flow by its "at". An empty page is the last. The card has a chunk of an answer in
// memory, however long the answer is, and works at two listings at a time; a client that
// does not read for 10 s is let go.
//
// Writes change the configuration as a whole or not at all. The card has the
// new one in force when the answer comes, and the answer says what changed.
//
//	PUT    /v1/config            the whole configuration, JSON or YAML, answers of EC2's API too;
//	                             ?reading=strict or lenient decides how names that EC2 lacks are taken;
//	                             ?flush=true cuts connections that the new rules would not let begin
//	PUT    /v1/config/Placement  what EC2 does not tell
//	PUT    /v1/config/KIND/ID    one object, such as SecurityGroups/sg-1
//	POST   /v1/config/KIND       a new object, which is given its ID, MAC and addresses, and what EC2 creates with it;
//	                             201, and the answer has the object
//	DELETE /v1/config/KIND/ID
//	POST   /v1/dry-run           the whole configuration: changes nothing, and answers what PUT /v1/config would change,
//	                             and what would become of connections; takes ?reading=, too
//
// A write with a parameter that its path does not take, or with another value, is refused with 400.
//
// With curl, where the host's name is of no consequence:
//
//	curl --unix-socket /run/nitrocard/card.sock http://card/v1/enis
//	curl --unix-socket /run/nitrocard/card.sock http://card/v1/config/SecurityGroups/sg-1 -T sg-1.json
//	curl --unix-socket /run/nitrocard/card.sock http://card/v1/config/NetworkInterfaces -d '{"SubnetId": "subnet-1"}'
//
// An error is {"error": "...", "problems": [{"file", "path", "reason"}]}: 400 for a configuration that the card does
// not take, 404 for what is not there, 405 for a method that a path does not
// have, 408 for a body that comes too slowly, 409 for an object that others need, 413 for a
// body over 128 MiB, 503 where others have asked too much for now, with Retry-After.
//
// Whoever may open the socket, whose mode is 0660, may do all of this, unless Access
// names groups: then 403 answers a write of whoever may only read. The log names user
// and process of each write. Over TLS a client has the role that its certificate names; the
// owner of some VPCs sees and changes what is in them.
package ctl
