package ctl

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Client asks the card behind a socket. Its methods may be called by anyone
// at any time. An error that the card answered is an *Error.
type Client struct {
	path   string
	folder string // to check before each request; "" where only root makes folders, and where the user chose
	base   string // of URLs
	http   http.Client
}

// Dial makes a client for the socket at path. It connects with the first
// request. The folder of the DefaultSocket, which a stranger could have made first, must
// be one in which a card would listen.
func Dial(path string) *Client {
	c := &Client{path: path, base: "http://card"} // the host's name means nothing on a Unix socket; it is what curl is told to write, too
	if path == DefaultSocket() && os.Geteuid() != 0 {
		c.folder = filepath.Dir(path)
	}
	c.http.Transport = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}
	return c
}

// DialTLS makes a client for a controller at https://HOST:PORT, with the certificates of config. It
// connects with the first request.
func DialTLS(address string, config *tls.Config) *Client {
	c := &Client{path: address, base: strings.TrimSuffix(address, "/")}
	c.http.Transport = &http.Transport{TLSClientConfig: config, TLSHandshakeTimeout: 10 * time.Second}
	return c
}

// Close gives idle connections back.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// join makes a path of segments, whatever is in them.
func join(segments ...string) (path string) {
	for i, s := range segments {
		if i > 0 {
			path += "/"
		}
		if s == "." || s == ".." { // which a server would take for a way through folders
			s = strings.ReplaceAll(s, ".", "%2E")
		} else {
			s = url.PathEscape(s)
		}
		path += s
	}
	return path
}

// do makes one request and decodes its answer.
func (c *Client) do(ctx context.Context, method, path string, body []byte, into any) error {
	resp, err := c.ask(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("the card's answer to %s %s: %w", method, path, err)
	}
	return nil
}

// ask makes one request. The answer is no refusal, and the caller closes its body.
func (c *Client) ask(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+"/v1/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if c.folder != "" {
		if err := trusted(c.folder, nil); err != nil {
			return nil, c.unreachable(err)
		}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		defer resp.Body.Close()
		return nil, refusal(resp)
	}
	return resp, nil
}

// unreachable says what a failure to connect most likely means.
func (c *Client) unreachable(err error) error {
	switch {
	case strings.HasPrefix(c.base, "https"):
		if asked := (*url.Error)(nil); errors.As(err, &asked) { // which names a path that nobody wrote
			err = asked.Err
		}
		return fmt.Errorf("controller %s: %w", c.path, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no card answers at %s; is one running, and with this socket?", c.path)
	case errors.Is(err, syscall.EINVAL) && len(c.path) > mostPath:
		return fmt.Errorf("socket %s: %w", c.path, errLong)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the socket %s is not open to you; its owner and its group may use it", c.path)
	}
	return fmt.Errorf("socket %s: %w", c.path, err)
}

// refusal is the error that the card answered.
func refusal(resp *http.Response) error {
	e := &Error{Status: resp.StatusCode}
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || json.Unmarshal(data, e) != nil || e.Message == "" {
		e.Message = fmt.Sprintf("the card answered %s", resp.Status)
	}
	return e
}
