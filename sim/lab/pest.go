//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// What clients of a control socket do at once, who want nothing but to disturb.
const (
	listeners  = 100 // clients that list all connections again and again
	writers    = 20  // clients that put configurations
	wrongBytes = 60 << 20
)

// atOnce runs so many of f until ctx ends, each on a thread that takes what time the
// machine has left, and counts the calls that came to their end. A card without a socket is an error.
func atOnce(ctx context.Context, n int, f func(ctx context.Context) error) (done int64, err error) {
	var ended atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if err := yielding(); err != nil {
				failed.Store(&err)
				return
			}
			for ; ctx.Err() == nil; pause(ctx) {
				err := f(ctx)
				if errors.Is(err, fs.ErrNotExist) { // there is no socket, and so no attack
					failed.Store(&err)
					return
				}
				if err == nil {
					ended.Add(1)
				}
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return ended.Load(), nil
}

// ask sends a request to the card and reads the answer, of which nothing is kept. It
// does so on the calling thread alone, as a client of package http would not.
func (c *card) ask(ctx context.Context, method, path string, body io.Reader, length int64) error {
	conn, err := net.Dial("unix", cardSocket(c.host.Name))
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	request, err := http.NewRequest(method, "http://card"+path, body)
	if err != nil {
		return err
	}
	request.ContentLength, request.Close = length, true
	if err := request.Write(conn); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, conn)
	return err
}

// listings has clients ask for every connection of the card.
func (c *card) listings(ctx context.Context) (string, error) {
	n, err := atOnce(ctx, listeners, func(ctx context.Context) error {
		return c.ask(ctx, http.MethodGet, "/v1/flows?limit=1000000", nil, 0)
	})
	return fmt.Sprintf("%d clients, %d listings", listeners, n), err
}

// bodies has clients put configurations that are long, and wrong from end to end.
func (c *card) bodies(ctx context.Context) (string, error) {
	n, err := atOnce(ctx, writers, func(ctx context.Context) error {
		return c.ask(ctx, http.MethodPut, "/v1/config", wrongBody(), -1)
	})
	return fmt.Sprintf("%d clients, %d bodies of %d MB", writers, n, wrongBytes>>20), err
}

// pause lets a client that was refused wait a little, as it is told to.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(pollEvery):
	}
}

// wrongBody is a list of groups of which none is one.
func wrongBody() io.Reader {
	const object = `{"GroupId": 1, "Nonsense": [{}], "VpcId": {"a": "b"}},`
	return io.MultiReader(strings.NewReader(`{"SecurityGroups": [`),
		&repeated{text: object, left: wrongBytes}, strings.NewReader(`{}]}`))
}

// repeated is a text again and again.
type repeated struct {
	text string
	at   int
	left int
}

// Read ends after left bytes, behind a whole text.
func (r *repeated) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if r.left <= 0 && r.at == 0 {
			return n, io.EOF
		}
		m := copy(p[n:], r.text[r.at:])
		n, r.at, r.left = n+m, (r.at+m)%len(r.text), r.left-m
	}
	return n, nil
}

// signals has the card read its configuration again and again.
func (c *card) signals(ctx context.Context) (string, error) {
	n := 0
	for ; ctx.Err() == nil; n++ {
		if err := c.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			return "", errors.New("the card is gone")
		}
		pause(ctx)
	}
	return fmt.Sprintf("%d signals", n), nil
}
