package ctl

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// maxBody is the longest configuration in bytes; answers for 20,000 ENIs with 15
// addresses each have about a third of it.
const maxBody = 128 << 20

// mostOfOwner is the longest body of the owner of some VPCs, who brings one object at a time.
const mostOfOwner = 1 << 20

// body is what a PUT brought.
type body struct {
	data  []byte
	leave func() // once nobody needs what was made of data
}

// body reads what a PUT brought, or answers why it does not. A body takes the room of
// bodies before it is read: for its length, or for the longest if it tells none.
func (s *server) body(w http.ResponseWriter, r *http.Request) (b body, ok bool) {
	most := int64(maxBody)
	if callerOf(r).role == owner {
		most = mostOfOwner
	}
	length := r.ContentLength
	if length < 0 {
		length = most
	}
	if length > most {
		io.CopyN(io.Discard, r.Body, most) // or the client may not come to read why
		fail(w, http.StatusRequestEntityTooLarge, "the body is longer than %d MiB", most>>20)
		return b, false
	}
	if b.leave, ok = enter(w, r, s.bodies.of(callerOf(r)), length); !ok {
		return b, false
	}
	var err error
	if b.data, err = readAll(http.MaxBytesReader(w, r.Body, most), r.ContentLength); err == nil {
		return b, true
	}
	b.leave()
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		fail(w, http.StatusRequestEntityTooLarge, "the body is longer than %d MiB", most>>20)
	case errors.Is(err, os.ErrDeadlineExceeded): // whose own words name the socket's first path
		fail(w, http.StatusRequestTimeout, "the body came too slowly: a client may keep the card waiting for %v, and a second more for each MiB", mostWait)
	default:
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
	query, ok := queryOf(w, r, readings, map[string][]string{"flush": {"true", "false"}})
	if !ok {
		return
	}
	b, ok := s.body(w, r)
	if !ok {
		return
	}
	config, err := s.read(query["reading"], b.data)
	flush := query["flush"] == "true"
	var done nic.Change
	if err == nil {
		done, err = s.target.Apply(r.Context(), config)
	}
	b.leave()
	if err == nil && flush {
		err = s.target.Flush(context.WithoutCancel(r.Context()), &done) // who asked may go: the change is made
	}
	s.changed(w, r, done, asErrorOr(http.StatusBadRequest, err))
}

// alreadyRead is the reading of what a Client sends.
const alreadyRead = "done"

// read is read for one at a time.
func (s *server) read(reading string, data []byte) (*vpc.Config, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	return read(reading, data)
}

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
	b, ok := s.body(w, r)
	if !ok {
		return
	}
	defer b.leave()
	edit, err := vpc.Put("Placement", b.data)
	s.edit(w, r, http.StatusBadRequest, func(*vpc.Region) ([]vpc.Edit, error) { return []vpc.Edit{edit}, err })
}

func (s *server) put(w http.ResponseWriter, r *http.Request) {
	kind, id := r.PathValue("kind"), r.PathValue("id")
	b, ok := s.body(w, r)
	if !ok {
		return
	}
	defer b.leave()
	edit, err := vpc.Put(kind, b.data)
	if kind == vpc.KindENIPlacement {
		edit.ID = id
	}
	if err == nil && edit.ID != id {
		err = fmt.Errorf("%s/%s: the object in the body has another ID", kind, id)
	}
	s.edit(w, r, http.StatusBadRequest, func(*vpc.Region) ([]vpc.Edit, error) { return []vpc.Edit{edit}, err })
}

func (s *server) remove(w http.ResponseWriter, r *http.Request) {
	s.edit(w, r, http.StatusConflict, func(region *vpc.Region) ([]vpc.Edit, error) {
		kind, id := r.PathValue("kind"), r.PathValue("id")
		edit, err := region.Remove(kind, id)
		if err == nil && !callerOf(r).sees(region, region.Edit(kind, id)) {
			_, err = vpc.EmptyRegion().Remove(kind, id) // as of what is not there
		}
		if err != nil {
			err = &Error{Status: http.StatusNotFound, Message: err.Error()}
		}
		return []vpc.Edit{edit}, err
	})
}

