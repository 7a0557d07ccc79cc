//go:build linux

package lab

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
)

// A card that lost its oldest drop for a new one has as many drops as before, and the new one is known as new.
func TestADropIsNewByItsTime(t *testing.T) {
	at := func(ns int64) nic.LastDrop { return nic.LastDrop{Time: time.Unix(0, ns)} }
	old := dropTimes{}
	old.add(at(1))
	old.add(at(2))
	require.True(t, old.has(nic.LastDrop{Time: time.Unix(0, 2).UTC()}), "in whatever zone the time is told")
	require.False(t, old.has(at(3)))
}
