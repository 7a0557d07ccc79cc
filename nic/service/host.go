package service

import (
	"cmp"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"nitrocard/nic/imds"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// host is a TCP/IP host that one ENI's guest alone reaches: the metadata service's, and the DNS
// server's for who asks by TCP. Its TCP is gVisor's. Each ENI has a host of its own, because ENIs of two VPCs may have one address, and
// so that no guest takes what is another's: connections, memory, or turns.
type host struct {
	view   atomic.Pointer[view]
	link   *channel.Endpoint
	stack  *stack.Stack
	server *http.Server
	names  []*dns.Server
	others *forwarder // asked for names outside the VPC; nil: nobody is
	used   time.Time  // when the guest sent the last packet
	worker int        // that took it
	ready  func(*host)
	waits  atomic.Bool // packets wait in link
}

// view is what a host knows of its ENI: what was in force when the guest sent the last packet.
type view struct {
	eni    *vpc.OwnENI
	policy *vpc.Policy
}

// Bounds of a host. They are ours.
const (
	hostPackets     = 64 // that wait to be sent
	hostConnections = 32 // open at one time
	hostBacklog     = 16 // that are not accepted yet
	hostBuffer      = 16 << 10
	hostHeader      = 8 << 10
	hostQuestions   = 16              // by one connection of DNS
	hostPatience    = 5 * time.Second // for a request, and for who takes the answer
	hostIdle        = time.Minute     // without a packet, after which the host ends
)

// hostMTU is what a host sends: as its guests' interfaces carry.
const hostMTU = mtu

// addressOf is an address as gVisor has it.
func addressOf(a wire.Addr) tcpip.Address { return tcpip.AddrFromSlice(a.Netip().AsSlice()) }

// newHost makes a host, which calls ready when it has packets to send.
func newHost(v *view, metadata *imds.Server, others *forwarder, ready func(*host)) (*host, error) {
	h := &host{ready: ready, others: others, link: channel.New(hostPackets, hostMTU, "")}
	h.view.Store(v)
	h.stack = stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol},
	})
	h.bound()
	web, domain := []tcpip.Address{addressOf(pipeline.Metadata), addressOf(pipeline.Metadata6)}, []tcpip.Address{addressOf(pipeline.Resolver), addressOf(pipeline.Resolver6)}
	if own := v.eni.Resolver(); !own.IsZero() {
		domain = append(domain, addressOf(own))
	}
	if err := h.open(slices.Concat(web, domain)); err != nil {
		h.close()
		return nil, err
	}
	h.link.AddNotify(h)
	h.server = h.metadataServer(metadata)
	slots := make(chan struct{}, hostConnections)
	for _, a := range web {
		l, err := listen(h.stack, tcpip.FullAddress{NIC: onlyNIC, Addr: a, Port: pipeline.PortHTTP}, slots)
		if err != nil {
			h.close()
			return nil, err
		}
		go h.server.Serve(l)
	}
	for _, a := range domain {
		l, err := listen(h.stack, tcpip.FullAddress{NIC: onlyNIC, Addr: a, Port: pipeline.PortDNS}, slots)
		if err != nil {
			h.close()
			return nil, err
		}
		s := h.dnsServer(l)
		h.names = append(h.names, s)
		go s.ActivateAndServe()
	}
	return h, nil
}

// onlyNIC is the number of a host's interface.
const onlyNIC = 1

// bound keeps what TCP takes for a connection small.
func (h *host) bound() {
	set := func(o tcpip.SettableTransportProtocolOption) {
		h.stack.SetTransportProtocolOption(tcp.ProtocolNumber, o)
	}
	set(&tcpip.TCPReceiveBufferSizeRangeOption{Min: 4 << 10, Default: hostBuffer, Max: hostBuffer})
	set(&tcpip.TCPSendBufferSizeRangeOption{Min: 4 << 10, Default: hostBuffer, Max: hostBuffer})
	moderate := tcpip.TCPModerateReceiveBufferOption(false)
	set(&moderate)
	wait := tcpip.TCPTimeWaitTimeoutOption(time.Second)
	set(&wait)
	linger := tcpip.TCPLingerTimeoutOption(time.Second)
	set(&linger)
	retries := tcpip.TCPMaxRetriesOption(5)
	set(&retries)
	syns := tcpip.TCPSynRetriesOption(2)
	set(&syns)
}

// open gives the host its interface, addresses and routes.
func (h *host) open(all []tcpip.Address) error {
	if err := h.stack.CreateNIC(onlyNIC, h.link); err != nil {
		return tcpipError{err}
	}
	for _, a := range all {
		p := tcpip.ProtocolAddress{Protocol: protocolOf(a), AddressWithPrefix: a.WithPrefix()}
		if err := h.stack.AddProtocolAddress(onlyNIC, p, stack.AddressProperties{}); err != nil {
			return tcpipError{err}
		}
	}
	h.stack.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: onlyNIC}, {Destination: header.IPv6EmptySubnet, NIC: onlyNIC}})
	return nil
}

// serves tells whether the host is an ENI's: not that of an earlier ENI with the same ID, nor one with
// another address of the DNS server.
func (h *host) serves(e *vpc.OwnENI) bool {
	was := h.view.Load().eni
	return was.Number == e.Number && was.Resolver() == e.Resolver()
}

// take gives the host a packet of its guest.
func (h *host) take(q *query, worker int) {
	h.view.Store(&view{q.eni, q.policy})
	h.used, h.worker = q.clock().Time, worker
	p := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(q.frame[q.L3:q.End])})
	defer p.DecRef()
	h.link.InjectInbound(tcpip.NetworkProtocolNumber(q.EtherType), p)
}

// WriteNotify says that the host has packets to send. Any goroutine of the host calls it.
func (h *host) WriteNotify() {
	if !h.waits.Swap(true) {
		h.ready(h)
	}
}

// send hands every packet that waits to put, as a frame of the router of the guest's subnet.
func (h *host) send(put func(worker int, eni *vpc.OwnENI, frame []byte)) {
	h.waits.Store(false)
	eni := h.view.Load().eni
	for p := h.link.Read(); p != nil; p = h.link.Read() {
		frame := append(eni.MAC[:len(eni.MAC):len(eni.MAC)], eni.RouterMAC[:]...)
		frame = append(frame, byte(p.NetworkProtocolNumber>>8), byte(p.NetworkProtocolNumber))
		v := p.ToView()
		frame = append(frame, v.AsSlice()...)
		v.Release()
		p.DecRef()
		put(h.worker, eni, frame)
	}
}

// close ends the host, and every connection with it.
func (h *host) close() {
	if h.server != nil {
		h.server.Close()
	}
	for _, s := range h.names {
		s.Shutdown()
	}
	h.stack.Destroy()
	h.link.Close()
}

// instance is what the host's guest may hear of: its ENIs on this card.
func (v *view) instance() imds.Instance {
	i := imds.Instance{ENIs: []*vpc.OwnENI{v.eni}, Region: v.policy.Region}
	for e := range v.policy.All() {
		if e.Owner == v.eni.Owner && e.ID != v.eni.ID && e.Instance == v.eni.Instance && e.Instance != "" {
			i.ENIs = append(i.ENIs, e)
		}
	}
	slices.SortFunc(i.ENIs, func(a, b *vpc.OwnENI) int { return cmp.Compare(a.DeviceIndex(), b.DeviceIndex()) })
	return i
}
