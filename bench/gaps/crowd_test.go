//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A crowd has as many clients as the machine has memory for.
func TestTheCrowdFitsTheMemory(t *testing.T) {
	require.Equal(t, 1.0, share(crowdMemory))
	require.Equal(t, 1.0, share(1<<40))
	require.Equal(t, 0.25, share(crowdMemory/4))
	available, err := memAvailable()
	require.NoError(t, err)
	require.Greater(t, available, uint64(1<<20), "in bytes")
}

// The card reads its configuration again with each SIGHUP, its log waits for nobody, and
// what the crowd puts is refused.
func TestASignalAndAWrongBody(t *testing.T) {
	g := &gaps{socket: filepath.Join(t.TempDir(), "card.sock"), pid: os.Getpid()}
	b, err := connected()
	require.NoError(t, err)
	defer b.Card.Close()
	before := b.Card.Policy().Epoch
	done, served := make(chan bool), make(chan error)
	go func() {
		served <- g.serve(t.Context(), b, func() error { <-done; return nil })
	}()
	client := g.client()
	defer client.CloseIdleConnections()
	put := request{"PUT", "config", []byte(wrongBody(len(wrongGroup)))}
	require.Eventually(t, func() bool { return put.do(t.Context(), client, http.StatusBadRequest) == nil }, time.Minute, time.Millisecond)
	require.NoError(t, unix.Kill(g.pid, unix.SIGHUP))
	require.Eventually(t, func() bool { return b.Card.Policy().Epoch > before }, time.Minute, time.Millisecond)
	require.Error(t, put.do(t.Context(), client, http.StatusOK))
	close(done)
	require.NoError(t, <-served)
}

// A log that nobody reads takes any number of lines.
func TestALogThatNobodyReads(t *testing.T) {
	log, err := unread()
	require.NoError(t, err)
	for range 1000 {
		log.Info(strings.Repeat("x", 1000))
	}
}

// What the crowd puts is a document, so that the card reads it to the end.
func TestTheWrongBodyIsJSON(t *testing.T) {
	require.True(t, json.Valid([]byte(wrongBody(3*len(wrongGroup)))))
	require.Equal(t, 3, bytes.Count([]byte(wrongBody(3*len(wrongGroup))), []byte("Nonsense")))
}
