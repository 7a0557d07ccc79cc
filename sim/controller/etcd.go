package controller

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Etcd is a store in etcd. Each object is a key of its own, and one key more holds the
// revision, which every commit raises by one on condition that it is what the committing
// controller knew:
//
//	/nitrocard/revision                      41
//	/nitrocard/objects/SecurityGroups/sg-1   {"GroupId":"sg-1",…}
//
// So commits stand in one order, whichever controllers make them.
type Etcd struct {
	client *clientv3.Client
	most   int
}

// The keys.
const (
	prefix      = "/nitrocard/"
	revisionKey = prefix + "revision"
	objectsKey  = prefix + "objects/"
	passedKey   = "/nitrocard-passed/" // outside prefix, which Watch watches
)

// usualTxnOps is how many operations etcd takes in a transaction unless it is told
// otherwise (etcd, --max-txn-ops).
const usualTxnOps = 128

// pageSize is how many keys Load asks for at a time.
const pageSize = 4096

// NewEtcd makes a store of a client whose etcd takes so many operations in a transaction;
// 0 is etcd's default.
func NewEtcd(client *clientv3.Client, ops int) *Etcd {
	if ops == 0 {
		ops = usualTxnOps
	}
	return &Etcd{client, ops - 1}
}

// Most is as Store says: a commit also writes the revision.
func (e *Etcd) Most() int { return e.most }

// Revision is as Store says: etcd answers reads in one order with writes unless it is told
// otherwise.
func (e *Etcd) Revision(ctx context.Context) (uint64, error) {
	revision, _, err := e.head(ctx)
	return revision, err
}

// head is the revision, and etcd's answer to the question for it.
func (e *Etcd) head(ctx context.Context) (revision uint64, head *clientv3.GetResponse, err error) {
	if head, err = e.client.Get(ctx, revisionKey); err != nil {
		return 0, nil, err
	}
	for _, kv := range head.Kvs {
		revision, err = number(kv.Value)
	}
	return revision, head, err
}

// Load is as Store says.
func (e *Etcd) Load(ctx context.Context, take func(Record) error) (uint64, error) {
	revision, head, err := e.head(ctx)
	if err != nil {
		return 0, err
	}
	from, end := objectsKey, clientv3.GetPrefixRangeEnd(objectsKey)
	for {
		page, err := e.client.Get(ctx, from, clientv3.WithRange(end), clientv3.WithRev(head.Header.Revision), clientv3.WithLimit(pageSize))
		if err != nil {
			return 0, err
		}
		for _, kv := range page.Kvs {
			if err := take(recordOf(kv, false)); err != nil {
				return 0, err
			}
		}
		if !page.More {
			return revision, nil
		}
		from = string(page.Kvs[len(page.Kvs)-1].Key) + "\x00"
	}
}

// number is a revision as etcd has it.
func number(value []byte) (uint64, error) {
	n, err := strconv.ParseUint(string(value), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("etcd: %s is %q, which is no number", revisionKey, value)
	}
	return n, nil
}

// recordOf is a record as etcd has it.
func recordOf(kv *mvccpb.KeyValue, gone bool) Record {
	kind, id, _ := strings.Cut(strings.TrimPrefix(string(kv.Key), objectsKey), "/")
	r := Record{Kind: kind, ID: id}
	if !gone {
		r.Value = kv.Value
	}
	return r
}

// Commit is as Store says.
func (e *Etcd) Commit(ctx context.Context, after uint64, records []Record) error {
	unchanged := clientv3.Compare(clientv3.Value(revisionKey), "=", strconv.FormatUint(after, 10))
	if after == 0 {
		unchanged = clientv3.Compare(clientv3.CreateRevision(revisionKey), "=", 0)
	}
	ops := []clientv3.Op{clientv3.OpPut(revisionKey, strconv.FormatUint(after+1, 10))}
	for _, r := range records {
		key := objectsKey + r.Kind + "/" + r.ID
		if r.Value == nil {
			ops = append(ops, clientv3.OpDelete(key))
		} else {
			ops = append(ops, clientv3.OpPut(key, string(r.Value)))
		}
	}
	done, err := e.client.Txn(ctx).If(unchanged).Then(ops...).Commit()
	if refused(err) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if err != nil {
		return err
	}
	if !done.Succeeded {
		return ErrBehind
	}
	return nil
}

