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
//
// One user has half of the connections at most, and all users but root and the card's own
// have three quarters together: so whoever may open the socket cannot keep its owner out.
type clients struct {
	most   int
	userOf func(net.Conn) uint32

	mu    sync.Mutex
	idle  map[net.Conn]time.Time // that ask nothing, since when
	all   map[net.Conn]uint32    // their users
	users map[uint32]int         // how many of all are a user's
}

func newClients(most int) *clients {
	return &clients{most: most, userOf: userOf, idle: map[net.Conn]time.Time{}, all: map[net.Conn]uint32{}, users: map[uint32]int{}}
}

// nobody is the user of a connection whose other end the kernel does not tell.
const nobody = ^uint32(0)

// userOf is the user at the other end of a connection.
func userOf(conn net.Conn) uint32 {
	if p, err := peerOf(conn); err == nil {
		return p.user
	}
	return nobody
}

// owns tells whether a user is root or the card's own.
func owns(user uint32) bool { return user == 0 || int64(user) == int64(os.Geteuid()) }

// follow is http.Server.ConnState.
func (c *clients) follow(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		user := c.userOf(conn)
		if inTheWay := c.inTheWay(user); inTheWay != nil && !c.closeIdlest(inTheWay) {
			turnAway(conn)
			return
		}
		c.all[conn], c.idle[conn] = user, time.Now()
		c.users[user]++
	case http.StateIdle:
		c.idle[conn] = time.Now()
	case http.StateActive:
		delete(c.idle, conn)
	default:
		c.forget(conn)
	}
}

// inTheWay tells whose connections leave no room for one more of a user's; nil: there is
// room.
func (c *clients) inTheWay(user uint32) func(other uint32) bool {
	strangers := len(c.all)
	for other, n := range c.users {
		if owns(other) {
			strangers -= n
		}
	}
	switch {
	case !owns(user) && c.users[user] >= max(c.most/2, 1):
		return func(other uint32) bool { return other == user }
	case !owns(user) && strangers >= max(c.most-c.most/4, 1):
		return func(other uint32) bool { return !owns(other) }
	case len(c.all) >= c.most:
		return func(uint32) bool { return true }
	}
	return nil
}

// forget is for a connection that is closed.
func (c *clients) forget(conn net.Conn) {
	user, there := c.all[conn]
	if !there {
		return
	}
	delete(c.idle, conn)
	delete(c.all, conn)
	if c.users[user]--; c.users[user] == 0 {
		delete(c.users, user)
	}
}

// closeIdlest closes the connection of those users that has been idle for the longest
// time, if one is.
func (c *clients) closeIdlest(of func(user uint32) bool) bool {
	var idlest net.Conn
	for conn, since := range c.idle {
		if of(c.all[conn]) && (idlest == nil || since.Before(c.idle[idlest])) {
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
