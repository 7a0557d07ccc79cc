package service_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"nitrocard/nic/nictest"
	"nitrocard/nic/nictest/ample"
	"nitrocard/nic/wire"
)

// guest is a machine behind eni-a1 with a TCP of its own, while the card runs.
type guest struct {
	*rig
	stack  *stack.Stack
	link   *channel.Endpoint
	router wire.MAC

	mu   sync.Mutex
	ttls map[uint8]int // of packets with bytes in them that came, how many had each
}

func newGuest(t *testing.T) *guest { return newGuestWith(t, netip.AddrPort{}) }

// newGuestWith is newGuest where names outside the VPC are asked of a resolver.
func newGuestWith(t *testing.T, resolver netip.AddrPort) *guest {
	g := &guest{rig: newRigWith(t, resolver), link: channel.New(64, 1500, ""), ttls: map[uint8]int{}}
	g.router = nictest.ENI(g.card.Policy(), "eni-a1").RouterMAC
	g.stack = stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol},
	})
	require.Nil(t, g.stack.CreateNIC(1, g.link))
	for number, a := range map[tcpip.NetworkProtocolNumber]string{ipv4.ProtocolNumber: "10.0.1.5", ipv6.ProtocolNumber: "2001:db8:a:1::5"} {
		p := tcpip.ProtocolAddress{Protocol: number, AddressWithPrefix: address(a).WithPrefix()}
		require.Nil(t, g.stack.AddProtocolAddress(1, p, stack.AddressProperties{}))
	}
	g.stack.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: 1}, {Destination: header.IPv6EmptySubnet, NIC: 1}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	var pumps sync.WaitGroup
	go func() { ended <- g.card.Run(ctx) }()
	pumps.Go(func() { g.sends(ctx) })
	pumps.Go(func() { g.receives(ctx) })
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
		pumps.Wait()
		g.stack.Destroy()
	})
	return g
}

func address(a string) tcpip.Address {
	ip := net.ParseIP(a)
	if v4 := ip.To4(); v4 != nil {
		return tcpip.AddrFromSlice(v4)
	}
	return tcpip.AddrFromSlice(ip)
}

// sends brings what the guest sends to the card.
func (g *guest) sends(ctx context.Context) {
	for {
		p := g.link.ReadContext(ctx)
		if p == nil {
			return
		}
		frame := append(g.router[:], nictest.MACA1[:]...)
		frame = append(frame, byte(p.NetworkProtocolNumber>>8), byte(p.NetworkProtocolNumber))
		v := p.ToView()
		frame = append(frame, v.AsSlice()...)
		p.DecRef()
		g.guest.Inject(frame)
	}
}

// receives brings what the card sends to the guest.
func (g *guest) receives(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.sent:
		}
		for _, frame := range g.guest.Sent() {
			var h wire.Headers
			if wire.Parse(frame, &h) != wire.NoFault || h.Proto != wire.ProtoTCP {
				continue
			}
			g.note(frame, &h)
			p := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(frame[h.L3:h.End])})
			g.link.InjectInbound(tcpip.NetworkProtocolNumber(h.EtherType), p)
			p.DecRef()
		}
	}
}

// note counts the TTL of a packet that has bytes of a stream.
func (g *guest) note(frame []byte, h *wire.Headers) {
	if data := int(h.L4) + int(frame[h.L4+12]>>4)*4; data == int(h.End) {
		return
	}
	at := h.L3 + 8
	if h.EtherType == wire.EtherTypeIPv6 {
		at = h.L3 + 7
	}
	g.mu.Lock()
	g.ttls[frame[at]]++
	g.mu.Unlock()
}

// client is an HTTP client on the guest.
func (g *guest) client() *http.Client {
	return &http.Client{Timeout: ample.Time, Transport: &http.Transport{DialContext: func(ctx context.Context, _, to string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(to)
		return g.dial(ctx, address(host), 80)
	}}}
}

