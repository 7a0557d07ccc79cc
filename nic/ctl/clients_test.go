package ctl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// recorded is a connection that keeps what is written to it.
type recorded struct {
	net.Conn
	written []byte
	writeBy time.Time
	closed  bool
}

func (r *recorded) Write(b []byte) (int, error) {
	r.written = append(r.written, b...)
	return len(b), nil
}
func (r *recorded) SetWriteDeadline(by time.Time) error { r.writeBy = by; return nil }
func (r *recorded) Close() error                        { r.closed = true; return nil }

// The idlest client makes room for a new one. While all are busy, the new one is told
// to come again.
func TestIdleClientsGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, conns := newClients(2), []*recorded{{}, {}, {}, {}, {}}
		c.userOf = func(net.Conn) uint32 { return 0 }
		for _, conn := range conns[:3] {
			time.Sleep(time.Second)
			c.follow(conn, http.StateNew)
		}
		require.True(t, conns[0].closed, "it is idle for the longest time")
		c.follow(conns[0], http.StateClosed) // as the server finds out
		c.follow(conns[1], http.StateActive)
		c.follow(conns[3], http.StateNew)
		require.True(t, conns[2].closed, "the other one is busy")
		c.follow(conns[2], http.StateClosed)
		c.follow(conns[3], http.StateActive)
		c.follow(conns[4], http.StateNew)
		require.True(t, conns[4].closed)
		require.Contains(t, string(conns[4].written), "503 Service Unavailable\r\nRetry-After: 10\r\n")
		require.Len(t, c.all, 2, "there is no room for one that is turned away")
		c.follow(conns[4], http.StateClosed)
		require.Equal(t, []bool{false, false}, []bool{conns[1].closed, conns[3].closed})
		c.follow(conns[1], http.StateIdle)
		c.follow(conns[1], http.StateClosed)
		c.follow(conns[3], http.StateHijacked)
		require.Empty(t, c.all)
		require.Empty(t, c.idle)
	})
}

// A client that is turned away is told so in words that HTTP clients understand, and holds
// nobody up if it does not read.
func TestAClientThatIsTurnedAwayIsToldWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := &recorded{}
		turnAway(conn)
		require.True(t, conn.closed)
		require.Equal(t, 100*time.Millisecond, time.Until(conn.writeBy))
		from := bufio.NewReader(bytes.NewReader(conn.written))
		answer, err := http.ReadResponse(from, nil)
		require.NoError(t, err)
		require.Equal(t, 503, answer.StatusCode)
		require.Equal(t, "10", answer.Header.Get("Retry-After"))
		require.True(t, answer.Close)
		var said struct{ Error string }
		require.NoError(t, json.NewDecoder(answer.Body).Decode(&said))
		require.Equal(t, "the card has as many clients as it takes; try again in 10s", said.Error)
		_, err = io.Copy(io.Discard, answer.Body)
		require.NoError(t, err)
		_, err = from.ReadByte()
		require.ErrorIs(t, err, io.EOF, "nothing lies behind the answer")
	})
}

// One user has half of the room, strangers have three quarters of it together, and
// whoever they are, root and the card's own user get in.
func TestNoUserKeepsAnotherOut(t *testing.T) {
	c, own := newClients(8), uint32(os.Geteuid())
	stranger, other := own+1, own+2
	come := func(user uint32, busy bool) *recorded {
		conn := &recorded{}
		c.userOf = func(net.Conn) uint32 { return user }
		if c.follow(conn, http.StateNew); busy && !conn.closed {
			c.follow(conn, http.StateActive)
		}
		return conn
	}
	for range 4 {
		require.False(t, come(stranger, true).closed)
	}
	require.True(t, come(stranger, true).closed, "half of the room is the stranger's")
	idle := come(other, false)
	require.False(t, idle.closed)
	require.False(t, come(other, true).closed)
	require.False(t, come(nobody, true).closed)
	require.True(t, idle.closed, "strangers have three quarters, so one of them goes")
	require.True(t, come(other, true).closed, "and all of them are busy")
	require.False(t, come(own, true).closed)
	require.False(t, come(0, true).closed)
	require.True(t, come(0, true).closed, "no room is left")
	for conn := range c.all {
		c.follow(conn, http.StateClosed)
	}
	require.Empty(t, c.users)
}

// The kernel tells whose a connection is.
func TestTheUserOfAConnection(t *testing.T) {
	path := socketPath(t)
	l, err := Listen(path)
	require.NoError(t, err)
	defer l.Close()
	client, err := net.Dial("unix", path)
	require.NoError(t, err)
	defer client.Close()
	conn, err := l.Accept()
	require.NoError(t, err)
	defer conn.Close()
	require.EqualValues(t, os.Geteuid(), userOf(conn))
	require.Equal(t, nobody, userOf(&recorded{}))
}

// However many clients come, whoever asks is answered, and the first are let go. This
// server has no time-outs: the room alone ends connections.
func TestMoreClientsThanThereIsRoomFor(t *testing.T) {
	const room = 8
	path, card := socketPath(t), newCard(t)
	l, err := Listen(path)
	require.NoError(t, err)
	srv := &http.Server{Handler: newServer(Options{Card: card}).handler(), ConnState: newClients(room).follow}
	served := make(chan error)
	go func() { served <- srv.Serve(l) }()
	defer func() {
		require.NoError(t, srv.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
		require.NoError(t, card.Close())
	}()
	var silent []net.Conn
	for range room + 50 {
		conn, err := net.Dial("unix", path)
		require.NoError(t, err)
		defer conn.Close()
		silent = append(silent, conn)
	}
	asker := Dial(path)
	defer asker.Close()
	_, err = asker.ENIs(t.Context())
	require.NoError(t, err)
	require.NoError(t, silent[0].SetReadDeadline(time.Now().Add(time.Minute)))
	_, err = silent[0].Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "the first one was let go")
	last := silent[len(silent)-1]
	_, err = io.WriteString(last, "GET /v1/workers HTTP/1.1\r\nHost: card\r\n\r\n")
	require.NoError(t, err)
	answer, err := http.ReadResponse(bufio.NewReader(last), nil)
	require.NoError(t, err)
	require.Equal(t, 200, answer.StatusCode)
}
