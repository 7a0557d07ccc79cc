package pipeline

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/mem"
)

// crush is a card whose uplink's ring fills while the card works: time passes only by
// what packets cost.
type crush struct {
	*rig
	ring     *mem.Port
	steadies []*steady
}

// What a packet that leaves and any other one cost, as on ports of the kernel.
const (
	sentCost    = 15 * time.Microsecond
	droppedCost = 200 * time.Nanosecond
)

// steady is a sender that sends the same frame to an ENI at even intervals.
type steady struct {
	eni          string
	frame        []byte
	renumber     bool // the identification of each IPv4 packet is another one
	every        time.Duration
	next         int64
	sent, missed uint64
	late, looks  int // how often more than lateness of them waited
}

func newCrush(t *testing.T) *crush {
	c := &crush{rig: newRig(t), ring: mem.New(mem.Options{Queue: 1 << 14})}
	c.observe(nil)
	c.attach(Uplink, c.ring)
	return c
}

// sends adds one.
func (c *crush) sends(eni string, every time.Duration, frame []byte) *steady {
	s := &steady{eni: eni, frame: frame, every: every, next: c.now}
	c.steadies = append(c.steadies, s)
	return s
}

// run lets time pass.
func (c *crush) run(d time.Duration) {
	for end := c.now + int64(d); c.now < end; {
		c.arrive()
		q := c.places[Uplink][0]
		received, sent := q.received, q.sent
		c.Poll(c.now)
		received, sent = q.received-received, q.sent-sent
		c.now += int64(sent)*int64(sentCost) + int64(received-sent)*int64(droppedCost) + 1000
		for _, s := range c.steadies {
			c.ports[s.eni].Drain(func([]byte) {})
			s.look(c.places[s.eni][0])
		}
	}
}

// arrive brings what was sent meanwhile, in the order of time.
func (c *crush) arrive() {
	for {
		first := c.steadies[0]
		for _, s := range c.steadies {
			if s.next < first.next {
				first = s
			}
		}
		if first.next > c.now {
			return
		}
		first.sent++
		if first.renumber {
			ip := wire.IPv4(first.frame[wire.OuterLen+wire.EthernetLen:][:wire.IPv4Len])
			binary.BigEndian.PutUint16(ip[4:], uint16(first.sent))
			ip.SetChecksum(0)
			ip.SetChecksum(wire.Sum(ip, 0))
		}
		if !c.ring.Inject(first.frame) {
			first.missed++
		}
		first.next += int64(first.every)
	}
}

// look notes whether more frames wait than came in 2 ms.
func (s *steady) look(q *Queue) {
	s.looks++
	if waits := s.sent - s.missed - q.delivered; time.Duration(waits)*s.every > 2*time.Millisecond {
		s.late++
	}
}

// forB1 is a packet that the rules of the victim, b1, allow.
func forB1(x *rig) []byte {
	return x.tunnel(edge, "eni-b1", wiretest.TCP(client+":40000", "54.168.7.7:80").Flags(wire.TCPSyn))
}

// A flood that a1's rules allow costs b1 nothing but the moment until the card knows:
// then the flood waits for the others, whatever its frames are.
func TestAFloodForOneENITakesNothingFromTheOthers(t *testing.T) {
	notShort(t)
	fragment := wiretest.UDP(client+":1", "35.72.2.8:53").Size(200).Fragments(104)[0]
	for what, frame := range map[string][]byte{
		"first fragments":       fragment,
		"SYNs":                  syn.Bytes(),
		"with IPv4 options":     syn.Options(1, 1, 1, 1).Bytes(),
		"of a known connection": tcp("80", wire.TCPAck).Bytes(),
	} {
		t.Run(what, func(t *testing.T) {
			x := newCrush(t)
			flood := x.sends("eni-a1", 11*time.Microsecond, x.tunnelBytes(edge, "eni-a1", frame))
			flood.renumber = what == "first fragments"
			victim := x.sends("eni-b1", time.Millisecond, forB1(x.rig))
			x.run(2 * time.Second)
			delivered := x.counts("eni-b1").Delivered
			require.GreaterOrEqual(t, delivered, victim.sent*95/100, "of the victim's")
			require.Less(t, victim.late, victim.looks/5, "the victim's wait")
			require.Zero(t, x.counts("eni-b1").Drops[UplinkBacklog])
			require.NotZero(t, x.counts("eni-a1").Drops[UplinkBacklog])
			require.Zero(t, flood.missed, "the ring never fills")
			require.Greater(t, x.counts("eni-a1").Delivered, uint64(50_000), "the card is not idle meanwhile")
		})
	}
}

