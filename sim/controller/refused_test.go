package controller

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"nitrocard/nic"
	"nitrocard/nic/ctl"
	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
)

// picky is a store that takes no record with a word, and has room for one commit at a time: who
// commits waits until a test lets the commit pass.
type picky struct {
	*Memory
	pass chan struct{}
}

func (p *picky) Commit(ctx context.Context, after uint64, records []Record) error {
	<-p.pass
	for _, r := range records {
		if strings.Contains(string(r.Value), "unwelcome") {
			return fmt.Errorf("%w: %s", ErrRefused, r.ID)
		}
	}
	return p.Memory.Commit(ctx, after, records)
}

// described is a group with a description.
func described(n int, description string) vpc.Edit {
	id := fmt.Sprint("sg-", n)
	return vpc.Edit{Kind: "SecurityGroups", ID: id, Object: &ec2.SecurityGroup{GroupId: id, GroupName: id, VpcId: "vpc-0", Description: description}}
}

// What a store does not take fails alone, however many changes it was to be written with.
func TestARefusedChangeFailsAlone(t *testing.T) {
	store := &picky{NewMemory(), make(chan struct{})}
	o := open(t, store, newSigner(t))
	first := make(chan struct{})
	go func() { defer close(first); o.change(beginning()...) }()
	store.pass <- struct{}{}
	<-first
	const changes, bad = 100, 37
	failed := make([]error, changes)
	done := make(chan struct{})
	for i := range changes {
		go func() {
			_, failed[i] = o.Change(t.Context(), described(100+i, map[bool]string{true: "unwelcome"}[i == bad]))
			done <- struct{}{}
		}()
	}
	for ended := 0; ended < changes; {
		select {
		case store.pass <- struct{}{}:
		case <-done:
			ended++
		}
	}
	for i, err := range failed {
		if i != bad {
			require.NoError(t, err)
			continue
		}
		var told *ctl.Error
		require.ErrorAs(t, err, &told)
		require.Equal(t, http.StatusRequestEntityTooLarge, told.Status)
		require.ErrorContains(t, err, "the store does not take it: sg-137")
	}
	require.Nil(t, o.Region().SecurityGroup("sg-137"))
	require.NotNil(t, o.Region().SecurityGroup("sg-138"))
}

// etcd says of records that it does not take that they are refused, and takes others then.
func TestEtcdRefusesTooMany(t *testing.T) {
	e := embedded(t)
	records := make([]Record, e.Most()+1)
	for i := range records {
		records[i] = Record{"SecurityGroups", fmt.Sprint(i), []byte("{}")}
	}
	require.ErrorIs(t, e.Commit(t.Context(), 0, records), ErrRefused)
	require.NoError(t, e.Commit(t.Context(), 0, records[:1]))
	require.True(t, refused(rpctypes.ErrRequestTooLarge))
	require.False(t, refused(rpctypes.ErrNoSpace), "all of them would fail alike")
	require.False(t, refused(rpctypes.ErrTimeout), "it may have been written")
}

// So many changes wait for a slow store; one more is refused at once.
func TestChangesThatWaitAreBounded(t *testing.T) {
	store := &picky{NewMemory(), make(chan struct{})}
	c, err := New(t.Context(), Options{Store: store, Signer: newSigner(t), Now: (&clock{}).Now})
	require.NoError(t, err)
	for range mostProposals { // nobody makes them: Run does not run
		require.NoError(t, c.wait(&proposal{ctx: t.Context()}))
	}
	_, err = c.Change(t.Context(), described(1, ""))
	var told *ctl.Error
	require.ErrorAs(t, err, &told)
	require.Equal(t, http.StatusServiceUnavailable, told.Status)
	require.ErrorContains(t, err, "8192 changes wait already; ask again later")
}

// Who has gone leaves nothing behind: a change that waits is withdrawn, and one whose turn comes is not
// made.
func TestNobodysChangeIsMade(t *testing.T) {
	store := &picky{NewMemory(), make(chan struct{}, 1)}
	c, err := New(t.Context(), Options{Store: store, Signer: newSigner(t), Now: (&clock{}).Now})
	require.NoError(t, err)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Change(gone, beginning()...)
	require.ErrorContains(t, err, "the change was not made")
	require.Empty(t, c.waiting)

	turned := func(ctx context.Context) *proposal {
		return &proposal{ctx, func(r *vpc.Region) (*vpc.Region, error) { return r.Change(beginning()...) }, make(chan outcome, 1)}
	}
	late := turned(gone)
	require.NoError(t, c.wait(late))
	slots := c.waiting
	require.Empty(t, c.commit(t.Context(), c.next()))
	require.ErrorContains(t, (<-late.done).err, "the change was not made")
	require.Equal(t, []*proposal{nil}, slots)
	require.Zero(t, c.Revision())

	wanted := turned(t.Context())
	store.pass <- struct{}{}
	require.Empty(t, c.commit(t.Context(), []*proposal{wanted}))
	require.NoError(t, (<-wanted.done).err)
	require.EqualValues(t, 1, c.Revision())
}

// Owners leave half of the changes that may wait to the provider.
func TestOwnersLeaveRoomForTheProvider(t *testing.T) {
	c, err := New(t.Context(), Options{Store: NewMemory(), Signer: newSigner(t), Now: (&clock{}).Now})
	require.NoError(t, err)
	owners := ownersContext(t, c)
	for range mostProposals / 2 {
		require.NoError(t, c.wait(&proposal{ctx: owners}))
	}
	require.ErrorContains(t, c.wait(&proposal{ctx: owners}), "4096 changes wait already")
	for range mostProposals / 2 {
		require.NoError(t, c.wait(&proposal{ctx: t.Context()}))
	}
	require.ErrorContains(t, c.wait(&proposal{ctx: t.Context()}), "8192 changes wait already")
}

// contextual is a controller that keeps the context of the last edit.
type contextual struct {
	*Controller
	last context.Context
}

func (c *contextual) Edit(ctx context.Context, _ func(*vpc.Region) ([]vpc.Edit, error)) (nic.Change, error) {
	c.last = context.WithoutCancel(ctx)
	return nic.Change{}, nil
}

// ownersContext is the context of a request of an owner's.
func ownersContext(t *testing.T, c *Controller) context.Context {
	kept := &contextual{Controller: c}
	r := httptest.NewRequest("PUT", "/v1/config/SecurityGroups/sg-0", strings.NewReader(`{GroupId: sg-0, GroupName: a, VpcId: vpc-0}`))
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Subject: pkix.Name{Organization: []string{ctl.RoleOwner}}}}}
	ctl.Handler(ctl.Options{Target: kept, Log: slog.New(slog.DiscardHandler)}).ServeHTTP(httptest.NewRecorder(), r)
	require.NotNil(t, kept.last)
	return kept.last
}