// Created is the answer to who created an object.
type Created struct {
	ID     string `json:"id"`     // as in a path: of an Elastic IP address the address
	Object any    `json:"object"` // in EC2's shape, with all that was given out
	nic.Change
}

// create gives an object what it lacks, and adds it to the configuration.
func (s *server) create(w http.ResponseWriter, r *http.Request) {
	kind := r.PathValue("kind")
	b, ok := s.body(w, r)
	if !ok {
		return
	}
	defer b.leave()
	object, err := vpc.Draft(kind, b.data)
	var created Created
	if err == nil {
		created.Change, err = s.target.Edit(r.Context(), func(region *vpc.Region) ([]vpc.Edit, error) {
			edits, err := callerOf(r).complete(region, kind, object)
			if err == nil {
				created.ID, created.Object = edits[0].ID, edits[0].Object
			}
			return edits, asErrorOr(http.StatusBadRequest, err)
		})
	}
	if err != nil {
		refuse(w, asError(http.StatusBadRequest, err))
		return
	}
	s.logChange(&created.Change)
	created.Change = callerOf(r).toldOf(created.Change)
	w.Header().Set("Location", "/v1/"+join("config", kind, created.ID))
	reply(w, http.StatusCreated, created)
}

// complete makes the edits that create what a draft asks for, if the caller may have them.
func (c *caller) complete(region *vpc.Region, kind string, object any) ([]vpc.Edit, error) {
	if err := c.mayDraft(region, kind, object); err != nil {
		return nil, err
	}
	edits, err := region.Create(kind, object, rand.Reader)
	if err == nil {
		err = c.mayCreate(region, edits)
	}
	return edits, err
}

// edit has the target make edits. The status is refused if the target does not make
// them, and 400 if make is an error without a status.
func (s *server) edit(w http.ResponseWriter, r *http.Request, refused int, make func(*vpc.Region) ([]vpc.Edit, error)) {
	done, err := s.target.Edit(r.Context(), func(region *vpc.Region) ([]vpc.Edit, error) {
		edits, err := make(region)
		if err == nil {
			err = callerOf(r).mayMake(region, edits)
		}
		return edits, asErrorOr(http.StatusBadRequest, err)
	})
	s.changed(w, r, done, asErrorOr(refused, err))
}

// changed answers with what changed, or with the reason why nothing did.
func (s *server) changed(w http.ResponseWriter, r *http.Request, done nic.Change, err error) {
	if err != nil {
		refuse(w, asError(http.StatusBadRequest, err))
		return
	}
	s.logChange(&done)
	reply(w, http.StatusOK, callerOf(r).toldOf(done))
}

// logChange logs a change.
func (s *server) logChange(done *nic.Change) {
	s.log.Info("configuration changed", "epoch", done.Epoch, "revision", done.Revision,
		"added", len(done.Added), "changed", len(done.Changed), "removed", len(done.Removed))
}

// asErrorOr is asError, and nil for nil.
func asErrorOr(status int, err error) error {
	if err == nil {
		return nil
	}
	return asError(status, err)
}

// asError is the answer for an error that is none yet.
func asError(status int, err error) *Error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e
	}
	e := &Error{Status: status, Message: err.Error(), Problems: ec2.ProblemsIn(err)}
	switch {
	case status == http.StatusConflict:
		e.Code = dependencyViolation
	case errors.Is(err, nic.ErrChangedMeanwhile):
		e.Status = http.StatusConflict
	case errors.Is(err, vpc.ErrFullSubnet):
		e.Status, e.Code = http.StatusConflict, insufficientFreeAddresses
	case errors.Is(err, vpc.ErrFullPrefixes):
		e.Status, e.Code = http.StatusConflict, insufficientAddressCapacity
	}
	return e
}
