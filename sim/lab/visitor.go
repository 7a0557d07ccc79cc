//go:build linux

package lab

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"nitrocard/sim/netlab"
)

// visitor is whoever speaks to guests from a host: the client on the
// internet, or another guest.
type visitor struct {
	*netlab.Host
	gate *netlab.Host // where the visitor's cable ends
	link string       // at the gate
}

// dial opens a TCP connection from the visitor's host.
func (v visitor) dial(ctx context.Context, to netip.AddrPort) (c net.Conn, err error) {
	err = v.Do(func() (err error) {
		c, err = new(net.Dialer).DialContext(ctx, "tcp4", to.String())
		return err
	})
	return c, err
}

// browser is an HTTP client on the host. Each request has a connection of
// its own.
func (v visitor) browser() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		ReadBufferSize:    256 << 10,
		WriteBufferSize:   256 << 10,
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			to, err := netip.ParseAddrPort(addr)
			if err != nil {
				return nil, err
			}
			return v.dial(ctx, to)
		},
	}}
}

// get fetches the page at an address.
func (v visitor) get(ctx context.Context, at netip.AddrPort) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at.String()+"/", nil)
	if err != nil {
		return "", err
	}
	res, err := v.browser().Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	return string(text), err
}

// download fetches n bytes and compares their checksum with the sender's.
func (v visitor) download(ctx context.Context, from netip.AddrPort, n int64) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/bytes?n=%d", from, n), nil)
	if err != nil {
		return err
	}
	res, err := v.browser().Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	got, sum, err := digest(res.Body)
	if err != nil {
		return fmt.Errorf("after %d bytes: %w", got, err)
	}
	return same("download", got == n && sum == res.Trailer.Get(trailer))
}

// upload sends n bytes and compares their checksum with the receiver's.
func (v visitor) upload(ctx context.Context, to netip.AddrPort, n int64) error {
	body := newStream(n)
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+to.String()+"/bytes", body)
	if err != nil {
		return err
	}
	req.ContentLength = n
	res, err := v.browser().Do(req)
	if err != nil {
		return fmt.Errorf("with %d bytes to go: %w", body.left, err)
	}
	defer res.Body.Close()
	sum, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	if err != nil {
		return err
	}
	return same("upload", string(sum) == body.digest())
}

func same(what string, equal bool) error {
	if !equal {
		return fmt.Errorf("%s: the checksums of sender and receiver differ", what)
	}
	return nil
}

// talk is an open connection to a guest's shell port.
type talk struct {
	*net.TCPConn
	in *bufio.Reader
}

func (v visitor) talk(ctx context.Context, to netip.AddrPort) (*talk, error) {
	c, err := v.dial(ctx, to)
	if err != nil {
		return nil, err
	}
	return &talk{c.(*net.TCPConn), bufio.NewReader(c)}, nil
}

// abort ends a connection that was cut without telling the guest again and
// again.
func (t *talk) abort() {
	_ = t.SetLinger(0)
	_ = t.Close()
}

// say sends a line and returns the guest's answer to it.
func (t *talk) say(line string, patience time.Duration) (string, error) {
	if err := t.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintln(t, line); err != nil {
		return "", err
	}
	answer, err := t.in.ReadString('\n')
	return strings.TrimSpace(answer), err
}

// hello says hello and expects the guest of this name to answer.
func (t *talk) hello(name string) error {
	answer, err := t.say("hello", 10*time.Second)
	if want := name + ": hello"; err == nil && answer != want {
		err = fmt.Errorf("%q instead of %q", answer, want)
	}
	return err
}
