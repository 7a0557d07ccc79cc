package ctl

import (
	"io"
	"net/http"
	"time"
)

// mostWait is how long a client may keep the card waiting at once, and how much
// longer in all than a second a MiB.
const mostWait = 10 * time.Second

// chunkSize is how many bytes the card puts together before it writes them, and what
// it has of a long answer at a time.
const chunkSize = 32 << 10

// pace is how fast a client reads, or writes. One that stops is let go, and so is one
// that is too slow for long: what it has of the card others lack.
type pace struct {
	waited time.Duration
	bytes  int
}

// deadline is when the client is let go, who is waited for from now on.
func (p *pace) deadline(now time.Time) time.Time {
	left := mostWait + time.Duration(p.bytes)*time.Second>>20 - p.waited
	return now.Add(min(left, mostWait))
}

// passed notes that so many bytes went over since.
func (p *pace) passed(since time.Time, bytes int) {
	p.waited += time.Since(since)
	p.bytes += bytes
}

// pacedAnswer is an answer to a client that has to read it.
type pacedAnswer struct {
	http.ResponseWriter
	control *http.ResponseController
	pace    pace
}

// Write writes in chunks, each of which has a deadline of its own.
func (a *pacedAnswer) Write(b []byte) (written int, err error) {
	for err == nil && written < len(b) {
		n, now := 0, time.Now()
		a.control.SetWriteDeadline(a.pace.deadline(now)) // fails only where no connection is
		n, err = a.ResponseWriter.Write(b[written:min(written+chunkSize, len(b))])
		a.pace.passed(now, n)
		written += n
	}
	return written, err
}

// pacedBody is a body from a client that has to send it.
type pacedBody struct {
	io.ReadCloser
	control *http.ResponseController
	pace    pace
}

// Read reads what comes before the deadline.
func (b *pacedBody) Read(into []byte) (n int, err error) {
	now := time.Now()
	b.control.SetReadDeadline(b.pace.deadline(now))
	n, err = b.ReadCloser.Read(into[:min(len(into), chunkSize)])
	b.pace.passed(now, n)
	if err != nil {
		b.control.SetReadDeadline(time.Time{}) // from now on, only the client's end is read
	}
	return n, err
}

// paced has h answer clients that keep up.
func paced(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		r.Body = &pacedBody{ReadCloser: r.Body, control: control}
		h.ServeHTTP(&pacedAnswer{ResponseWriter: w, control: control}, r)
		control.SetReadDeadline(time.Now().Add(mostWait)) // for the rest of a body that nobody wanted
	})
}
