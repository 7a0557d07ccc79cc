package ctl

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// maxBody is the longest configuration in bytes; answers for 20,000 ENIs with 15
// addresses each have about a third of it.
const maxBody = 128 << 20

// body reads what a PUT brought, or answers why it does not.
func body(w http.ResponseWriter, r *http.Request) (data []byte, ok bool) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		fail(w, http.StatusRequestEntityTooLarge, "the body is longer than %d MiB", maxBody>>20)
	case err != nil:
		fail(w, http.StatusBadRequest, "the body ended early: %v", err)
	}
	return data, err == nil
}

func (s *server) replace(w http.ResponseWriter, r *http.Request) {
	data, ok := body(w, r)
	if !ok {
		return
	}
	cfg, err := read(r.URL.Query().Get("reading"), data)
	s.change(w, http.StatusBadRequest, func(*vpc.Config) (*vpc.Config, error) { return cfg, err })
}

// alreadyRead is the reading of what a Client sends.
const alreadyRead = "done"

// read reads a configuration as ?reading= says: told, strict or lenient. What a
// Client has read already, it sends with the notices and places that it found.
func read(reading string, data []byte) (*vpc.Config, error) {
	if reading == alreadyRead {
		var sent vpc.Sent
		err := json.Unmarshal(data, &sent)
		return sent.Received(), err
	}
	r, err := vpc.ReadingOf(cmp.Or(reading, "told"))
	if err != nil {
		return nil, err
	}
	return r.Parse("config", data)
}

func (s *server) place(w http.ResponseWriter, r *http.Request) {
	if data, ok := body(w, r); ok {
		s.change(w, http.StatusBadRequest, func(c *vpc.Config) (*vpc.Config, error) { return c.Put("Placement", data) })
	}
}

func (s *server) put(w http.ResponseWriter, r *http.Request) {
	kind, id := r.PathValue("kind"), r.PathValue("id")
	data, ok := body(w, r)
	if !ok {
		return
	}
	alone, err := new(vpc.Config).Put(kind, data)
	if err != nil {
		fail(w, http.StatusBadRequest, "%v", err)
		return
	}
	if _, err := alone.Remove(kind, id); err != nil {
		fail(w, http.StatusBadRequest, "%s/%s: the object in the body has another ID", kind, id)
		return
	}
	s.change(w, http.StatusBadRequest, func(c *vpc.Config) (*vpc.Config, error) { return c.Put(kind, data) })
}

func (s *server) remove(w http.ResponseWriter, r *http.Request) {
	kind, id := r.PathValue("kind"), r.PathValue("id")
	s.change(w, http.StatusConflict, func(c *vpc.Config) (*vpc.Config, error) {
		next, err := c.Remove(kind, id)
		if err != nil {
			return nil, &Error{Status: http.StatusNotFound, Message: err.Error()}
		}
		return next, nil
	})
}

// change has the card take what edit makes of the configuration in force, and
// answers with what changed, or with the reason. Other writers do not wait for
// the reader of the answer.
func (s *server) change(w http.ResponseWriter, refused int, edit func(*vpc.Config) (*vpc.Config, error)) {
	change, refusal := s.apply(refused, edit)
	if refusal != nil {
		reply(w, refusal.Status, refusal)
		return
	}
	s.log.Info("configuration changed", "epoch", change.Epoch,
		"added", len(change.Added), "changed", len(change.Changed), "removed", len(change.Removed))
	reply(w, http.StatusOK, change)
}

// apply is change without the answer. The status is refused if the card does
// not take the configuration, and 400 if edit fails without one of its own.
func (s *server) apply(refused int, edit func(*vpc.Config) (*vpc.Config, error)) (nic.Change, *Error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	next, err := edit(s.card.Config())
	if e := (*Error)(nil); errors.As(err, &e) {
		return nic.Change{}, e
	}
	if err != nil {
		return nic.Change{}, &Error{Status: http.StatusBadRequest, Message: err.Error(), Problems: ec2.ProblemsIn(err)}
	}
	change, err := s.card.Apply(next)
	if err != nil {
		return nic.Change{}, &Error{Status: refused, Message: err.Error(), Problems: ec2.ProblemsIn(err)}
	}
	return change, nil
}
