package controller

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A controller remembers so many changes, and so many bytes of them; the older half goes.
func TestRecentChangesAreBounded(t *testing.T) {
	quarter := make([]byte, mostRecentBytes/4)
	for _, row := range []struct {
		name       string
		line       []byte
		made, kept int
	}{
		{"a few", quarter, 4, 4},
		{"too long", quarter, 5, 2},
		{"one longer than all", make([]byte, mostRecentBytes+1), 1, 0},
		{"many", nil, mostRecent, mostRecent},
		{"too many", nil, mostRecent + 1, mostRecent / 2},
	} {
		var c Controller
		for i := range row.made {
			c.remember(&change{revision: uint64(i + 1), edits: []told{{line: row.line}}})
		}
		require.Len(t, c.recent, row.kept, row.name)
		require.Equal(t, row.kept*len(row.line), c.recalled, row.name)
		if row.kept > 0 {
			require.EqualValues(t, row.made, c.recent[row.kept-1].revision, row.name)
		}
	}
}

// So many snapshots are made at one time. Who waits for room is let go once the card has another
// connection, and news wait for no snapshot.
func TestSnapshotsAreBounded(t *testing.T) {
	o := open(t, NewMemory(), newSigner(t))
	o.change(append(beginning(), newENI(0, 1), newPlace(0, 1, "x"))...)
	x, y := o.follow("x"), o.follow("y")
	x.hear(o)
	for range mostWholes {
		o.wholes <- struct{}{}
	}
	o.change(newGroup(0, 80))
	require.False(t, x.hear(o).Snapshot())

	waits := make(chan error)
	before := y.feed
	go func() {
		_, err := before.Next(t.Context())
		waits <- err
	}()
	var err error
	y.feed, err = o.Open("y", 0, true)
	require.NoError(t, err)
	require.Equal(t, errReplaced, <-waits)

	heard := make(chan bool)
	go func() {
		m, err := y.feed.Next(t.Context())
		heard <- err == nil && m.Snapshot()
	}()
	select {
	case <-heard:
		t.Fatal("there is no room for a snapshot")
	default:
	}
	<-o.wholes
	require.True(t, <-heard)
	require.Len(t, o.wholes, mostWholes-1, "the room is left")
}
