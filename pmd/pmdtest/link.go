package pmdtest

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
)

func downUp(t *testing.T, p *Pair) {
	if p.Down == nil {
		t.Skip("this driver's link cannot go down")
	}
	p.Down()
	idle(p)
	Until(t, "down", func() bool { idle(p); return errors.Is(p.Port.Link(), pmd.ErrDown) })
	before := p.Port.Stats()
	took := p.Port.Tx(lend(frames(stale, 3, 114)))
	after := p.Port.Stats()
	require.Equal(t, uint64(took), after.TxPackets+after.TxDropped-before.TxPackets-before.TxDropped)
	p.Up()
	Until(t, "up", func() bool { idle(p); return p.Port.Link() == nil })
	carries(t, p)
}

// stale numbers the frames that were sent while the link was down. None may
// wait for it to come back.
const stale = 1000

// carries proves that frames pass in both directions.
func carries(t *testing.T, p *Pair) {
	Until(t, "a frame received", func() bool {
		p.Give(frame(1, 114))
		var b pmd.Burst
		p.Port.Rx(&b)
		return slices.ContainsFunc(b.Frames[:b.N], func(f pmd.Frame) bool { return ours(f.Bytes()) })
	})
	Until(t, "a frame arrived", func() (heard bool) {
		p.Port.Tx(lend(frames(2, 1, 114)))
		p.Take(func(f []byte) {
			if ours(f) {
				heard = true
				require.Less(t, binary.BigEndian.Uint32(f[header:]), uint32(stale))
			}
		})
		return heard
	})
}

func gone(t *testing.T, p *Pair) {
	if p.Remove == nil {
		t.Skip("this driver's device cannot go away")
	}
	p.Remove()
	Until(t, "gone", func() bool { idle(p); return errors.Is(p.Port.Link(), pmd.ErrGone) })
	idle(p)
	require.NoError(t, p.Port.Close())
}

// idle polls the port and sends nothing, as a worker does.
func idle(p *Pair) {
	var b pmd.Burst
	p.Port.Rx(&b)
}

func closing(t *testing.T, p *Pair) {
	info := p.Port.Info()
	require.NoError(t, p.Port.Close())
	require.NoError(t, p.Port.Close())
	require.Equal(t, info, p.Port.Info())
	p.Port.Stats()
}
