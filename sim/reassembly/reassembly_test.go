//go:build linux

package reassembly

import (
	"flag"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/sim/cage/cagetest"
)

func TestMain(m *testing.M) { os.Exit(cagetest.Main(m)) }

var (
	seed  = flag.Uint64("seed", 1, "of the first soup; 0: chosen by the clock")
	soups = flag.Int("soups", 1000, "how many soups of each family a guest gets")
)

// judges are a card, a kernel behind it, and a kernel that gets everything.
type judges struct {
	card            *server
	behind, without *kernel
}

func newJudges(t testing.TB) *judges { return &judges{newServer(t), newKernel(t), newKernel(t)} }

// families are those that the machine's kernel has.
func families(t testing.TB) []bool {
	if newHost(t, "any").HasIPv6() {
		return []bool{false, true}
	}
	return []bool{false}
}

// Whatever the fragments of a datagram are, and however they come, a guest gets what its card
// judged: nothing at a port that no rule allows, and of the rest exactly the bytes that the card let
// through.
func TestAGuestSeesWhatItsCardJudged(t *testing.T) {
	from := *seed
	if from == 0 {
		from = uint64(time.Now().UnixNano())
	}
	t.Logf("the first soup's seed is %d; each next one's is 1 more", from)
	j := newJudges(t)
	for _, six := range families(t) {
		arrived, smuggled := 0, 0
		for n := range uint64(*soups) {
			s := random(rand.New(rand.NewPCG(from+n, 0)), uint16(n+1), six)
			passed := j.card.pass(s)
			got := j.behind.get(passed)
			for _, a := range got {
				require.EqualValues(t, allowed, a.port, "seed %d: %v", from+n, s)
			}
			if !s.pauses() {
				require.ElementsMatch(t, complete(passed), got, "seed %d: %v", from+n, s)
			}
			arrived += len(got)
			for _, a := range j.without.get(s.frames(s.own())) {
				if a.port == denied {
					smuggled++
				}
			}
		}
		t.Logf("IPv6 is %t: %d datagrams arrived; without a card %d would have arrived at a port that no rule allows", six, arrived, smuggled)
		require.Greater(t, arrived, *soups/10)
		require.Greater(t, smuggled, *soups/10)
	}
}

// own is the guest's own address.
func (s *soup) own() string {
	if s.six {
		return guest6
	}
	return guest
}

// complete are the datagrams that frames in order are the fragments of, if nobody forgets or
// overwrites a byte.
func complete(frames [][]byte) (all []arrival) {
	var segment []byte
	for _, f := range frames {
		var h wire.Headers
		wire.Parse(f, &h)
		body := f[h.L4:h.End]
		if h.Frag != wire.Whole {
			place := h.Place(f)
			segment = append(segment[:place.From:place.From], body...)
			if place.More {
				continue
			}
			body, segment = segment, nil
		}
		if a, ok := received(body, &h); ok {
			all = append(all, a)
		}
	}
	return all
}

// received is what a socket gets of a datagram, unless its length or its checksum is wrong (RFC 768).
func received(b []byte, h *wire.Headers) (a arrival, ok bool) {
	udp := wire.UDP(b)
	n := udp.Length()
	if n < wire.UDPLen || n > len(b) {
		return a, false
	}
	if udp.Checksum() != 0 && wire.Sum(b[:n], wire.PseudoSum(h.Src, h.Dst, wire.ProtoUDP, n)) != 0 {
		return a, false
	}
	return arrival{udp.DstPort(), string(b[wire.UDPLen:n])}, true
}

// Orders of fragments that senders and attackers make, what a guest gets of each behind its card and
// without, and what the card says of those that it drops.
func TestOrdersOfFragments(t *testing.T) {
	const long = 4*24 - wire.UDPLen
	rest := func(n int) []piece { return whole(n, long, 24)[1:] }
	first := func(n int) piece { return whole(n, long, 24)[0] }
	over, late := piece{datagram: 1, from: 16, to: 40, more: true}, first(0)
	late.after = true
	j := newJudges(t)
	for n, c := range []struct {
		what            string
		port            uint16 // of the second datagram, with the same identification
		pieces          []piece
		behind, without string // the letters of the datagrams that arrive
		drops           []string
	}{
		{"in order", allowed, whole(0, long, 24), "a", "a", nil},
		{"backwards", allowed, backwards(whole(0, long, 24)), "a", "a", nil},
		{"each twice", allowed, slices.Concat(whole(0, long, 24)[:2], whole(0, long, 24)[1:2], rest(0)[1:]), "a", "a", []string{"fragment_overlap"}},
		{"a fragment that overlaps the first", allowed, slices.Concat([]piece{first(0), over}, rest(0)), "a", "", []string{"fragment_overlap"}},
		{"another first one, to a port that no rule allows", denied, slices.Concat([]piece{first(0), first(1)}, rest(0)), "a", "a", []string{"security_group_in"}},
		{"another first one, to a port that a rule allows", allowed, slices.Concat([]piece{first(0), first(1)}, rest(0)), "a", "a", []string{"fragment_overlap"}},
		{"the same port and identification once more", allowed, slices.Concat(whole(0, long, 24), whole(1, long, 24)), "ab", "ab", nil},
		{"the rest of another one", denied, slices.Concat([]piece{first(0)}, rest(1)), "", "", nil},
		{"to a port that no rule allows", denied, whole(1, long, 24), "", "b", []string{"security_group_in", "fragment_unknown", "fragment_unknown", "fragment_unknown"}},
		{"without the first", allowed, rest(0), "", "", []string{"fragment_unknown", "fragment_unknown", "fragment_unknown"}},
		{"the first more than a second behind the rest", allowed, append(rest(0), late), "", "a", []string{"fragment_unknown", "fragment_unknown", "fragment_unknown"}},
		{"without the last", allowed, whole(0, long, 24)[:3], "", "", nil},
	} {
		for _, six := range families(t) {
			s := &soup{six: six, id: uint16(n + 1), datagrams: []datagram{{allowed, long, 'a'}, {c.port, long, 'b'}}, pieces: c.pieces}
			require.Equal(t, c.behind, letters(j.behind.get(j.card.pass(s))), c.what)
			require.Equal(t, c.drops, j.card.ended, c.what)
			require.Equal(t, c.without, letters(j.without.get(s.frames(s.own()))), c.what)
		}
	}
}

// backwards are pieces, the last one first.
func backwards(all []piece) []piece {
	slices.Reverse(all)
	return all
}

// letters are the datagrams that arrived, by what they are full of.
func letters(all []arrival) (s string) {
	for _, a := range all {
		s += a.text[:1]
	}
	return s
}
