package oracle

// What the card does not do as EC2 does. The generator makes no such case while its line
// says so; a line goes when the card learns it.
const (
	lacksPrivateAtGateway = true // the internet gateway drops what comes from or goes to RFC 1918 and 6598
)
