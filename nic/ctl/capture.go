package ctl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"nitrocard/nic"
	"nitrocard/nic/capture"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc/ec2"
)

// captureType is the media type of a capture (IANA has none for pcapng; this one is tcpdump's).
const captureType = "application/x-pcapng"

// besideCapture has the server answer for captures, which are no text, beside all else.
func (s *server) besideCapture(h http.Handler) http.Handler {
	if s.card == nil {
		return h
	}
	captures := s.admit(s.asked(forProviders(s.capture)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/v1/capture" {
			captures.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// capture writes a capture until the client leaves, stops reading, or the server ends.
func (s *server) capture(w http.ResponseWriter, r *http.Request) {
	if c := callerOf(r); c.role == reader {
		err := fmt.Errorf("%s may ask this card and not read its guests' packets; %s may", c.name, s.access.who())
		if s.certified {
			err = fmt.Errorf("%q may ask and not read guests' packets", c.name)
		}
		Refuse(w, http.StatusForbidden, err)
		return
	}
	if r.ContentLength != 0 { // as long as a body is to come, nobody is told that the client left
		w.Header().Set("Connection", "close")
		Refuse(w, http.StatusBadRequest, errors.New("a capture takes no body"))
		return
	}
	o, err := captureOptions(r.URL.RawQuery)
	if err != nil {
		Refuse(w, http.StatusBadRequest, err)
		return
	}
	stream, err := capture.Begin(s.card, o)
	switch {
	case errors.Is(err, nic.ErrNoENI):
		Refuse(w, http.StatusNotFound, fmt.Errorf("this card has no ENI %q", o.ENI))
		return
	case err != nil:
		w.Header().Set("Retry-After", "10")
		Refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	s.log.Info("a capture begins", "user", callerOf(r).name, "process", callerOf(r).process, "query", ec2.Shorten(r.URL.RawQuery))
	defer s.log.Info("a capture ended", "user", callerOf(r).name, "process", callerOf(r).process)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.capturing, cancel)()
	w.Header().Set("Content-Type", captureType)
	control := http.NewResponseController(w)
	if stream.Write(ctx, &pacedAnswer{ResponseWriter: w, control: control}, control.Flush) != nil {
		panic(http.ErrAbortHandler) // the client reads no more, or not for long enough: what it has is no whole file
	}
}

// captureOptions are those of a query.
func captureOptions(text string) (o capture.Options, err error) {
	query, err := url.ParseQuery(text) // not URL.Query, which passes over what it cannot read: a capture of all would begin
	if err != nil {
		return o, err
	}
	o.ENI = query.Get("eni")
	if o.Dropped, err = strconv.ParseBool(cmp.Or(query.Get("dropped"), "false")); err != nil {
		return o, fmt.Errorf("dropped=%s: true or false is expected", query.Get("dropped"))
	}
	o.Snap, err = strconv.Atoi(cmp.Or(query.Get("snap"), strconv.Itoa(capture.DefaultSnap)))
	if err != nil || o.Snap < capture.LeastSnap || o.Snap > capture.MostSnap {
		return o, fmt.Errorf("snap=%s: a number of bytes from %d to %d is expected", query.Get("snap"), capture.LeastSnap, capture.MostSnap)
	}
	for name, values := range query {
		switch name {
		case "eni", "dropped", "snap", "filter":
		default:
			return o, fmt.Errorf("%s: eni=ID, dropped=true, filter=EXPRESSION and snap=BYTES are expected", name)
		}
		if len(values) > 1 || values[0] == "" {
			return o, fmt.Errorf("%s: one value is expected", name)
		}
	}
	o.Filter, err = capture.Parse(query.Get("filter"))
	return o, err
}

// Capture begins a capture at a card; see capture.Options. Whoever reads it closes it; end of file
// before that is the card's end.
func (c *Client) Capture(ctx context.Context, s pipeline.Scope, filter string) (io.ReadCloser, error) {
	query := url.Values{}
	if s.ENI != "" {
		query.Set("eni", s.ENI)
	}
	if s.Dropped {
		query.Set("dropped", "true")
	}
	if s.Snap > 0 {
		query.Set("snap", strconv.Itoa(s.Snap))
	}
	if filter != "" {
		query.Set("filter", filter)
	}
	resp, err := c.ask(ctx, http.MethodGet, "capture?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}
