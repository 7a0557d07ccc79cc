package controller

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/net/netutil"

	"nitrocard/nic"
	"nitrocard/nic/ctl"
	"nitrocard/nic/follow"
)

// patience is how long a card may take to read a message, and a second a MiB more.
const patience = 30 * time.Second

// mostConnections is how many clients there may be at an address, half of what the process may open:
// its descriptors are its etcd's, too.
func mostConnections() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 256
	}
	return int(min(limit.Cur/2, 1<<15))
}

// Offer adds the routes of cards to those of a control socket:
//
//	GET /v1/hosts                  every card, its revision and its lag
//	GET /v1/follow/CARD            ?revision=N: messages (package follow), until somebody closes; &answers=true: and questions
//	GET /v1/roots                  ?after=N: root documents, which are public
//	PUT /v1/hosts/CARD/in-force    a card's report
//	PUT /v1/hosts/CARD/records/ENI the records of the connections of an ENI that left the card
//	PUT /v1/hosts/CARD/answers/ID  the answer to a question (nic.Answer)
func (c *Controller) Offer(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/hosts", func(w http.ResponseWriter, _ *http.Request) { ctl.Reply(w, http.StatusOK, c.Hosts()) })
	mux.HandleFunc("GET /v1/follow/{card}", c.serveFeed)
	mux.HandleFunc("GET /v1/roots", c.serveRoots)
	mux.HandleFunc("PUT /v1/hosts/{card}/in-force", c.serveReport)
	mux.HandleFunc("PUT /v1/hosts/{card}/records/{eni}", c.serveRecords)
	mux.HandleFunc("PUT /v1/hosts/{card}/answers/{question}", c.serveAnswer)
}

// ServeTLS serves cards, and people by people, at an address until ctx ends, for clients with
// certificates, which config demands. A certificate is for the card whose name is its common name, and for no
// other.
func (c *Controller) ServeTLS(ctx context.Context, listener net.Listener, config *tls.Config, people http.Handler) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/follow/{card}", own(c.serveFeed))
	mux.HandleFunc("GET /v1/roots", c.serveRoots)
	mux.HandleFunc("PUT /v1/hosts/{card}/in-force", own(c.serveReport))
	mux.HandleFunc("PUT /v1/hosts/{card}/records/{eni}", own(c.serveRecords))
	mux.HandleFunc("PUT /v1/hosts/{card}/answers/{question}", own(c.serveAnswer))
	mux.Handle("/", people)
	most := mostConnections()
	listener = newShares(netutil.LimitListener(listener, most), shareOf(most), c.o.Log)
	listener = tls.NewListener(listener, config) // outermost, or http would not know TLS
	srv := &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(c.o.Log.Handler(), slog.LevelWarn),
	}
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	if err := srv.Serve(listener); stop() {
		return err
	}
	return nil
}

// own refuses a card that asks for another.
func own(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		subject := r.TLS.PeerCertificates[0].Subject
		if ctl.IsPerson(subject) {
			ctl.Refuse(w, http.StatusForbidden, fmt.Errorf("the certificate of %q is a person's, and no card's", subject.CommonName))
			return
		}
		if subject.CommonName != r.PathValue("card") {
			ctl.Refuse(w, http.StatusForbidden, fmt.Errorf("the certificate is for card %q", subject.CommonName))
			return
		}
		h(w, r)
	}
}

// serveFeed tells a card what it needs, message by message.
func (c *Controller) serveFeed(w http.ResponseWriter, r *http.Request) {
	revision := uint64(0)
	if text := r.URL.Query().Get("revision"); text != "" {
		var err error
		if revision, err = strconv.ParseUint(text, 10, 64); err != nil {
			ctl.Refuse(w, http.StatusBadRequest, fmt.Errorf("revision=%s: a number is expected", text))
			return
		}
	}
	f, err := c.Open(r.PathValue("card"), revision, r.URL.Query().Get("answers") == "true")
	if err != nil {
		ctl.Refuse(w, http.StatusNotFound, err)
		return
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/x-nitrocard-messages")
	control := http.NewResponseController(w)
	control.SetWriteDeadline(time.Now().Add(patience))
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go f.untilReplaced(ctx, func() { control.SetWriteDeadline(time.Now()) }) // what a card does not read takes memory once
	for control.Flush() == nil {                                             // the first time it is the header, by which the card knows that somebody is there
		m, err := f.Next(ctx)
		if err != nil {
			return
		}
		if f.replaced() {
			return
		}
		control.SetWriteDeadline(time.Now().Add(patience + time.Duration(m.Size)*time.Second>>20))
		if _, err := m.WriteTo(w); err != nil {
			return
		}
	}
}

// serveRoots gives out the root documents after a version.
func (c *Controller) serveRoots(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil || after < 1 {
		ctl.Refuse(w, http.StatusBadRequest, fmt.Errorf("after=%s: a version from 1 on is expected", r.URL.Query().Get("after")))
		return
	}
	roots, err := c.RootsAfter(after)
	if err != nil {
		c.o.Log.Warn("root documents are not given out from here on", "error", err)
	}
	v := follow.RootsView{Roots: []json.RawMessage{}}
	for _, root := range roots {
		v.Roots = append(v.Roots, root.Text())
	}
	ctl.Reply(w, http.StatusOK, v)
}

// RootsAfter are the root documents after a version, as far as they are signed as they must be.
func (c *Controller) RootsAfter(version int64) ([]*follow.Root, error) {
	if c.o.Roots == "" {
		return nil, nil
	}
	return c.o.Roots.After(version)
}

// serveReport takes a card's report.
func (c *Controller) serveReport(w http.ResponseWriter, r *http.Request) {
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(patience)) // the answer tells who does not keep it
	var report follow.Report
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&report); err != nil {
		ctl.Refuse(w, http.StatusBadRequest, err)
		return
	}
	if err := c.Report(r.PathValue("card"), report); err != nil {
		ctl.Refuse(w, http.StatusNotFound, err)
		return
	}
	ctl.Reply(w, http.StatusOK, struct{}{})
}

// serveRecords takes the records of an ENI that left a card. Records that no card is asked for are not read.
func (c *Controller) serveRecords(w http.ResponseWriter, r *http.Request) {
	card, eni := r.PathValue("card"), r.PathValue("eni")
	expected := func() error { return c.Expects(card, eni) }
	c.upload(w, r, nic.MostRecords, expected, func(records []byte) error { return c.HandOver(r.Context(), card, eni, records) })
}

// serveAnswer takes a card's answer to a question. What nobody has asked is not read.
func (c *Controller) serveAnswer(w http.ResponseWriter, r *http.Request) {
	card, question := r.PathValue("card"), r.PathValue("question")
	expected := func() error { return c.ExpectsAnswer(card, question) }
	c.upload(w, r, nic.MostAnswer, expected, func(text []byte) error { return c.TakeAnswer(card, question, text) })
}
