package ctl

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/capture"
	"nitrocard/nic/nictest"
	"nitrocard/nic/nictest/ample"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire/wiretest"
)

// fall has a1 send a packet that is dropped.
func (s *served) fall() {
	require.True(s, s.guest.Inject(wiretest.TCP("10.0.1.99:1", "10.0.1.6:1").MACs(nictest.MACA1, nictest.MACA1).Bytes()))
	s.card.Poll(0)
	s.card.Drops() // passes the gate, and so orders this goroutine's burst before what servers do at the gate later
}

// A capture goes on until its client leaves, who then makes room for another one.
func TestACaptureGoesOnUntilItsClientLeaves(t *testing.T) {
	s := serve(t)
	stream, err := s.Capture(t.Context(), pipeline.Scope{Dropped: true}, "ip")
	require.NoError(t, err)
	for range 2 {
		s.fall()
		var out bytes.Buffer
		_, err := capture.Relay(t.Context(), &out, stream, 1, nil)
		require.NoError(t, err)
		require.Contains(t, out.String(), "dropped as ")
		require.Contains(t, out.String(), " at eni-a1")
	}
	require.NoError(t, stream.Close())
	full := func() bool {
		_, err := s.Capture(t.Context(), pipeline.Scope{}, "")
		if err == nil {
			return false
		}
		require.EqualError(t, err, "there are 4 captures already, which is as many as a card takes")
		return true
	}
	require.Eventually(t, full, ample.Time, time.Millisecond, "none of those is closed before the client is")
}

// What cannot be captured is refused before a file begins.
func TestACaptureIsRefused(t *testing.T) {
	s := serve(t)
	for query, want := range map[string]struct {
		status int
		text   string
	}{
		"eni=eni-9":           {404, `this card has no ENI \"eni-9\"`},
		"filter=port+http":    {400, `filter port http: at \"http\"`},
		"snap=63":             {400, "64 to 262144"},
		"dropped=perhaps":     {400, "true or false"},
		"interface=any":       {400, "interface: eni=ID"},
		"filter=%zz":          {400, "invalid URL escape"},
		"dropped=true;ip":     {400, "semicolon"},
		"eni=":                {400, "eni: one value is expected"},
		"filter=ip&filter=ip": {400, "filter: one value is expected"},
		"filter=%1b%5b31m+ip": {400, `filter \\u001b[31m ip`},
	} {
		status, answer := s.curl("GET", "/v1/capture?"+query, "")
		require.Equal(t, want.status, status, query)
		require.Contains(t, answer, want.text)
	}
	status, answer := s.curl("GET", "/v1/capture", "a body, without which nobody would be told that the client left")
	require.Equal(t, 400, status)
	require.Contains(t, answer, "a capture takes no body")
	status, _ = s.curl("PUT", "/v1/capture", "")
	require.Equal(t, 404, status)
}

// The end of the server ends a capture as it should end.
func TestTheEndOfTheServerEndsACapture(t *testing.T) {
	ended := make(chan error, 1)
	var out bytes.Buffer
	t.Run("served", func(t *testing.T) {
		s := serveTo(t, Options{farewell: ample.Time})
		stream, err := s.Capture(context.Background(), pipeline.Scope{}, "")
		require.NoError(t, err)
		s.fall()
		begun := make(chan struct{}, 100)
		go func() {
			_, err := capture.Relay(context.Background(), io.MultiWriter(&out), stream, 0, func(capture.Tally) { begun <- struct{}{} })
			ended <- err
		}()
		<-begun
	})
	require.NoError(t, <-ended)
	require.NotEmpty(t, out.Bytes())
}
