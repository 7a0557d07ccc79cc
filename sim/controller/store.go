package controller

import (
	"context"
	"errors"

	"nitrocard/nic/flow"
)

// Record is an object as a store keeps it.
type Record struct {
	Kind, ID string // as of vpc.Edit; of numbers that were given out Kind is kindNumbers
	Value    []byte // JSON; nil: the object is gone
}

// Batch is what one commit wrote.
type Batch struct {
	Revision uint64 // one more than the batch before; the first is 1
	Records  []Record
}

// Store keeps a region, and its history for a while. Several controllers may share one.
// Its methods may be called at the same time.
type Store interface {
	// Load hands over all records as of one revision, in pieces, and tells the revision.
	Load(ctx context.Context, take func(Record) error) (revision uint64, err error)

	// Revision is the revision of the last commit that anybody was told of, or a later one.
	Revision(ctx context.Context) (uint64, error)

	// Commit writes records, all or none, if the store's revision is after; else it is
	// ErrBehind. What is committed outlives the machine's power. ErrRefused is for the
	// records themselves: they were not written, and never will be. Any other error leaves
	// open whether the records were written: Watch will tell.
	Commit(ctx context.Context, after uint64, records []Record) error

	// Watch hands over each batch after a revision, in order, until ctx ends or take is an
	// error. It is ErrCompacted if the store does not have them any more.
	Watch(ctx context.Context, after uint64, take func(Batch) error) error

	// Pass passes records of connections on to every controller that listens now, and keeps them for nobody.
	Pass(ctx context.Context, p Passed) error

	// Listen hands over what is passed on from now on, until ctx ends or the store fails.
	Listen(ctx context.Context, take func(Passed)) error

	// Most is how many records one commit can have.
	Most() int
}

// Passed is records of the connections of an ENI that went to another card, for the controller which
// that card follows.
type Passed struct {
	ENI      string
	Revision uint64 // that of the region in which the ENI is there, or a later one
	Records  []byte // at most mostPassed bytes
}

// mostPassed is how many bytes of records go at once: what etcd takes in a request unless it is told
// otherwise (--max-request-bytes, 1.5 MiB) has room for them in JSON.
const mostPassed = 1 << 20 / flow.RecordLen * flow.RecordLen

// ErrBehind is the error of a commit that another controller was faster than.
var ErrBehind = errors.New("another controller has changed the region meanwhile")

// ErrRefused is the error of a commit whose records the store does not take, such as too long ones.
var ErrRefused = errors.New("the store does not take it")

// ErrCompacted is the error of a watch from a revision that the store does not have any
// more.
var ErrCompacted = errors.New("the store does not have the changes since that revision any more")
