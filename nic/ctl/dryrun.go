package ctl

import (
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
	if found, ok := s.foresee(w, r, query["reading"], &b); ok {
		reply(w, http.StatusOK, found)
	}
}

// foresee makes the answer of a dry run, one at a time, or refuses it. The body's room is left then.
func (s *server) foresee(w http.ResponseWriter, r *http.Request, reading string, b *body) (found nic.DryRun, ok bool) {
	config, err := s.read(reading, b.data)
	if err == nil {
		end, entered := enter(w, r, s.foreseeing, 1)
		if !entered {
			b.leave()
			return found, false
		}
		found, err = s.target.DryRun(r.Context(), config)
		end()
	}
	b.leave()
	if err != nil {
		refuse(w, asError(http.StatusBadRequest, err))
	}
	return found, err == nil
}
