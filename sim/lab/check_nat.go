//go:build linux

package lab

import (
	"context"
	"fmt"
	"net/netip"
)

// filesPort is where the client serves files.
const filesPort = 8080

// aFile is how many bytes a download has that is no test of speed.
const aFile = 8 << 20

// natGateway: a3, which has no public address, downloads a file from the internet, where it is
// known by the NAT gateway's address. Nobody comes in that way.
func (s *story) natGateway(ctx context.Context) (string, error) {
	if len(s.region.nats) == 0 {
		return "", fmt.Errorf("the region has no NAT gateway")
	}
	gateway, from, files := s.region.nats[0], s.a3.visitor(), netip.AddrPortFrom(s.client.addr, filesPort)
	if err := from.connection(files).fetches(ctx, page("client", "the internet", gateway.Public.String())); err != nil {
		return "", err
	}
	if err := from.connection(files).download(ctx, aFile); err != nil {
		return "", err
	}
	knock := s.client.connection(netip.AddrPortFrom(gateway.Public, webPort))
	if _, err := s.refusedAs(ctx, "nat_unknown", knock, &machine{guest: guest{ENI: gateway.ENI, Card: gateway.Card}}); err != nil {
		return "", err
	}
	return fmt.Sprintf("a3 downloaded 8 MiB from the client, checksums equal; the client saw %s of %s on card %s, and was dropped there as nat_unknown when it knocked itself",
		gateway.Public, gateway.ID, gateway.Card), nil
}
