package controller

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// stores are the kinds of store, which all must do the same.
func stores(t *testing.T, test func(t *testing.T, s Store, compact func(revision uint64))) {
	t.Run("memory", func(t *testing.T) {
		m := NewMemory()
		test(t, m, m.Compact)
	})
	t.Run("etcd", func(t *testing.T) {
		e := embedded(t)
		test(t, e, func(revision uint64) {
			at, err := e.when(t.Context(), revision)
			require.NoError(t, err)
			_, err = e.client.Compact(t.Context(), at)
			require.NoError(t, err)
		})
	})
}

// embedded starts an etcd in a folder whose path is short enough for sockets.
func embedded(t testing.TB) *Embedded {
	folder, err := os.MkdirTemp("", "etcd")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(folder) })
	e, err := StartEmbedded(t.Context(), folder)
	require.NoError(t, err)
	t.Cleanup(func() { e.Close() })
	return e
}

// errEnough ends a watch.
var errEnough = errors.New("enough")

// watch is the batches after a revision, up to another.
func watch(t *testing.T, s Store, after, until uint64) (all []Batch) {
	err := s.Watch(t.Context(), after, func(b Batch) error {
		if all = append(all, b); b.Revision == until {
			return errEnough
		}
		return nil
	})
	require.ErrorIs(t, err, errEnough)
	return all
}

func load(t *testing.T, s Store) (uint64, map[string]string) {
	all := map[string]string{}
	revision, err := s.Load(t.Context(), func(r Record) error {
		all[r.Kind+" "+r.ID] = string(r.Value)
		return nil
	})
	require.NoError(t, err)
	return revision, all
}

func put(id, value string) Record { return Record{"Vpcs", id, []byte(value)} }

func TestStoreKeepsOneOrder(t *testing.T) {
	stores(t, func(t *testing.T, s Store, compact func(uint64)) {
		ctx := t.Context()
		revision, all := load(t, s)
		require.Zero(t, revision)
		require.Empty(t, all)

		require.NoError(t, s.Commit(ctx, 0, []Record{put("vpc-1", "1"), put("vpc-2", "2"), {"Placement", "", []byte("{}")}}))
		require.NoError(t, s.Commit(ctx, 1, []Record{put("vpc-1", "3"), {"Vpcs", "vpc-2", nil}}))
		require.ErrorIs(t, s.Commit(ctx, 1, []Record{put("vpc-3", "")}), ErrBehind)
		require.ErrorIs(t, s.Commit(ctx, 0, []Record{put("vpc-3", "")}), ErrBehind)
		require.NoError(t, s.Commit(ctx, 2, []Record{put("vpc-4", "4")}))

		revision, all = load(t, s)
		require.Equal(t, uint64(3), revision)
		require.Equal(t, map[string]string{"Vpcs vpc-1": "3", "Vpcs vpc-4": "4", "Placement ": "{}"}, all)
		require.Equal(t, []Batch{{3, []Record{put("vpc-4", "4")}}}, watch(t, s, 2, 3))
		news := watch(t, s, 0, 3)
		require.Len(t, news, 3)
		require.Equal(t, uint64(2), news[1].Revision)
		require.ElementsMatch(t, []Record{put("vpc-1", "3"), {"Vpcs", "vpc-2", nil}}, news[1].Records)

		compact(2)
		require.ErrorIs(t, s.Watch(ctx, 0, func(Batch) error { return nil }), ErrCompacted)
		require.Equal(t, []Batch{{3, []Record{put("vpc-4", "4")}}}, watch(t, s, 2, 3))
	})
}

func TestStoreLoadsManyRecords(t *testing.T) {
	stores(t, func(t *testing.T, s Store, _ func(uint64)) {
		var records []Record
		for i := range 2*pageSize + 1 {
			records = append(records, put(fmt.Sprint("vpc-", i), "x"))
		}
		require.LessOrEqual(t, len(records), s.Most())
		require.NoError(t, s.Commit(t.Context(), 0, records))
		_, all := load(t, s)
		require.Len(t, all, len(records))
	})
}

// What was committed is there after the process has ended.
func TestEmbeddedStoreIsOnDisk(t *testing.T) {
	folder, err := os.MkdirTemp("", "etcd")
	require.NoError(t, err)
	defer os.RemoveAll(folder)
	for i := range uint64(3) {
		e, err := StartEmbedded(t.Context(), folder)
		require.NoError(t, err)
		revision, _ := load(t, e)
		require.Equal(t, i, revision)
		require.NoError(t, e.Commit(t.Context(), i, []Record{put("vpc-1", fmt.Sprint(i))}))
		require.NoError(t, e.Close())
	}
}

// A store that is ended while somebody watches ends the watch.
func TestWatchEndsWithItsContext(t *testing.T) {
	stores(t, func(t *testing.T, s Store, _ func(uint64)) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, s.Watch(ctx, 0, func(Batch) error { return nil }), context.Canceled)
	})
}
