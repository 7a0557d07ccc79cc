package ctl

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"
)

// mostClients is how many connections there may be, where descriptors are plenty.
const mostClients = 256

// roomForClients is how many connections a process may have: half of the descriptors
// that are left. The card needs the others, for ports that come back and files.
func roomForClients() int {
	var limit syscall.Rlimit
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil || syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return mostClients
	}
	left := int(min(limit.Cur, 1<<20)) - len(open)
	return min(max(left/2, 1), mostClients)
}

// clients are the connections of a server, so many at most. For a new one, the one
// that has asked nothing for the longest time is closed.
type clients struct {
	most int

	mu   sync.Mutex
	idle map[net.Conn]time.Time // that ask nothing, since when
	all  map[net.Conn]struct{}
}

func newClients(most int) *clients {
	return &clients{most: most, idle: map[net.Conn]time.Time{}, all: map[net.Conn]struct{}{}}
}

// follow is http.Server.ConnState.
func (c *clients) follow(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		if len(c.all) >= c.most && !c.closeIdlest() {
			turnAway(conn)
			return
		}
		c.all[conn], c.idle[conn] = struct{}{}, time.Now()
	case http.StateIdle:
		c.idle[conn] = time.Now()
	case http.StateActive:
		delete(c.idle, conn)
	default:
		c.forget(conn)
	}
}

// forget is for a connection that is closed.
func (c *clients) forget(conn net.Conn) {
	delete(c.idle, conn)
	delete(c.all, conn)
}

// closeIdlest closes the connection that has been idle for the longest time, if one is.
func (c *clients) closeIdlest() bool {
	var idlest net.Conn
	for conn, since := range c.idle {
		if idlest == nil || since.Before(c.idle[idlest]) {
			idlest = conn
		}
	}
	if idlest == nil {
		return false
	}
	c.forget(idlest)
	idlest.Close()
	return true
}

// turnAway tells a client for whom there is no room when to come again.
func turnAway(conn net.Conn) {
	const sentence = "{\n  \"error\": \"the card has as many clients as it takes; try again in 10s\"\n}\n"
	conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)) // the socket's buffer is empty
	fmt.Fprintf(conn, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nConnection: close\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(sentence), sentence)
	conn.Close()
}
