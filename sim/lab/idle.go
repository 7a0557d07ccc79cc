//go:build linux

package lab

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"
)

// idlePort is where the client keeps connections open that say nothing.
const idlePort = 7001

// idle is how many connections of the victim wait in silence during an attack.
const idle = 50

// idleConnections are the victim's to the client.
type idleConnections struct {
	listener net.Listener
	mine     []net.Conn
	ports    []uint16 // of the victim's ends
}

// openIdle opens the victim's connections.
func (s *story) openIdle(ctx context.Context) (*idleConnections, error) {
	l, err := listen(s.client.Host, idlePort)
	if err != nil {
		return nil, err
	}
	open := &idleConnections{listener: l}
	go open.serve()
	for range idle {
		c := s.b1.visitor().connection(netip.AddrPortFrom(s.client.addr, idlePort))
		conn, err := c.dial(ctx)
		if err != nil {
			open.close()
			return nil, fmt.Errorf("an idle connection of %s: %w", s.b1.ENI, err)
		}
		open.mine, open.ports = append(open.mine, conn), append(open.ports, c.from.Port())
	}
	return open, nil
}

// serve sends back what comes.
func (o *idleConnections) serve() {
	for {
		c, err := o.listener.Accept()
		if err != nil {
			return // closed
		}
		go func() {
			defer c.Close()
			_, _ = io.Copy(c, c)
		}()
	}
}

// speak has both ends of each connection say a word, the client's in answer.
func (o *idleConnections) speak() error {
	for i, c := range o.mine {
		word := binary.BigEndian.AppendUint32(nil, uint32(i))
		_ = c.SetDeadline(time.Now().Add(patience))
		if _, err := c.Write(word); err != nil {
			return fmt.Errorf("idle connection %d: %w", i, err)
		}
		if _, err := io.ReadFull(c, word); err != nil {
			return fmt.Errorf("idle connection %d: no answer: %w", i, err)
		}
	}
	return nil
}

// close ends the connections.
func (o *idleConnections) close() {
	o.listener.Close()
	for _, c := range o.mine {
		c.Close()
	}
}