// dial opens a connection of the guest's.
func (g *guest) dial(ctx context.Context, to tcpip.Address, port uint16) (net.Conn, error) {
	number := ipv4.ProtocolNumber
	if to.Len() == net.IPv6len {
		number = ipv6.ProtocolNumber
	}
	return gonet.DialContextTCP(ctx, g.stack, tcpip.FullAddress{NIC: 1, Addr: to, Port: port}, number)
}

// retry tries until there is no error, up to five times: a host ends a connection that gets no CPU for 5 s.
func (g *guest) retry(try func() error) {
	g.Helper()
	err := try()
	for again := 4; err != nil && again > 0; again-- {
		err = try()
	}
	require.NoError(g, err)
}

// asksByTCP is the answer of a server, asked again up to four times while none comes, or the server says that it failed.
func (g *guest) asksByTCP(server tcpip.Address, m *dns.Msg) (a *dns.Msg) {
	g.Helper()
	g.retry(func() error {
		c, err := g.dial(g.Context(), server, 53)
		if err != nil {
			return err
		}
		defer c.Close()
		if a, _, err = (&dns.Client{Timeout: ample.Time}).ExchangeWithConn(m, &dns.Conn{Conn: c}); err == nil && a.Rcode == dns.RcodeServerFailure {
			err = fmt.Errorf("the answer is %v", a)
		}
		return err
	})
	return a
}

// get is the answer to a request for a URL.
func (g *guest) get(url string) (a *http.Response) {
	g.Helper()
	g.retry(func() (err error) { a, err = g.client().Get(url); return err })
	require.NoError(g, a.Body.Close())
	return a
}

// AWS's own client for metadata, unchanged, on a guest with another TCP than the card's.
func TestAWSsClientReadsItsMetadata(t *testing.T) {
	for _, endpoint := range []string{"http://169.254.169.254", "http://[fd00:ec2::254]"} {
		g := newGuest(t)
		c := imds.New(imds.Options{HTTPClient: g.client(), Endpoint: endpoint, DisableDefaultTimeout: true})
		mac, err := c.GetMetadata(t.Context(), &imds.GetMetadataInput{Path: "mac"})
		require.NoError(t, err)
		b := make([]byte, 64)
		n, _ := mac.Content.Read(b)
		require.Equal(t, "06:00:00:00:0a:01", string(b[:n]))
		d, err := c.GetInstanceIdentityDocument(t.Context(), &imds.GetInstanceIdentityDocumentInput{})
		require.NoError(t, err)
		require.Equal(t, "10.0.1.5", d.PrivateIP)
		g.mu.Lock()
		require.Positive(t, g.ttls[1], "the answer with the token goes one hop")
		require.Positive(t, g.ttls[64], "the others go further")
		require.Len(t, g.ttls, 2)
		g.mu.Unlock()
	}
}

// AWS's client gets the region, ID, user data and tags of an instance that answers with a token only, which goes
// as far as the instance's options say.
func TestAWSsClientReadsUserDataAndTags(t *testing.T) {
	g := newGuest(t)
	g.put("InstanceAttributes", "{InstanceId: i-a1, UserData: {Value: IyEvYmluL3NoCg==}}")
	g.put("Instances", "{InstanceId: i-a1, Placement: {AvailabilityZone: eu-west-1b}, Tags: [{Key: Name, Value: web}], MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: 3, InstanceMetadataTags: enabled}}")
	c := imds.New(imds.Options{HTTPClient: g.client(), Endpoint: "http://169.254.169.254", DisableDefaultTimeout: true})
	read := func(b io.Reader) string {
		all, err := io.ReadAll(b)
		require.NoError(t, err)
		return string(all)
	}
	data, err := c.GetUserData(t.Context(), &imds.GetUserDataInput{})
	require.NoError(t, err)
	require.Equal(t, "#!/bin/sh\n", read(data.Content))
	region, err := c.GetRegion(t.Context(), &imds.GetRegionInput{})
	require.NoError(t, err)
	require.Equal(t, "eu-west-1", region.Region)
	for path, want := range map[string]string{"instance-id": "i-a1", "tags/instance/": "Name", "tags/instance/Name": "web"} {
		told, err := c.GetMetadata(t.Context(), &imds.GetMetadataInput{Path: path})
		require.NoError(t, err)
		require.Equal(t, want, read(told.Content), path)
	}
	g.mu.Lock()
	require.Positive(t, g.ttls[3])
	g.mu.Unlock()
	g.put("Instances", "{InstanceId: i-a1, MetadataOptions: {HttpProtocolIpv6: disabled}}")
	for url, want := range map[string]int{"http://169.254.169.254/latest/user-data": http.StatusOK, "http://[fd00:ec2::254]/latest/user-data": http.StatusForbidden} {
		require.Equal(t, want, g.get(url).StatusCode, url)
	}
}

