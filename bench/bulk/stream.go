//go:build linux

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

	"nitrocard/sim/netlab"
)

// way is a path between two guests.
type way struct {
	name     string
	from, to *netlab.Host
	addr     netip.Addr // of to
}

// slow is how long a connection may take to open: the far card asks for its neighbour first.
const slow = 30 * time.Second

// piece is what is written and read at once, as iperf3 does.
const piece = 128 << 10

// stream sends for a time and returns the rate at which bytes arrived, in Gbit/s.
func (w *way) stream(ctx context.Context, d time.Duration) (rate float64, err error) {
	var listener net.Listener
	err = w.to.Do(func() (err error) {
		listener, err = new(net.ListenConfig).Listen(ctx, "tcp", netip.AddrPortFrom(w.addr, 0).String())
		return err
	})
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	type arrival struct {
		rate float64
		err  error
	}
	arrived := make(chan arrival, 1)
	go func() {
		rate, err := receive(listener)
		arrived <- arrival{rate, err}
	}()
	var out net.Conn
	err = w.from.Do(func() (err error) {
		out, err = (&net.Dialer{Timeout: slow}).DialContext(ctx, "tcp", listener.Addr().String())
		return err
	})
	if err != nil {
		return 0, err
	}
	err = send(out, d)
	out.Close()
	got := <-arrived
	return got.rate, errors.Join(err, got.err)
}

func send(to io.Writer, d time.Duration) error {
	b := make([]byte, piece)
	for until := time.Now().Add(d); time.Now().Before(until); {
		if _, err := to.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// receive reads one connection to its end and returns the rate, in Gbit/s.
func receive(l net.Listener) (rate float64, err error) {
	in, err := l.Accept()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	began := time.Now()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{in}, make([]byte, piece))
	return float64(n) * 8 / time.Since(began).Seconds() / 1e9, err
}
