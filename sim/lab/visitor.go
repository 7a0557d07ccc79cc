//go:build linux

package lab

import (
	"bufio"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
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

// ask requests what is at an address under a path.
func (v visitor) ask(ctx context.Context, at netip.AddrPort, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at.String()+path, nil)
	if err != nil {
		return nil, err
	}
	return v.browser().Do(req)
}

// get fetches the page at an address.
func (v visitor) get(ctx context.Context, at netip.AddrPort) (string, error) {
	res, err := v.ask(ctx, at, "/")
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	return string(text), err
}

// download fetches n bytes and compares their checksum with the sender's.
func (v visitor) download(ctx context.Context, from netip.AddrPort, n int64) error {
	res, err := v.ask(ctx, from, fmt.Sprintf("/bytes?n=%d", n))
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

// noise fetches what a virtual machine has a lot of, and returns its MD5.
func (v visitor) noise(ctx context.Context, from netip.AddrPort) (sum string, err error) {
	res, err := v.ask(ctx, from, "/noise")
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	h := md5.New() // what busybox has
	_, err = io.Copy(h, res.Body)
	return hex.EncodeToString(h.Sum(nil)), err
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

// chat says hello over and over until end is called, which tells how often
// the guest of this name answered, and the longest that it took to.
func (t *talk) chat(name string) (end func() (answers int, slowest time.Duration, err error)) {
	var answers int
	var slowest time.Duration
	var stop atomic.Bool
	done := make(chan error, 1)
	go func() {
		for !stop.Load() {
			asked := time.Now()
			if err := t.hello(name); err != nil {
				done <- fmt.Errorf("the open connection to %s after %d answers: %w", name, answers, err)
				return
			}
			answers++
			slowest = max(slowest, time.Since(asked))
			time.Sleep(pollEvery)
		}
		done <- nil
	}()
	return func() (int, time.Duration, error) {
		stop.Store(true)
		err := <-done
		return answers, slowest, err
	}
}
