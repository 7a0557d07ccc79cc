//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/sim/netlab"
)

// A container as Docker lays its network: a namespace behind the guest's own, with an address that
// the guest translates to its own when it forwards.
var (
	containerAddr = netip.MustParsePrefix("172.17.0.2/16")
	dockerAddr    = netip.MustParsePrefix("172.17.0.1/16")
)

const (
	forwarding = "net/ipv4/ip_forward"
	docker     = "docker0" // the guest's link to the container
	masquerade = "table ip docker { chain post { type nat hook postrouting priority srcnat; ip saddr 172.17.0.0/16 masquerade; }; }"
)

// container: a guest gets a token of the metadata service, and a container on the guest does not,
// for the answer that brings one goes one hop: the guest's kernel forwards it no further. What needs
// no token, the container hears; and a token, too, where the guest's options let it go two hops.
func (s *story) container(ctx context.Context) (seen string, err error) {
	c, err := s.a1.contain(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.a1.remove(c)) }()
	id, err := curl.run(ctx, c, "-sS", "-f", metadataURL+"meta-data/instance-id")
	if err != nil {
		return "", fmt.Errorf("the container asks without a token: %w", err)
	}
	if _, err := askToken(ctx, s.a1.Host); err != nil {
		return "", fmt.Errorf("a1 asks for a token: %w", err)
	}
	answers, err := s.tokenInVain(ctx, c)
	if err != nil {
		return "", err
	}
	if err := s.hopLimit(ctx, 2); err != nil {
		return "", err
	}
	if _, err := askToken(ctx, c); err != nil {
		return "", fmt.Errorf("the container asks for a token, which may go two hops: %w", err)
	}
	if err := s.hopLimit(ctx, 1); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s behind a1, translated to %s as Docker does, hears without a token that it is on %s; %d answers with a token for it came with TTL 1 and ended at a1, which gets its own; with a hop limit of 2 the container has one, too",
		containerAddr.Addr(), s.a1.Addr.Addr(), id, answers), nil
}

// contain starts a container's network on a guest.
func (m *machine) contain(ctx context.Context) (*netlab.Host, error) {
	for _, t := range []tool{nft, curl} {
		if _, err := t.path(); err != nil {
			return nil, err
		}
	}
	c, err := netlab.NewHost("container")
	if err != nil {
		return nil, err
	}
	_, err = nft.feed(ctx, m.Host, masquerade, "-f", "-")
	for _, step := range []func() error{
		func() error { return m.Sysctl(forwarding, "1") },
		func() error {
			return netlab.Cable(netlab.End{Host: c, Name: "eth0"}, netlab.End{Host: m.Host, Name: docker}, internetMTU)
		},
		func() error { return m.Address(docker, dockerAddr) },
		func() error { return c.Address("eth0", containerAddr) },
		func() error { return c.Via(everywhere, dockerAddr.Addr()) },
	} {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		err = errors.Join(err, m.remove(c))
	}
	return c, err
}

// remove ends a container, and leaves the guest as it was.
func (m *machine) remove(c *netlab.Host) error {
	c.Close()
	_, err := nft.run(context.Background(), m.Host, "delete", "table", "ip", "docker")
	return errors.Join(err, m.Sysctl(forwarding, "0"))
}

const metadataURL = "http://169.254.169.254/latest/"

// askToken asks for a token as AWS's pages have it.
func askToken(ctx context.Context, h *netlab.Host) (string, error) {
	return curlAsks(ctx, h, "-X", "PUT", "-H", "X-aws-ec2-metadata-token-ttl-seconds: 60", metadataURL+"api/token")
}

// tokenInVain has the container ask for a token until a1 has seen the answer twice, with a TTL that
// is over there, and expects that nothing of it comes further.
func (s *story) tokenInVain(ctx context.Context, c *netlab.Host) (answers int, err error) {
	watch, err := s.a1.Watch("eth0", lastHop)
	if err != nil {
		return 0, err
	}
	defer watch.Stop()
	asking, leave := context.WithCancel(ctx)
	defer leave()
	came := make(chan string, 1)
	go func() {
		token, _ := askToken(asking, c) // curl is ended, or has an answer
		came <- token
	}()
	err = until(ctx, "the answer with a token came to a1 again", func() (bool, error) {
		return len(watch.Frames()) >= 2 || len(came) > 0, nil
	})
	leave()
	if token := <-came; err == nil && strings.TrimSpace(token) != "" {
		err = errors.New("a container one hop behind a1 got a token")
	}
	return len(watch.Frames()), err
}

// hopLimit sets for how many hops a token of a1's goes.
func (s *story) hopLimit(ctx context.Context, n int) error {
	i := ec2.Instance{InstanceId: "i-" + s.a1.Nick, MetadataOptions: &ec2.InstanceMetadataOptionsResponse{HttpPutResponseHopLimit: n}}
	return s.put(ctx, "Instances", i.InstanceId, i)
}

// lastHop likes the metadata service's segments that bring something and must not be forwarded.
func lastHop(frame []byte) bool {
	var h wire.Headers
	if wire.Parse(frame, &h) != wire.NoFault || h.Proto != wire.ProtoTCP || h.SrcPort != webPort || !h.Src.Netip().IsLinkLocalUnicast() {
		return false
	}
	data := int(h.L4) + int(frame[h.L4+12]>>4)*4
	return wire.IPv4(frame[h.L3:]).TTL() == 1 && data < int(h.End)
}
