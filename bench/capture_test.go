package bench

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/pmd"
	"nitrocard/pmd/pcap"
)

// write makes a capture of frames.
func write(t *testing.T, frames ...[]byte) string {
	path := filepath.Join(t.TempDir(), "in.pcap")
	w, err := pcap.CreateWriter(path)
	require.NoError(t, err)
	for _, f := range frames {
		require.NoError(t, w.Write(0, f))
	}
	require.NoError(t, w.Close())
	return path
}

// policy is that of the region that small is in.
func policy(t *testing.T) *vpc.Policy {
	p, _, err := small(SG).policy()
	require.NoError(t, err)
	return p
}

func TestACaptureComesAgain(t *testing.T) {
	one, two := make([]byte, 60), make([]byte, 1500)
	one[0], two[0] = 1, 2
	p, err := OpenCapture(write(t, one, two, one))
	require.NoError(t, err)
	var b pmd.Burst
	for n := 0; n < 10*pmd.MaxBurst; n += b.N {
		p.Rx(&b)
		require.Equal(t, pmd.MaxBurst, b.N)
		for i := range b.N {
			want := [][]byte{one, two, one}[(n+i)%3]
			require.Equal(t, want, b.Frames[i].Bytes())
			require.Equal(t, pmd.Headroom, b.Frames[i].Offset())
			b.Frames[i].Bytes()[0] = 9 // the card rewrites what it was lent
		}
	}
	require.EqualValues(t, 10*pmd.MaxBurst, p.Stats().RxPackets)
}

func TestCapturesThatCannotBePlayed(t *testing.T) {
	cut := write(t, make([]byte, 60))
	require.NoError(t, os.Truncate(cut, 50))
	empty := write(t)
	for file, want := range map[string]string{
		empty:     "pcap:" + empty + ": the capture holds no frame",
		cut:       "the file ends within it",
		"none":    "pcap:none: open none",
		"x,out=y": "pcap:x,out=y: a benchmark reads the file into memory",
	} {
		_, err := OpenCapture(file)
		require.ErrorContains(t, err, want)
	}
}

// A capture holds one frame of a connected flow, and one for each of three
// reasons to drop it.
func TestDropsAreToldByReason(t *testing.T) {
	known, err := Region{}.request(policy(t), template{0, false, FrameSize})
	require.NoError(t, err)
	stranger := append([]byte(nil), known...)
	stranger[50+5] = 99 // the inner destination
	elsewhere := append([]byte(nil), known...)
	elsewhere[5] = 7 // the outer one
	file := write(t, known, stranger, elsewhere, make([]byte, 60))
	for _, m := range []Mode{Decap, SG, Encap, Full} {
		port, err := OpenCapture(file)
		require.NoError(t, err)
		o := small(m)
		o.Ports = []pmd.Port{port}
		r := set(t, o)
		for range 4 {
			r.turn(0)
		}
		require.Equal(t, drops{"unknown_mac": 64, "not_for_this_card": 64, "not_vxlan": 64}, r.drops(), m)
	}
}

func TestDecapCutsThePadding(t *testing.T) {
	padded, err := Region{}.request(policy(t), template{0, false, FrameSize})
	require.NoError(t, err)
	port, err := OpenCapture(write(t, append(padded, 0, 0, 0)))
	require.NoError(t, err)
	o := small(Decap)
	o.Ports = []pmd.Port{port}
	r := set(t, o)
	out := taped(r, 1)
	r.turn(0)
	require.Len(t, out.sent[0], FrameSize-50)
}

// full is a port without room.
type full struct{ counter }

func (*full) Tx([]*pmd.Frame) int { return 0 }

func TestAFullPortIsADrop(t *testing.T) {
	for _, m := range []Mode{IO, Decap, SG} {
		o := small(m)
		source, err := newTraffic(Region{ENIs: 2}, policy(t), 100, o.Sizes).requests("edge", false, all)
		require.NoError(t, err)
		o.Ports = []pmd.Port{source, &full{}}
		r := set(t, o)
		r.turn(0)
		require.GreaterOrEqual(t, r.drops()[txFull], uint64(32), m)
	}
	o := small(Encap)
	source, err := newTraffic(Region{ENIs: 2}, policy(t), 100, o.Sizes).requests("edge", false, all)
	require.NoError(t, err)
	o.Ports = []pmd.Port{source}
	r := set(t, o)
	r.ports[0].use(&half{source})
	r.turn(0)
	require.Equal(t, drops{txFull: 32}, r.drops())
}

// half is a port with room for half of what it is to send.
type half struct{ pmd.Port }

func (p *half) Tx(frames []*pmd.Frame) int { return p.Port.Tx(frames[:len(frames)/2]) }
