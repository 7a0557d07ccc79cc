package service

import (
	"net"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// listener accepts a host's connections, a bounded number at one time, each with its endpoint,
// whose TTL an answer may set.
type listener struct {
	*gonet.TCPListener
	endpoint tcpip.Endpoint
	queue    *waiter.Queue
	slots    chan struct{}
	once     sync.Once
	closed   chan struct{}
}

// listen opens a listener of a stack. Listeners with the same slots share their bound.
func listen(s *stack.Stack, at tcpip.FullAddress, slots chan struct{}) (*listener, error) {
	l := &listener{queue: &waiter.Queue{}, slots: slots, closed: make(chan struct{})}
	var err tcpip.Error
	if l.endpoint, err = s.NewEndpoint(tcp.ProtocolNumber, protocolOf(at.Addr), l.queue); err != nil {
		return nil, tcpipError{err}
	}
	if err := l.endpoint.Bind(at); err != nil {
		l.endpoint.Close()
		return nil, tcpipError{err}
	}
	if err := l.endpoint.Listen(hostBacklog); err != nil {
		l.endpoint.Close()
		return nil, tcpipError{err}
	}
	l.TCPListener = gonet.NewTCPListener(s, l.queue, l.endpoint)
	return l, nil
}

// protocolOf is the number of an address's family.
func protocolOf(a tcpip.Address) tcpip.NetworkProtocolNumber {
	if a.Len() == 16 {
		return ipv6.ProtocolNumber
	}
	return ipv4.ProtocolNumber
}

// Accept waits for a free slot, and then for a connection.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	ready, arrived := waiter.NewChannelEntry(waiter.ReadableEvents)
	l.queue.EventRegister(&ready)
	defer l.queue.EventUnregister(&ready)
	for {
		e, q, err := l.endpoint.Accept(nil)
		if err == nil {
			return newConn(q, e, l.slots), nil
		}
		if _, wait := err.(*tcpip.ErrWouldBlock); !wait {
			<-l.slots
			return nil, tcpipError{err}
		}
		select {
		case <-arrived:
		case <-l.closed:
			<-l.slots
			return nil, net.ErrClosed
		}
	}
}

// Close ends the listener.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.TCPListener.Close()
}

// conn is a connection of a host's, which has one of the host's slots until nothing of it is left: a
// guest that takes no answer keeps a connection alive after its end.
type conn struct {
	net.Conn
	endpoint tcpip.Endpoint
	queue    *waiter.Queue
	gone     waiter.Entry
	close    sync.Once
	free     func()
}

func newConn(q *waiter.Queue, e tcpip.Endpoint, slots chan struct{}) *conn {
	c := &conn{Conn: gonet.NewTCPConn(q, e), endpoint: e, queue: q}
	c.free = sync.OnceFunc(func() { <-slots })
	return c
}

// Close ends the connection. What its guest has not taken a while later is given up.
func (c *conn) Close() (err error) {
	c.close.Do(func() {
		c.gone = waiter.NewFunctionEntry(waiter.EventHUp, func(waiter.EventMask) { c.free() })
		c.queue.EventRegister(&c.gone)
		err = c.Conn.Close()
		if tcp.EndpointState(c.endpoint.State()) == tcp.StateClose {
			c.free()
		}
		time.AfterFunc(hostPatience, func() {
			c.endpoint.Abort()
			c.free()
		})
	})
	return err
}

// setTTL sets the TTL, or the hop limit, of the packets that the connection sends from now on.
func (c *conn) setTTL(ttl int) {
	c.endpoint.SetSockOptInt(tcpip.IPv4TTLOption, ttl)
	c.endpoint.SetSockOptInt(tcpip.IPv6HopLimitOption, ttl)
}

// isIPv6 tells whether the guest asks at an IPv6 address.
func (c *conn) isIPv6() bool {
	a, is := c.LocalAddr().(*net.TCPAddr)
	return is && a.IP.To4() == nil
}

// tcpipError is an error of gVisor's as Go has errors.
type tcpipError struct{ of tcpip.Error }

func (e tcpipError) Error() string { return e.of.String() }
