package main

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// logLines takes the lines of a log and never waits for who reads them: what a reader
// that stopped, a full disk or a closed pipe has no place for is counted, and told
// when there is place again. One goroutine writes.
type logLines struct {
	to     io.Writer
	queue  chan []byte
	bytes  atomic.Int64 // of the lines in queue
	lost   atomic.Uint64
	torn   bool // the last line that was written lacks its end
	ending chan struct{}
	ended  chan struct{}
}

const (
	mostLines    = 4096    // that wait to be written
	mostLogBytes = 4 << 20 // of those lines
	lastWords    = time.Second
)

// newLogLines begins to write to w.
func newLogLines(w io.Writer) *logLines {
	l := &logLines{to: w, queue: make(chan []byte, mostLines), ending: make(chan struct{}), ended: make(chan struct{})}
	go l.work()
	return l
}

// Write takes one line.
func (l *logLines) Write(line []byte) (int, error) {
	n := int64(len(line))
	if l.bytes.Add(n) > mostLogBytes || !l.enqueue(bytes.Clone(line)) {
		l.bytes.Add(-n)
		l.lost.Add(1)
	}
	return len(line), nil
}

func (l *logLines) enqueue(line []byte) bool {
	select {
	case l.queue <- line:
		return true
	default:
		return false
	}
}

// Close waits for the lines in the queue to be written, but not for long.
func (l *logLines) Close() {
	close(l.ending)
	select {
	case <-l.ended:
	case <-time.After(lastWords):
	}
}

// work writes until the log ends, and then what is left.
func (l *logLines) work() {
	defer close(l.ended)
	for {
		select {
		case line := <-l.queue:
			l.write(line)
			continue
		case <-l.ending:
		}
		for {
			select {
			case line := <-l.queue:
				l.write(line)
			default:
				l.tell()
				return
			}
		}
	}
}

// write writes a line, and before it how many there should have been meanwhile.
func (l *logLines) write(line []byte) {
	l.bytes.Add(-int64(len(line)))
	if !l.tell() || !l.put(line) {
		l.lost.Add(1)
	}
}

// tell tells of lost lines, if there are any, and whether nothing is left to tell.
func (l *logLines) tell() bool {
	n := l.lost.Swap(0)
	if n == 0 {
		return true
	}
	var told bytes.Buffer
	slog.New(slog.NewTextHandler(&told, nil)).Warn("lines of this log were lost: nobody took them", "lines", n)
	if !l.put(told.Bytes()) {
		l.lost.Add(n)
		return false
	}
	return true
}

// put writes a line whole, or tells that it could not. The line after a torn one
// begins anew.
func (l *logLines) put(line []byte) bool {
	if l.torn {
		if _, err := l.to.Write([]byte{'\n'}); err != nil {
			return false
		}
		l.torn = false
	}
	n, err := l.to.Write(line)
	l.torn = err != nil && n > 0
	return err == nil
}

// survivePipes has writes to a pipe that nobody reads fail, and not end the process
// (SIGPIPE). Programs that it starts are not concerned.
func survivePipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