// A name may be asked for by TCP at each address of the DNS server, the VPC's own included.
func TestNamesByTCP(t *testing.T) {
	g := newGuest(t)
	for _, server := range []string{"10.0.0.2", "169.254.169.253", "fd00:ec2::253"} {
		a := g.asksByTCP(address(server), asksFor("ip-10-0-1-5.ec2.internal.", dns.TypeA))
		require.Len(t, a.Answer, 1, server)
	}
}

// A guest that asks for nothing keeps its own host busy, and no other's: after as many connections
// as a host takes, one more waits, and the neighbour is served.
func TestAGuestThatHoldsConnectionsHoldsItsOwn(t *testing.T) {
	g := newGuest(t)
	to := tcpip.FullAddress{NIC: 1, Addr: address("169.254.169.254"), Port: 80}
	for range 32 {
		_, err := gonet.DialContextTCP(t.Context(), g.stack, to, ipv4.ProtocolNumber)
		require.NoError(t, err)
	}
	require.Equal(t, http.StatusOK, g.get("http://169.254.169.254/latest/meta-data/mac").StatusCode, "once the others' time is over")
}

// Whatever is a request meets the instance's options; what is none, net/http answers.
func TestRequestsThatFewClientsSend(t *testing.T) {
	g := newGuest(t)
	ask := func(request string) (answer string) {
		g.retry(func() error {
			c, err := g.dial(t.Context(), address("169.254.169.254"), 80)
			if err != nil {
				return err
			}
			defer c.Close()
			require.NoError(t, c.SetDeadline(time.Now().Add(ample.Time)))
			if _, err = io.WriteString(c, request); err != nil {
				return err
			}
			text, err := io.ReadAll(c)
			if answer = string(text); err == nil && answer == "" {
				err = io.ErrUnexpectedEOF
			}
			return err
		})
		return answer
	}
	all := "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"
	require.Regexp(t, "(?s)^HTTP/1.1 200 .*Allow: OPTIONS, GET, HEAD\r\n.*Server: EC2ws\r\n", ask(all))
	g.put("Instances", "{InstanceId: i-a1, MetadataOptions: {HttpEndpoint: disabled}}")
	require.Regexp(t, "(?s)^HTTP/1.1 403 .*Server: EC2ws\r\n", ask(all))
	require.Regexp(t, "(?s)^HTTP/1.0 403 .*Server: EC2ws\r\n", ask("GET / HTTP/1.0\r\n\r\n"))
	for request, want := range map[string]string{
		"GET / HTTP/1.1\r\n\r\n":                                                    "400",
		"GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n":                            "417",
		"PUT /latest/api/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n": "501",
	} {
		require.Contains(t, ask(request), "HTTP/1.1 "+want+" ", request)
	}
}

// Many requests, one after the other, wait for no connection's end.
func TestRequestsOneAfterTheOther(t *testing.T) {
	g, began := newGuest(t), time.Now()
	for range 100 {
		g.get("http://169.254.169.254/latest/meta-data/mac")
	}
	t.Log(time.Since(began))
}
