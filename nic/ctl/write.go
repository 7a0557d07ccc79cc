package ctl

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// maxBody is the longest configuration in bytes; answers for 20,000 ENIs with 15
// addresses each have about a third of it.
const maxBody = 128 << 20

// body is what a PUT brought.
type body struct {
	data  []byte
	leave func() // once nobody needs data
}

// body reads what a PUT brought, or answers why it does not. A body takes the room of
// bodies before it is read: for its length, or for the longest if it tells none.
func (s *server) body(w http.ResponseWriter, r *http.Request) (b body, ok bool) {
	length := r.ContentLength
	if length < 0 {
		length = maxBody
	}
	if length > maxBody {
		io.CopyN(io.Discard, r.Body, maxBody) // or the client may not come to read why
		fail(w, http.StatusRequestEntityTooLarge, "the body is longer than %d MiB", maxBody>>20)
		return b, false
	}
	if b.leave, ok = enter(w, r, s.bodies, length); !ok {
		return b, false
	}
	var err error
	if b.data, err = readAll(http.MaxBytesReader(w, r.Body, maxBody), r.ContentLength); err == nil {
		return b, true
	}
	b.leave()
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		fail(w, http.StatusRequestEntityTooLarge, "the body is longer than %d MiB", maxBody>>20)
	} else {
		fail(w, http.StatusBadRequest, "the body ended early: %v", err)
	}
	return b, false
}

// readAll reads what is so long, in memory for that; less than 0: nobody knows how
// long.
func readAll(r io.Reader, length int64) ([]byte, error) {
	if length < 0 {
		return io.ReadAll(r)
	}
	data := make([]byte, length)
	_, err := io.ReadFull(r, data)
	return data, err
}

func (s *server) replace(w http.ResponseWriter, r *http.Request) {
	b, ok := s.body(w, r)
	if !ok {
		return
	}
	s.change(w, http.StatusBadRequest, func() (nic.Change, error) {
		defer b.leave()
		cfg, err := read(r.URL.Query().Get("reading"), b.data)
		if err != nil {
			return nic.Change{}, err
		}
		return s.card.Apply(cfg)
	})
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
	if b, ok := s.body(w, r); ok {
		s.edit(w, http.StatusBadRequest, func() (vpc.Edit, error) {
			defer b.leave()
			return vpc.Put("Placement", b.data)
		})
	}
}

func (s *server) put(w http.ResponseWriter, r *http.Request) {
	kind, id := r.PathValue("kind"), r.PathValue("id")
	b, ok := s.body(w, r)
	if !ok {
		return
	}
	s.edit(w, http.StatusBadRequest, func() (vpc.Edit, error) {
		defer b.leave()
		edit, err := vpc.Put(kind, b.data)
		if err == nil && edit.ID != id {
			err = fmt.Errorf("%s/%s: the object in the body has another ID", kind, id)
		}
		return edit, err
	})
}

func (s *server) remove(w http.ResponseWriter, r *http.Request) {
	s.edit(w, http.StatusConflict, func() (vpc.Edit, error) {
		edit, err := s.card.Policy().Region.Remove(r.PathValue("kind"), r.PathValue("id"))
		if err != nil {
			err = &Error{Status: http.StatusNotFound, Message: err.Error()}
		}
		return edit, err
	})
}

// edit has the card do one edit. The status is refused if the card does not do it,
// and 400 if there is none.
func (s *server) edit(w http.ResponseWriter, refused int, make func() (vpc.Edit, error)) {
	s.change(w, http.StatusBadRequest, func() (nic.Change, error) {
		edit, err := make()
		if err != nil {
			return nic.Change{}, err
		}
		change, err := s.card.Change(edit)
		if err != nil {
			err = asError(refused, err)
		}
		return change, err
	})
}

// change answers with what changed, or with the reason why nothing did, whose
// status is refused unless the reason has its own. Other writers do not wait for
// the reader of the answer.
func (s *server) change(w http.ResponseWriter, refused int, change func() (nic.Change, error)) {
	s.writing.Lock()
	done, err := change()
	s.writing.Unlock()
	if err != nil {
		reason := asError(refused, err)
		reply(w, reason.Status, reason)
		return
	}
	s.log.Info("configuration changed", "epoch", done.Epoch,
		"added", len(done.Added), "changed", len(done.Changed), "removed", len(done.Removed))
	reply(w, http.StatusOK, done)
}

// asError is the answer for an error that is none yet.
func asError(status int, err error) *Error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e
	}
	return &Error{Status: status, Message: err.Error(), Problems: ec2.ProblemsIn(err)}
}
