package oracle

import (
	"errors"
	"flag"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	seed    = flag.Uint64("seed", 1, "of the first region; 0: chosen by the clock")
	packets = flag.Int("packets", 1_000_000, "how many packets meet the oracle, at least, in about a minute beside other tests; a hundredth of them with -short")
)

// perRegion is how much happens in one region.
const perRegion = 1500

// tellEvery is how often a long run tells how far it is.
const tellEvery = 10 * time.Second

// Cards do to random packets in random regions what the oracle says that EC2 does. A
// failure is told as the shortest story that has it; -seed and -packets=1 play it again.
func TestCardsDoWhatTheOracleSays(t *testing.T) {
	from := *seed
	if from == 0 {
		from = uint64(time.Now().UnixNano())
	}
	most := *packets
	if testing.Short() {
		most /= 100
	}
	t.Logf("the first region's seed is %d; each next one's is 1 more", from)
	sum := count{ends: map[string]int{}}
	began := time.Now()
	told := began
	for n := from; sum.packets < most; n++ {
		sum.region(t, n)
		if time.Since(told) > tellEvery {
			told = time.Now()
			t.Logf("%d of %d packets in %v", sum.packets, most, told.Sub(began).Round(time.Second))
		}
	}
	t.Logf("%d packets, %d of them with an outcome that AWS leaves open, %d a second; they ended as %v",
		sum.packets, sum.doubts, int(float64(sum.packets)/time.Since(began).Seconds()), sum.ends)
}

// count is what came of some regions.
type count struct {
	packets, doubts int
	ends            map[string]int
}

// region plays one region.
func (c *count) region(t *testing.T, seed uint64) {
	d := newDice(seed)
	s := story{config: randomRegion(d), watched: seed%4 != 0}
	p, err := newPlay(t, s.config, s.watched)
	require.NoError(t, err, "seed %d", seed)
	defer p.f.close()
	g := newGenerator(d, p.w, s.watched)
	for range perRegion {
		next := g.next()
		s.steps = append(s.steps, next)
		got, err := p.do(next)
		if d := new(disagreement); errors.As(err, &d) {
			s.kind = d.kind()
			t.Logf("seed %d, step %d: %v", seed, len(s.steps), err)
			t.Fatalf("shortened:\n\n%s", s.shorten(t).tell(t))
		}
		require.NoError(t, err, "seed %d, step %d: %v", seed, len(s.steps), next)
		g.arrived(next, got)
		c.end(next, got)
	}
	c.packets += p.packets
	c.doubts += p.doubts
}

// end counts where a packet ended.
func (c *count) end(s step, r result) {
	switch {
	case s.Packet == nil:
	case r.frames == 0:
		c.ends[r.reason]++
	case r.packet.Src.Is4() != s.Packet.Src.Is4():
		c.ends["in the other family"]++
	case r.eni == "":
		c.ends["at the internet"]++
	default:
		c.ends["at a guest"]++
	}
}
