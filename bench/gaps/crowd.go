//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"nitrocard/nic/seat"
)

// What a crowd of clients does at once.
const (
	listers    = 100      // clients that list all connections again and again
	writers    = 20       // clients that put configurations
	bodyBytes  = 60 << 20 // of each configuration, which is wrong from end to end
	hangUp     = 20 * time.Millisecond
	wrongGroup = `{"GroupId": 1, "Nonsense": [{}], "VpcId": {"a": "b"}},`
)

// crowdMemory is what card and crowd may need beside each other.
const crowdMemory = 4 << 30

// share is the part of the crowd that the machine has memory for: 1 if it has enough.
func share(available uint64) float64 { return min(1, float64(available)/crowdMemory) }

// crowd is the process of all these clients, until its input ends. Who is told to come
// again later does so.
func (g *gaps) crowd(ctx context.Context) error {
	seats := seat.NewSeats(1)
	defer seats.End()
	asking, end := context.WithCancel(ctx)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		end()
	}()
	part := 1.0
	if available, err := memAvailable(); err == nil {
		part = share(available)
	}
	if part < 1 {
		fmt.Fprintf(os.Stderr, "crowd: scaled to %.0f %% for want of memory\n", 100*part)
	}
	list := request{method: "GET", path: fmt.Sprintf("flows?limit=%d", flows)}
	put := request{"PUT", "config", []byte(wrongBody(bodyBytes))}
	var all sync.WaitGroup
	var listed, refused, signals atomic.Int64
	fmt.Println("ready")
	for range max(1, int(listers*part)) {
		all.Go(func() { g.again(asking, &list, http.StatusOK, &listed) })
	}
	for range max(1, int(writers*part)) {
		all.Go(func() { g.again(asking, &put, http.StatusBadRequest, &refused) })
	}
	for asking.Err() == nil {
		if err := unix.Kill(g.pid, unix.SIGHUP); err != nil {
			break
		}
		signals.Add(1)
		time.Sleep(hangUp)
	}
	all.Wait()
	fmt.Fprintf(os.Stderr, "crowd: %d listings, %d bodies, %d signals\n", listed.Load(), refused.Load(), signals.Load())
	return nil
}

// wrongBody is a list of groups, of about so many bytes, of which none is one.
func wrongBody(bytes int) string {
	return `{"SecurityGroups": [` + strings.Repeat(wrongGroup, bytes/len(wrongGroup)) + `{}]}`
}

// again sends a request on a connection of its own, again and again until ctx ends, and
// counts the answers with that status.
func (g *gaps) again(ctx context.Context, r *request, status int, n *atomic.Int64) {
	client := g.client()
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		if err := r.do(ctx, client, status); err == nil {
			n.Add(1)
		} else {
			time.Sleep(hangUp)
		}
	}
}

// client asks the card.
func (g *gaps) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", g.socket)
	}}}
}

// memAvailable is how many bytes the system would give without swapping.
func memAvailable() (uint64, error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "MemAvailable:")
	var kb uint64
	_, err = fmt.Sscan(rest, &kb)
	return kb << 10, err
}
