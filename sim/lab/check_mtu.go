//go:build linux

package lab

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"nitrocard/nic/wire"
	"nitrocard/sim/netlab"
)

// discardPort is where datagrams go that nobody reads (RFC 863).
const discardPort = 9

// large is a datagram that makes fragments.
type large struct {
	bytes int
	as    string // how it goes
}

// largeDatagram is the one of check fragments. For DPDK's net_af_packet a server's kernel puts the
// fragments of a guest together, and what is then longer than a frame the driver cannot bring
// (TestTheKernelPutsFragmentsTogether in pmd/dpdk).
func (r *region) largeDatagram() large {
	if r.driver == DPDK {
		return large{8_500, "in fragments of 1500"}
	}
	return large{20_000, "in fragments of 9001 bytes and 1500 there, 1500 back"}
}

// fragments: a1 asks the client with a large datagram and gets it back. a1's kernel sends packets
// of 9001 bytes, which the card cuts for the internet; the client's kernel makes fragments of its
// own.
func (s *story) fragments(ctx context.Context) (string, error) {
	datagram := s.region.largeDatagram()
	sent, err := echoed(ctx, s.a1.visitor(), s.client, datagram.bytes)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("a1 sent the client a datagram of %d bytes%s and got it back, %s", datagram.bytes, sent.again(), datagram.as), nil
}

// echoed has a visitor send another one a datagram of so many bytes until the datagram comes back whole, as often as
// resent does.
func echoed(ctx context.Context, from, at visitor, length int) (sent times, err error) {
	echo, err := at.datagrams()
	if err != nil {
		return 0, err
	}
	defer echo.Close()
	go func() {
		for buf := make([]byte, 1<<16); ; {
			n, from, err := echo.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			_, _ = echo.WriteToUDPAddrPort(buf[:n], from)
		}
	}()
	asker, err := from.datagrams()
	if err != nil {
		return 0, err
	}
	defer asker.Close()
	question, err := io.ReadAll(newStream(int64(length)))
	if err != nil {
		return 0, err
	}
	to := netip.AddrPortFrom(at.addr, echo.LocalAddr().(*net.UDPAddr).AddrPort().Port())
	answer := make([]byte, 1<<16)
	return resent(ctx, func(wait time.Duration) (bool, error) {
		if _, err := asker.WriteToUDPAddrPort(question, to); err != nil {
			return false, err
		}
		_ = asker.SetReadDeadline(time.Now().Add(wait))
		n, err := asker.Read(answer)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return false, nil
		}
		if err == nil && !bytes.Equal(answer[:n], question) {
			err = fmt.Errorf("a datagram of %d bytes came back as another one, of %d", length, n)
		}
		return err == nil, err
	})
}

// datagrams is a UDP socket of the visitor's, whose packets of IPv4 routers may cut. Those of IPv6 its
// kernel cuts as it learns the path's MTU.
func (v visitor) datagrams() (c *net.UDPConn, err error) {
	err = v.Do(func() (err error) {
		may := func(fd uintptr) {
			if v.addr.Is6() {
				return
			}
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT)
		}
		if c, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(v.addr, v.ports.next()))); err != nil {
			return err
		}
		raw, _ := c.SyscallConn() // the socket is open
		failed := raw.Control(may)
		return errors.Join(failed, err)
	})
	return c, err
}