// refused tells whether etcd, or the client of etcd, refuses a request for what it holds: it is too
// long, or has too many operations.
func refused(err error) bool {
	switch {
	case err == nil, errors.Is(err, rpctypes.ErrNoSpace):
		return false
	case errors.Is(err, rpctypes.ErrRequestTooLarge), errors.Is(err, rpctypes.ErrTooManyOps):
		return true
	}
	code := status.Code(err)
	return code == codes.InvalidArgument || code == codes.ResourceExhausted // the client's own bound of a message
}

// Watch is as Store says.
func (e *Etcd) Watch(ctx context.Context, after uint64, take func(Batch) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from, err := e.when(ctx, after)
	if err != nil {
		return err
	}
	for resp := range e.client.Watch(clientv3.WithRequireLeader(ctx), prefix, clientv3.WithPrefix(), clientv3.WithRev(from+1)) {
		if err := resp.Err(); err != nil {
			if errors.Is(err, rpctypes.ErrCompacted) {
				return ErrCompacted
			}
			return err
		}
		for len(resp.Events) > 0 {
			n := 1 // the events of one transaction come together
			for n < len(resp.Events) && resp.Events[n].Kv.ModRevision == resp.Events[0].Kv.ModRevision {
				n++
			}
			b, err := batchOf(resp.Events[:n])
			if err == nil {
				err = take(b)
			}
			if err != nil {
				return err
			}
			resp.Events = resp.Events[n:]
		}
	}
	return ctx.Err()
}

// passedLives is for how many seconds etcd has what was passed on.
const passedLives = 30

// Pass is as Store says. What is passed on has a lease's number as key.
func (e *Etcd) Pass(ctx context.Context, p Passed) error {
	value, err := json.Marshal(p)
	if err != nil {
		return err
	}
	lease, err := e.client.Grant(ctx, passedLives)
	if err != nil {
		return err
	}
	_, err = e.client.Put(ctx, passedKey+strconv.FormatInt(int64(lease.ID), 16), string(value), clientv3.WithLease(lease.ID))
	return err
}

// Listen is as Store says.
func (e *Etcd) Listen(ctx context.Context, take func(Passed)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for resp := range e.client.Watch(clientv3.WithRequireLeader(ctx), passedKey, clientv3.WithPrefix(), clientv3.WithFilterDelete()) {
		if err := resp.Err(); err != nil {
			return err
		}
		for _, ev := range resp.Events {
			var p Passed
			if err := json.Unmarshal(ev.Kv.Value, &p); err != nil {
				return fmt.Errorf("etcd: %s: %w", ev.Kv.Key, err)
			}
			take(p)
		}
	}
	return ctx.Err()
}

// when is the revision of etcd's own in which one of ours was written: etcd counts the
// writes of others, too.
func (e *Etcd) when(ctx context.Context, revision uint64) (int64, error) {
	head, err := e.client.Get(ctx, revisionKey)
	if err != nil {
		return 0, err
	}
	if revision == 0 {
		return 0, nil
	}
	for at := head.Header.Revision; len(head.Kvs) > 0; {
		kv := head.Kvs[0]
		now, err := number(kv.Value)
		switch {
		case err != nil:
			return 0, err
		case now == revision:
			return at, nil
		case now < revision:
			return 0, fmt.Errorf("etcd: %s is %d, which was %d before", revisionKey, now, revision)
		}
		// Each of our revisions since is one of etcd's at least.
		at = kv.ModRevision - int64(now-revision-1) - 1
		head, err = e.client.Get(ctx, revisionKey, clientv3.WithRev(at))
		if errors.Is(err, rpctypes.ErrCompacted) {
			return 0, ErrCompacted
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("etcd: %s is gone", revisionKey)
}

// batchOf is what one transaction wrote.
func batchOf(events []*clientv3.Event) (b Batch, err error) {
	for _, ev := range events {
		switch {
		case bytes.Equal(ev.Kv.Key, []byte(revisionKey)):
			b.Revision, err = number(ev.Kv.Value)
		case bytes.HasPrefix(ev.Kv.Key, []byte(objectsKey)):
			b.Records = append(b.Records, recordOf(ev.Kv, ev.Type == mvccpb.DELETE))
		}
		if err != nil {
			return b, err
		}
	}
	if b.Revision == 0 {
		return b, fmt.Errorf("etcd: %q was written by somebody who is no controller", events[0].Kv.Key)
	}
	return b, nil
}
