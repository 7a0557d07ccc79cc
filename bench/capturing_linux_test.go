//go:build linux

package bench

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/pipeline"
)

// BenchmarkCapture is BenchmarkInbound's packet of 1,000 flows beside captures: none, one of drops, of
// which there are none, one of an ENI that has a sixteenth of the packets, and one of all, which another
// thread reads, or nobody, so that its ring is full. The reader's time is not the packets'.
func BenchmarkCapture(b *testing.B) {
	for _, c := range []struct {
		name  string
		scope *pipeline.Scope
		read  bool
	}{
		{"none", nil, false},
		{"drops", &pipeline.Scope{Dropped: true, Snap: 1 << 18}, true},
		{"one ENI of 16", &pipeline.Scope{ENI: "one", Snap: 1 << 18}, true},
		{"all", &pipeline.Scope{Snap: 1 << 18}, true},
		{"all, unread", &pipeline.Scope{Snap: 1 << 18}, false},
	} {
		for _, feed := range []struct {
			name string
			feed func(*Bench) error
		}{{"in", func(w *Bench) error { return w.Requests(false) }}, {"out", func(w *Bench) error { return w.Answers(false) }}} {
			b.Run(c.name+"/"+feed.name, func(b *testing.B) {
				w := start(b, 1000, 3000)
				require.NoError(b, w.Connect(0))
				require.NoError(b, feed.feed(w))
				clock := func() int64 { return 0 }
				for n := 0; n < 2000; {
					n += w.Card.Poll(clock())
				}
				if c.scope != nil {
					captured(b, w, *c.scope, c.read)
				}
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				b.ResetTimer()
				before := threadTime()
				for n := 0; n < b.N; {
					n += w.Card.Poll(clock())
				}
				b.ReportMetric(float64(b.N)/1e6/(threadTime()-before).Seconds(), "Mpps")
				requireSent(b, w)
			})
		}
	}
}

// captured has a capture of the card until the benchmark ends, read by another thread or by nobody.
func captured(b *testing.B, w *Bench, s pipeline.Scope, read bool) {
	if s.ENI != "" {
		s.ENI = w.Card.ENIs()[0].ID
	}
	capture, err := w.Card.Capture(s)
	require.NoError(b, err)
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil && read {
			_ = capture.Take(func(*nic.Captured) error { return nil })
			time.Sleep(time.Millisecond)
		}
	}()
	b.Cleanup(func() {
		end()
		<-ended
		capture.End()
	})
}
