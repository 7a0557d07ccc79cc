package ctl

import (
	"context"
	"net/http"

	"nitrocard/nic"
)

// dryRunPath is not that of a change: a server that knows no dry runs refuses it, and changes nothing.
const dryRunPath = "dry-run"

// dryRun answers what a configuration would do. Who reads the answer slowly keeps room from nobody but
// others who ask for a dry run: the body's room is left before, and the turn.
func (s *server) dryRun(w http.ResponseWriter, r *http.Request) {
	query, ok := queryOf(w, r, readings)
	if !ok {
		return
	}
	leave, ok := enter(w, r, s.dryRuns.of(callerOf(r)), 1)
	if !ok {
		return
	}
	defer leave()
	b, ok := s.body(w, r)
	if !ok {
		return
	}
	if found, ok := s.dryRunOf(w, r, query["reading"], &b); ok {
		reply(w, http.StatusOK, found)
	}
}

// dryRunOf makes the answer of a dry run, or refuses it.
func (s *server) dryRunOf(w http.ResponseWriter, r *http.Request, reading string, b *body) (found nic.DryRun, ok bool) {
	rest, err, ok := s.beginDryRun(w, r, reading, b)
	if !ok {
		return found, false
	}
	if err == nil {
		found, err = rest(r.Context())
	}
	if err != nil {
		refuse(w, asError(http.StatusBadRequest, err))
	}
	return found, err == nil
}

// beginDryRun begins a dry run, one at a time, if it is the caller's turn. The body's room is left then.
func (s *server) beginDryRun(w http.ResponseWriter, r *http.Request, reading string, b *body) (rest func(context.Context) (nic.DryRun, error), err error, turn bool) {
	defer b.leave()
	config, err := s.read(reading, b.data)
	if err != nil {
		return nil, err, true
	}
	end, turn := enter(w, r, s.dryRunTurn, 1)
	if !turn {
		return nil, nil, false
	}
	defer end()
	rest, err = s.target.DryRun(r.Context(), config)
	return rest, err, true
}
