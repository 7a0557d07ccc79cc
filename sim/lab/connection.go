//go:build linux

package lab

import (
	"context"
	"net"
	"net/netip"

	"nitrocard/nic/wire"
)

// connection is a TCP connection that a visitor opens, by its two ends as the
// visitor sees them. No two in a run of the lab have the same source port, so
// its packets are told from all others wherever they are seen, and however late.
type connection struct {
	visitor
	from, to netip.AddrPort
}

// connection is a new one to this place, not opened yet.
func (v visitor) connection(to netip.AddrPort) connection {
	return connection{v, netip.AddrPortFrom(v.addr, v.ports.next()), to}
}

// sent likes the frames of the connection's visitor. Their destination is of
// no account, for the card translates it.
func (c connection) sent(frame []byte) bool {
	var h wire.Headers
	return wire.Parse(frame, &h) == wire.NoFault && c.isFrom(&h)
}

// opens likes those of them that ask for the connection.
func (c connection) opens(frame []byte) bool {
	var h wire.Headers
	return wire.Parse(frame, &h) == wire.NoFault && c.isFrom(&h) && h.Flags&wire.TCPSyn != 0
}

// answered likes the frames on the underlay that a guest of this VNI sends to
// the connection's visitor.
func (c connection) answered(frame []byte, vni uint32) bool {
	var t tunneled
	return t.read(frame) && t.outer.VNI == vni && destination(t.inner) == c.from
}

func (c connection) isFrom(h *wire.Headers) bool {
	return h.Proto == wire.ProtoTCP && source(h.Tuple) == c.from
}

// dial opens the connection from the visitor's host.
func (c connection) dial(ctx context.Context) (open net.Conn, err error) {
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(c.from)}
	err = c.Do(func() (err error) {
		open, err = d.DialContext(ctx, "tcp", c.to.String())
		return err
	})
	return open, err
}

// source and destination are a packet's ends.
func source(t wire.Tuple) netip.AddrPort { return netip.AddrPortFrom(t.Src.Netip(), t.SrcPort) }

func destination(t wire.Tuple) netip.AddrPort {
	return netip.AddrPortFrom(t.Dst.Netip(), t.DstPort)
}