// pathMTU: a1 sends the client what its link carries, with DF, and a1's kernel learns from
// the router that the way to the internet carries 1500.
func (s *story) pathMTU(ctx context.Context) (string, error) {
	from := s.a1.visitor()
	p, err := from.sounding(s.client.addr)
	if err != nil {
		return "", err
	}
	defer unix.Close(p.fd)
	before, err := p.mtu()
	if err != nil {
		return "", err
	}
	end := netip.AddrPortFrom(from.addr, p.port)
	came, err := from.gate.Watch(from.link, datagramsOf(end))
	if err != nil {
		return "", err
	}
	defer came.Stop()
	var last time.Time
	var told refusal
	err = until(ctx, "the router told a1 the path's MTU", func() (ok bool, err error) {
		if time.Since(last) > probeAgain {
			last = time.Now()
			if err := unix.Send(p.fd, make([]byte, before-28), 0); err != nil && err != unix.EMSGSIZE { // a1 was told just now
				return false, fmt.Errorf("sending %d bytes: %w", before, err)
			}
		}
		told, ok, err = p.refused()
		return ok, err
	})
	if err != nil {
		return "", err
	}
	after, err := p.mtu()
	if err != nil {
		return "", err
	}
	want := refusal{internetMTU, s.a1.Router}
	if before != guestMTU || told != want || after != internetMTU {
		return "", fmt.Errorf("a1 knew an MTU of %d, %s told it %d, and it knows %d; it should be %d, %s, %d",
			before, told.by, told.mtu, after, guestMTU, want.by, want.mtu)
	}
	if err := s.tooBig(ctx, end, came); err != nil {
		return "", err
	}
	traced, err := s.tracepath(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("a1 sent the client %d bytes with DF; %s told it pmtu %d: %s at %s%s", before, told.by, told.mtu, tooBigDrop, s.a1.ENI, traced), nil
}

// tooBig waits until a1's card counted each datagram of an end that came to the card as too big.
func (s *story) tooBig(ctx context.Context, end netip.AddrPort, came *netlab.Watch) error {
	return until(ctx, "the card counted each datagram that came as "+tooBigDrop, func() (bool, error) {
		drops, err := s.card(s.a1).dropped(ctx, s.a1.ENI, tooBigDrop, end.String())
		return len(drops) > 0 && len(drops) == len(came.Frames()), err
	})
}

// datagramsOf likes the datagrams that an end sends.
func datagramsOf(end netip.AddrPort) func(frame []byte) bool {
	return func(frame []byte) bool {
		var h wire.Headers
		return wire.Parse(frame, &h) == wire.NoFault && h.Proto == wire.ProtoUDP && source(h.Tuple) == end
	}
}

// tracepath has a1 run tracepath(8), where the machine has it.
func (s *story) tracepath(ctx context.Context) (words string, err error) {
	if _, err := tracepath.path(); err != nil {
		return "", nil
	}
	out, err := tracepath.run(ctx, s.a1.Host, "-n", "-m", "8", s.client.addr.String())
	if err != nil || !strings.Contains(out, "Resume: pmtu 1500") {
		return "", fmt.Errorf("tracepath saw no pmtu 1500 on the way to the client: %v: %s", err, out)
	}
	return "; tracepath agrees", nil
}

// tooBigDrop is the card's name for a packet that is too long for its way.
const tooBigDrop = "packet_too_big"

// sounding is a socket of UDP whose datagrams are not to be fragmented, connected to an address.
type sounding struct {
	fd   int
	port uint16
}

// sounding opens a sounding at the visitor.
func (v visitor) sounding(to netip.Addr) (p sounding, err error) {
	p.port = v.ports.next()
	err = v.Do(func() (err error) {
		p.fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		return err
	})
	if err != nil {
		return p, err
	}
	for _, step := range []func() error{
		func() error {
			return unix.SetsockoptInt(p.fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO)
		},
		func() error { return unix.SetsockoptInt(p.fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1) },
		func() error { return unix.Bind(p.fd, &unix.SockaddrInet4{Port: int(p.port)}) },
		func() error { return unix.Connect(p.fd, &unix.SockaddrInet4{Addr: to.As4(), Port: discardPort}) },
	} {
		if err := step(); err != nil {
			unix.Close(p.fd)
			return p, err
		}
	}
	return p, nil
}

// mtu is the path's MTU as the kernel knows it.
func (p sounding) mtu() (int, error) { return unix.GetsockoptInt(p.fd, unix.IPPROTO_IP, unix.IP_MTU) }

// refusal is an ICMP error of type 3 and code 4.
type refusal struct {
	mtu uint32
	by  netip.Addr
}

// refused is the last refusal that reached the socket; ok is false if none did yet. A report
// in the socket's error queue is a struct sock_extended_err (linux/errqueue.h), behind
// which is the address of the one who refused:
//
//	0       4        5      6      7   8     12     16       20       24
//	+-------+--------+------+------+---+-----+------+--------+--------+
//	| errno | origin | type | code |   | MTU | data |        | addr   |
//	+-------+--------+------+------+---+-----+------+--------+--------+
func (p sounding) refused() (r refusal, ok bool, err error) {
	control := make([]byte, 512)
	_, n, _, _, err := unix.Recvmsg(p.fd, nil, control, unix.MSG_ERRQUEUE)
	if err == unix.EAGAIN {
		return r, false, nil
	}
	if err != nil {
		return r, false, err
	}
	all, err := unix.ParseSocketControlMessage(control[:n])
	if err != nil {
		return r, false, err
	}
	for _, m := range all {
		b := m.Data
		if m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_RECVERR && len(b) >= 24 && b[5] == 3 && b[6] == 4 {
			return refusal{binary.NativeEndian.Uint32(b[8:]), netip.AddrFrom4([4]byte(b[20:]))}, true, nil
		}
	}
	return r, false, nil
}
