package ctl

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"nitrocard/nic"
)

// Options are what Serve needs.
type Options struct {
	Listener net.Listener // from Listen; Serve closes it
	Card     *nic.Card
	Access   Access
	Log      *slog.Logger // writes, and connections that broke; nil: silence
}

// farewell is how long requests in hand may take once the context has ended.
const farewell = 300 * time.Millisecond

// Serve answers requests until ctx ends. Then it returns nil, and the socket
// is gone.
func Serve(ctx context.Context, o Options) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if s, ours := o.Listener.(*socket); ours {
		o.Access.warn(o.Log, s.path)
	}
	srv := &http.Server{
		Handler:           newServer(o).handler(),
		ConnContext:       withPeer,
		ConnState:         newClients(roomForClients()).follow,
		ReadHeaderTimeout: 5 * time.Second, // bodies and answers have a pace
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		end(srv)
	})
	err := srv.Serve(o.Listener)
	if stop() {
		srv.Close()
		return err
	}
	<-stopped
	return nil
}

// end lets requests in hand finish, but not for long.
func end(srv *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if errors.Is(srv.Shutdown(ctx), context.DeadlineExceeded) {
		srv.Close()
	}
}

// server answers for one card.
type server struct {
	card   *nic.Card
	log    *slog.Logger
	access Access

	turns  chan struct{}       // of listings
	wholes *semaphore.Weighted // answers that are no pieces
	bodies *semaphore.Weighted // bytes

	// writing is held from the reading of the configuration that is to change
	// until the changed one is in force, so that no writer at the socket undoes
	// another's change. Other writers are the card's matter (nic.Card.Apply).
	writing sync.Mutex
}

func newServer(o Options) *server {
	return &server{
		card: o.Card, log: o.Log, access: o.Access, turns: make(chan struct{}, turns),
		wholes: semaphore.NewWeighted(mostWholes), bodies: semaphore.NewWeighted(maxBody),
	}
}

// handler is the table of routes.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	s.offerKinds(mux)
	mux.HandleFunc("GET /v1/flows", s.flows)
	mux.HandleFunc("GET /v1/drops", s.drops)
	mux.HandleFunc("GET /v1/workers", s.workers)
	mux.HandleFunc("GET /v1/config", s.config)
	mux.HandleFunc("PUT /v1/config", s.replace)
	mux.HandleFunc("PUT /v1/config/Placement", s.place)
	mux.HandleFunc("PUT /v1/config/{kind}/{id}", s.put)
	mux.HandleFunc("DELETE /v1/config/{kind}/{id}", s.remove)
	return paced(clean(s.write(jsonErrors(mux))))
}
