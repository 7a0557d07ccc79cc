package flow

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"nitrocard/nic/wire"
	"nitrocard/tables"
)

// benchTable holds n established connections, whose timeouts are such that
// all of them end in the given time.
func benchTable(b *testing.B, n int, lives time.Duration) (*Table, []Key) {
	limits := DefaultTimeouts()
	limits.Established, limits.syn = lives, lives
	t, err := New(Options{Capacity: n, Seed: 1, Timeouts: func(uint32) *Timeouts { return &limits }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(t.Close)
	keys := make([]Key, n)
	for i := range keys {
		keys[i] = benchKey(i)
		o := Opening{Key: keys[i], TCPFlags: ack, Owner: uint64(i) & 63, Limit: 1 << 30, Now: 1}
		at, err := t.Open(&o)
		if err != Opened {
			b.Fatal(err)
		}
		t.Conn(at).Packet(wire.In, 60, 1)
		t.Conn(at).Packet(wire.Out, 60, 1)
	}
	return t, keys
}

func benchKey(i int) Key {
	return makeKey(uint32(i)&63, wire.ProtoTCP, Ends{0x0a000105, uint32(i) * 2654435761, 40000, uint16(i)})
}

// A burst of packets of known connections: key, lookup, count, state.
func BenchmarkKnown(b *testing.B) {
	for _, n := range []int{1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			t, keys := benchTable(b, n, time.Hour)
			random := rand.New(rand.NewPCG(1, 1))
			random.Shuffle(n, func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
			var burst [tables.Burst]Key
			var at [tables.Burst]uint32
			next, hits := 0, uint64(0)
			for b.Loop() {
				if next += tables.Burst; next+tables.Burst > n {
					next = 0
				}
				for i := range burst {
					k := &keys[next+i]
					ends := Ends{Local: k.Local, Remote: k.Remote, LocalPort: k.LocalPort, RemotePort: k.RemotePort}
					burst[i].Set(k.ENI(), wire.ProtoTCP, ends)
				}
				hits = t.LookupBurst(&burst, tables.Burst, &at)
				for _, i := range at {
					c := t.Conn(i)
					c.Packet(wire.Out, 60, 7)
					c.TCP(wire.Out, ack)
				}
			}
			if ^hits != 0 {
				b.Fatal("a known connection was not found")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/tables.Burst, "ns/packet")
		})
	}
}

// Among a million live connections a burst of the oldest ends and a burst of
// new ones opens, each found or not found before by a lookup as in the card.
func BenchmarkOpenRemove(b *testing.B) {
	const live = 1_000_000
	t, _ := benchTable(b, live, time.Hour)
	var burst [tables.Burst]Key
	var at [tables.Burst]uint32
	for next := 0; b.Loop(); next += tables.Burst {
		for i := range burst {
			burst[i] = benchKey(next + i)
		}
		t.LookupBurst(&burst, tables.Burst, &at)
		for _, i := range at {
			t.remove(i)
		}
		for i := range burst {
			burst[i] = benchKey(live + next + i)
		}
		t.LookupBurst(&burst, tables.Burst, &at)
		for i := range burst {
			o := Opening{Key: burst[i], TCPFlags: syn, Owner: uint64(i), Limit: 1 << 30, Now: 1}
			if _, err := t.Open(&o); err != Opened {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/tables.Burst, "ns/connection")
}

// The same by the clock: a million connections that live 8 s, and a burst of
// new ones when as many have been idle for too long.
func BenchmarkOpenExpire(b *testing.B) {
	const live, lives = 1_000_000, 8 * time.Second
	t, _ := benchTable(b, live, lives)
	var burst [tables.Burst]Key
	var at [tables.Burst]uint32
	tick := uint64(1)
	for next := live; b.Loop(); next += tables.Burst {
		for t.Len() > live-tables.Burst {
			if t.Advance(tick, tables.Burst) {
				tick++
			}
		}
		for i := range burst {
			burst[i] = benchKey(next + i)
		}
		t.LookupBurst(&burst, tables.Burst, &at)
		for i := range burst {
			o := Opening{Key: burst[i], TCPFlags: syn, Owner: uint64(i), Limit: 1 << 30, Now: tick}
			if _, err := t.Open(&o); err != Opened {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/tables.Burst, "ns/connection")
}

// One look at an idle connection that may live on.
func BenchmarkRearm(b *testing.B) {
	const live = 1_000_000
	t, _ := benchTable(b, live, 400*24*time.Hour)
	tick := uint64(1)
	looks := 0
	fire := t.fire
	t.fire = func(at uint32) { looks++; fire(at) }
	for b.Loop() {
		tick++
		t.Advance(tick, 1<<30)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(max(looks, 1)), "ns/look")
}