// Nobody is dropped without need: not while the card catches up after its worker was
// kept from its CPU, not when all ENIs want the same, not when one is alone.
func TestNobodyIsDroppedWithoutNeed(t *testing.T) {
	notShort(t)
	t.Run("a stall", func(t *testing.T) {
		x := newCrush(t)
		heavy := x.sends("eni-a1", 100*time.Microsecond, x.tunnel(edge, "eni-a1", syn))
		x.sends("eni-b1", time.Millisecond, forB1(x.rig))
		x.run(100 * time.Millisecond)
		for range 4 {
			x.now += int64(500 * time.Millisecond) // 5,000 frames wait, which take 90 ms
			x.run(500 * time.Millisecond)
		}
		require.Zero(t, heavy.missed)
		require.Zero(t, x.counts("eni-a1").Drops[UplinkBacklog])
	})
	t.Run("all want the same", func(t *testing.T) {
		x := newCrush(t)
		x.sends("eni-a1", 20*time.Microsecond, x.tunnel(edge, "eni-a1", syn))
		x.sends("eni-b1", 20*time.Microsecond, forB1(x.rig))
		x.run(time.Second)
		require.NotZero(t, x.ring.Stats().RxMissed, "the card is behind")
		require.Zero(t, x.counts(Uplink).Ends[UplinkBacklog])
	})
	t.Run("one alone", func(t *testing.T) {
		x := newCrush(t)
		x.sends("eni-a1", 11*time.Microsecond, x.tunnel(edge, "eni-a1", syn))
		x.run(time.Second)
		require.NotZero(t, x.ring.Stats().RxMissed, "the card is behind")
		require.Zero(t, x.counts(Uplink).Ends[UplinkBacklog])
	})
}

// After a flood the ENI gets all that comes, and the card looks at bursts no more.
func TestABoundGoes(t *testing.T) {
	notShort(t)
	x := newCrush(t)
	flood := x.sends("eni-a1", 11*time.Microsecond, x.tunnel(edge, "eni-a1", syn))
	x.sends("eni-b1", time.Millisecond, forB1(x.rig))
	x.run(time.Second)
	require.NotEmpty(t, x.w.backlog.bounded)
	flood.every = 50 * time.Microsecond
	x.run(3 * time.Second)
	require.Empty(t, x.w.backlog.bounded)
	before := x.counts("eni-a1").Drops[UplinkBacklog]
	x.run(time.Second)
	require.Equal(t, before, x.counts("eni-a1").Drops[UplinkBacklog])
}

// However heavy an ENI was, its bound lets a frame pass each 10 ms, so that it is heard of again.
func TestABoundLeavesAHundredFramesASecond(t *testing.T) {
	const least = int64(10 * time.Millisecond)
	var b backlog
	b.grow(2)
	b.bound(0, 0, 1<<60)
	require.Equal(t, least, b.shares[0].gap)
	b.bound(1, 0, least-1)
	b.since, b.begun = 1, 1 // behind for all of a window
	b.pass(0)
	for range 5 {
		b.pass(1)
	}
	b.received = 6
	b.endWindow(int64(window) + 1)
	require.Equal(t, least, b.shares[1].gap, "half of the rate would be less")
}

// A bound outlives a change of the configuration: who may change things often must not
// set a flood free.
func TestABoundOutlivesAChange(t *testing.T) {
	x := newCrush(t)
	x.sends("eni-a1", 11*time.Microsecond, x.tunnel(edge, "eni-a1", syn))
	x.sends("eni-b1", time.Millisecond, forB1(x.rig))
	x.run(time.Second)
	x.apply(x.config)
	require.NotEmpty(t, x.w.backlog.bounded)
}
