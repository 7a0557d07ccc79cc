//go:build linux

package lab

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
)

// do sends a request over the connection, which ends with the answer.
func (c connection) do(req *http.Request) (*http.Response, error) {
	browser := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		ReadBufferSize:    256 << 10,
		WriteBufferSize:   256 << 10,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return c.dial(ctx) },
	}}
	return browser.Do(req)
}

// ask requests what is under a path.
func (c connection) ask(ctx context.Context, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.to.String()+path, nil)
	if err != nil {
		return nil, err
	}
	return c.do(req)
}

// get fetches the page.
func (c connection) get(ctx context.Context) (string, error) {
	res, err := c.ask(ctx, "/")
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	return string(text), err
}

// reads fetches the page, which has to be this guest's and to greet the visitor by the address
// that the connection is from.
func (c connection) reads(ctx context.Context, m *machine) error {
	return c.fetches(ctx, page(m.Nick, m.ENI, c.from.Addr().String()))
}

// fetches fetches the page, which has to be this one.
func (c connection) fetches(ctx context.Context, want string) error {
	got, err := c.get(ctx)
	if err != nil {
		return fmt.Errorf("%s to %s: %w", c.Name, c.to, err)
	}
	if got != want {
		return fmt.Errorf("%s reads %q at %s instead of %q", c.Name, got, c.to, want)
	}
	return nil
}

// download fetches n bytes and compares their checksum with the sender's.
func (c connection) download(ctx context.Context, n int64) error {
	res, err := c.ask(ctx, fmt.Sprintf("/bytes?n=%d", n))
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
func (c connection) noise(ctx context.Context) (sum string, err error) {
	res, err := c.ask(ctx, "/noise")
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	h := md5.New() // what busybox has
	_, err = io.Copy(h, res.Body)
	return hex.EncodeToString(h.Sum(nil)), err
}

// upload sends n bytes and compares their checksum with the receiver's.
func (c connection) upload(ctx context.Context, n int64) error {
	body := newStream(n)
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+c.to.String()+"/bytes", body)
	if err != nil {
		return err
	}
	req.ContentLength = n
	res, err := c.do(req)
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
