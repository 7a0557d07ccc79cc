//go:build linux

package lab

import (
	"context"
	"fmt"
	"os"
	"time"
)

// mostSent is how often resent sends: as often as Linux sends a SYN (tcp_syn_retries).
const mostSent = 7

// resent sends until an answer comes to any of what was sent, of which a machine that is busy elsewhere may lose some.
// The first answer may take a second, and each next one twice as long as the one before (RFC 6298 section 5.5).
// Without an answer, and if ctx ends before, the error is os.ErrDeadlineExceeded.
func resent(ctx context.Context, send func(wait time.Duration) (answered bool, err error)) (sent times, err error) {
	wait := time.Second
	for sent < mostSent && ctx.Err() == nil {
		sent++
		if answered, err := send(wait); answered || err != nil {
			return sent, err
		}
		wait *= 2
	}
	return sent, fmt.Errorf("no answer to what was sent %d times: %w", sent, os.ErrDeadlineExceeded)
}
