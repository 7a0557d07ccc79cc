//go:build linux

package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"

	"nitrocard/sim/netlab"
)

// What each guest listens on.
const (
	webPort      = 80
	databasePort = 5432 // serves the same pages
	shellPort    = 22   // answers each line with its own name and the line
)

// trailer carries the checksum of a download, known at its end only.
const trailer = "X-Xxhash"

// serve starts the guests' services; they end when ctx does. A virtual machine
// serves once it has booted.
func (w *world) serve(ctx context.Context) error {
	for _, m := range w.guests {
		if m.vm != nil {
			continue
		}
		if err := m.serve(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) serve(ctx context.Context) error {
	if err := servePages(ctx, m.Host, pages(m.Nick, m.ENI), webPort, databasePort); err != nil {
		return err
	}
	l, err := listen(m.Host, shellPort)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { l.Close() })
	go m.shell(l)
	return nil
}

// servePages serves a host's pages at its ports until ctx ends.
func servePages(ctx context.Context, h *netlab.Host, pages http.Handler, ports ...uint16) error {
	server := &http.Server{Handler: pages, ReadHeaderTimeout: patience}
	context.AfterFunc(ctx, func() { server.Close() })
	for _, port := range ports {
		l, err := listen(h, port)
		if err != nil {
			return err
		}
		go func() { _ = server.Serve(l) }() // ErrServerClosed
	}
	return nil
}

func listen(h *netlab.Host, port uint16) (l net.Listener, err error) {
	err = h.Do(func() (err error) {
		l, err = net.Listen("tcp", ":"+strconv.Itoa(int(port)))
		return err
	})
	return l, err
}

// page is what a visitor reads.
func page(name, eni string, visitor string) string {
	return fmt.Sprintf("This is %s (%s). Hello, %s.\n", name, eni, visitor)
}

// pages says who this is, and moves bytes: GET /bytes?n=N sends N of them
// with their checksum as the trailer, PUT /bytes answers with the checksum of
// what came.
func pages(name, eni string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		visitor, _, _ := net.SplitHostPort(r.RemoteAddr) // net/http made it
		io.WriteString(w, page(name, eni, visitor))
	})
	mux.HandleFunc("GET /bytes", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseInt(r.FormValue("n"), 10, 64)
		if err != nil || n < 0 {
			http.Error(w, "n is the number of bytes, such as /bytes?n=1000", http.StatusBadRequest)
			return
		}
		w.Header().Set("Trailer", trailer)
		s := newStream(n)
		if _, err := io.CopyBuffer(onlyWriter{w}, s, make([]byte, 256<<10)); err == nil {
			w.Header().Set(trailer, s.digest())
		}
	})
	mux.HandleFunc("PUT /bytes", func(w http.ResponseWriter, r *http.Request) {
		if _, sum, err := digest(r.Body); err == nil {
			io.WriteString(w, sum)
		}
	})
	return mux
}

func (m *machine) shell(l net.Listener) {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		go func() {
			defer c.Close()
			for in := bufio.NewScanner(c); in.Scan(); {
				fmt.Fprintf(c, "%s: %s\n", m.Nick, in.Text())
			}
		}()
	}
}
