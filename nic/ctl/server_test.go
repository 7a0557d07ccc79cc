package ctl

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest/ample"
)

// stuck is a client that does not read its answer until it is released.
type stuck struct {
	*httptest.ResponseRecorder
	answered, released chan struct{}
}

func (s *stuck) Write(b []byte) (int, error) {
	s.answered <- struct{}{}
	<-s.released
	return len(b), nil
}

// Who does not read what his change did holds no other writer up.
func TestWritersDoNotWaitForAReader(t *testing.T) {
	card := newCard(t)
	defer card.Close()
	h := newServer(Options{Card: card, Log: slog.New(slog.DiscardHandler)}).handler()
	put := func(w http.ResponseWriter) {
		h.ServeHTTP(w, httptest.NewRequest("PUT", "/v1/config/SecurityGroups/sg-shop", strings.NewReader(shop)))
	}
	slow := &stuck{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
	var all sync.WaitGroup
	all.Go(func() { put(slow) })
	<-slow.answered
	other := make(chan struct{})
	all.Go(func() { put(httptest.NewRecorder()); close(other) })
	select {
	case <-other:
	case <-time.After(ample.Time):
		t.Error("the second writer waits for the first one's reader")
	}
	close(slow.released)
	all.Wait()
}

func TestNobodyAnswers(t *testing.T) {
	path := socketPath(t)
	_, err := Dial(path).ENIs(t.Context())
	require.EqualError(t, err, "no card answers at "+path+"; is one running, and with this socket?")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	dead.SetUnlinkOnClose(false)
	require.NoError(t, dead.Close())
	_, err = Dial(path).ENIs(t.Context())
	require.ErrorContains(t, err, "no card answers at")
}

// A client that says nothing holds up neither others nor the end.
func TestTheEndDoesNotWaitForASilentClient(t *testing.T) {
	card := newCard(t)
	defer card.Close()
	path := socketPath(t)
	l, err := Listen(path)
	require.NoError(t, err)
	ctx, end := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- Serve(ctx, Options{Listener: l, Card: card}) }()
	silent, err := net.Dial("unix", path)
	require.NoError(t, err)
	defer silent.Close()
	_, err = silent.Write([]byte("GET /v1/enis HTTP/1.1\r\n"))
	require.NoError(t, err)
	_, err = Dial(path).ENIs(ctx)
	require.NoError(t, err)
	end()
	select {
	case err := <-served:
		require.NoError(t, err)
	case <-time.After(ample.Time):
		t.Fatal("Serve has not returned")
	}
	require.NoFileExists(t, path)
	require.NoError(t, silent.SetReadDeadline(time.Now().Add(ample.Time)))
	_, err = silent.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "nobody is left who could ask a card that is gone")
}
