package ctl

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/sync/semaphore"
)

// mostWholes is how many answers are under way at a time of which the card has more
// than a chunk.
const mostWholes = 4

// queueing is how long a client waits for room: longer than those who have it may keep
// the card waiting.
const queueing = mostWait * 3 / 2

// enter waits for n of what there is room for, which the client has until leave. Who
// waits too long is told to come again.
func enter(w http.ResponseWriter, r *http.Request, room *semaphore.Weighted, n int64) (leave func(), ok bool) {
	ctx, cancel := context.WithTimeout(r.Context(), queueing)
	defer cancel()
	if room.Acquire(ctx, n) != nil {
		w.Header().Set("Retry-After", strconv.Itoa(int(mostWait/time.Second)))
		fail(w, http.StatusServiceUnavailable, "the card is busy with what others asked of it; try again in %v", mostWait)
		return nil, false
	}
	return func() { room.Release(n) }, true
}
