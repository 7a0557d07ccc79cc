package mem

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
	"nitrocard/pmd/pmdtest"
)

func TestDriver(t *testing.T) {
	pmdtest.Run(t, func(t *testing.T) *pmdtest.Pair {
		p := New(Options{Queue: 300})
		return &pmdtest.Pair{
			Port: p, Max: pmd.MaxFrame,
			Give: p.Inject, Take: p.Drain,
			Down:   func() { p.SetLink(pmd.ErrDown) },
			Up:     func() { p.SetLink(nil) },
			Remove: func() { p.SetLink(pmd.ErrGone) },
		}
	})
}

func TestInjectTellsWhatItRefuses(t *testing.T) {
	p := New(Options{Queue: 2})
	require.True(t, p.Inject(make([]byte, 60)))
	require.False(t, p.Inject(make([]byte, pmd.MaxFrame+1)), "longer than any port carries")
	require.True(t, p.Inject(make([]byte, pmd.MaxFrame)))
	require.False(t, p.Inject(make([]byte, 60)), "full")
	p.SetLink(pmd.ErrDown)
	require.False(t, p.Inject(make([]byte, 60)), "down")
	require.Equal(t, pmd.Stats{RxMissed: 5}, p.Stats())
}

func TestInjectKeepsACopy(t *testing.T) {
	p := New(Options{})
	frame := make([]byte, 60)
	require.True(t, p.Inject(frame))
	frame[0] = 1
	var b pmd.Burst
	p.Rx(&b)
	require.Equal(t, make([]byte, 60), b.Frames[0].Bytes())
}

func TestALentFrameTakesRoom(t *testing.T) {
	p := New(Options{Queue: 1})
	var b pmd.Burst
	require.True(t, p.Inject(make([]byte, 60)))
	p.Rx(&b)
	require.False(t, p.Inject(make([]byte, 60)))
	p.Rx(&b)
	require.True(t, p.Inject(make([]byte, 60)))
}

func TestInfo(t *testing.T) {
	require.Equal(t, pmd.Info{Name: "mem", Driver: "mem", MTU: 9071}, New(Options{}).Info())
	require.Equal(t, 1500, New(Options{MTU: 1500}).Info().MTU)
}
