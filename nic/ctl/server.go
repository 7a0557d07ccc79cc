package ctl

import (
	"cmp"
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
	Listener net.Listener                // from Listen; Serve closes it
	Card     *nic.Card                   // nil: the socket is a Target's alone
	Follows  string                      // the controller that the card follows, so that nobody else changes it; "": none
	Target   Target                      // nil: the card
	Before   func(context.Context) error // asked before a request is answered, whose error is answered as 503; nil: nothing is
	More     func(*http.ServeMux)        // further routes, whose answers are neither paced nor cleaned; nil: none
	Access   Access
	Log      *slog.Logger // writes, and connections that broke; nil: silence

	farewell time.Duration // 0: usualFarewell; tests change it
}

// usualFarewell is how long requests in hand may take once the context has ended.
const usualFarewell = 300 * time.Millisecond

// Handler answers requests that come over TLS, from clients with certificates; see
// RoleReader. Whoever comes without is a stranger.
func Handler(o Options) http.Handler {
	s := newServer(o)
	s.certified = true
	return s.handler()
}

// Serve answers requests until ctx ends. Then it returns nil, and the socket
// is gone.
func Serve(ctx context.Context, o Options) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if l, ours := o.Listener.(*socket); ours {
		o.Access.warn(o.Log, l.path)
	}
	s := newServer(o)
	srv := &http.Server{
		Handler:           s.handler(),
		ConnContext:       withPeer,
		ConnState:         newClients(roomForClients()).follow,
		ReadHeaderTimeout: 5 * time.Second, // bodies and answers have a pace
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
	}
	srv.RegisterOnShutdown(s.endCaptures)
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		end(srv, cmp.Or(o.farewell, usualFarewell))
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
func end(srv *http.Server, farewell time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if errors.Is(srv.Shutdown(ctx), context.DeadlineExceeded) {
		srv.Close()
	}
}

// server answers for one card, or for a target that is no card.
type server struct {
	card   *nic.Card // nil: none
	target Target
	before func(context.Context) error
	more   func(*http.ServeMux)
	log    *slog.Logger
	access Access

	capturing   context.Context // ends with the server
	endCaptures context.CancelFunc

	certified bool // clients come over TLS, with certificates

	turns  chan struct{} // of listings
	wholes room          // for answers that are not made in chunks
	bodies room          // for bytes

	dryRuns    room                // for their answers
	dryRunTurn *semaphore.Weighted // one dry run at a time

	// reading is held by who reads a whole configuration, which takes a multiple of the
	// body's memory.
	reading sync.Mutex
}

func newServer(o Options) *server {
	if o.Target == nil {
		o.Target = &cardTarget{card: o.Card, follows: o.Follows}
	}
	s := &server{
		card: o.Card, target: o.Target, before: o.Before, more: o.More, log: o.Log, access: o.Access, turns: make(chan struct{}, turns),
		wholes: newRoom(mostWholes, 1), bodies: newRoom(maxBody, 16*mostOfOwner),
		dryRuns: newRoom(mostWholes, 1), dryRunTurn: semaphore.NewWeighted(1),
	}
	s.capturing, s.endCaptures = context.WithCancel(context.Background())
	return s
}

// handler is the table of routes.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	s.offerObjects(mux)
	if s.card != nil {
		s.offerCard(mux)
	}
	mux.HandleFunc("GET /v1/config", s.config)
	mux.HandleFunc("PUT /v1/config", forProviders(s.replace))
	mux.HandleFunc("POST /v1/"+dryRunPath, forProviders(s.dryRun))
	mux.HandleFunc("PUT /v1/config/Placement", forProviders(plain(s.place)))
	mux.HandleFunc("POST /v1/config/{kind}", plain(s.create))
	mux.HandleFunc("PUT /v1/config/{kind}/{id}", plain(s.put))
	mux.HandleFunc("DELETE /v1/config/{kind}/{id}", plain(s.remove))
	further := http.NewServeMux()
	if s.more != nil {
		s.more(further)
	}
	cleaned := s.besideCapture(paced(clean(s.admit(s.asked(jsonErrors(mux, further))))))
	admitted := s.admit(forProviders(further.ServeHTTP))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := further.Handler(r); pattern != "" {
			admitted.ServeHTTP(w, r)
			return
		}
		cleaned.ServeHTTP(w, r)
	})
}

// asked asks what is to be asked before a request is answered.
func (s *server) asked(h http.Handler) http.Handler {
	if s.before == nil {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.before(r.Context()); err != nil {
			fail(w, http.StatusServiceUnavailable, "%v", err)
			return
		}
		h.ServeHTTP(w, r)
	})
}
