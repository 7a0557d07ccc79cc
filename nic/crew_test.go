package nic

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/nictest/ample"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
	"nitrocard/tables/oracle"
)

// crew is server x with several workers, whose uplink has a queue for each. Its
// clock goes on by a microsecond a turn, and by what the test adds. What each
// packet carries says who it is for.
type crew struct {
	*testing.T
	card   *Card
	config *vpc.Config
	random *rand.Rand
	uplink []*mem.Port // its queues
	guests map[string]*mem.Port

	now  atomic.Int64
	stop atomic.Bool
	all  sync.WaitGroup

	got map[string]int // packets by what they carry, where they came out
}

func newCrew(t *testing.T, workers int) *crew {
	c := &crew{T: t, random: oracle.Random(t), guests: map[string]*mem.Port{}, got: map[string]int{}}
	c.now.Store(1_780_000_000e9)
	var err error
	c.config, err = vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	c.config.Placement.Edge.UnderlayMac = edgeUnderlay
	c.card, err = New(c.config, Options{Card: "x", Seed: 1, Workers: workers, MaxConnections: 1 << 12, IdleSleep: 1})
	require.NoError(t, err)
	c.card.patience = amply
	var queues []pmd.Port
	for range workers {
		c.uplink = append(c.uplink, mem.New(mem.Options{Queue: 1 << 15}))
		queues = append(queues, c.uplink[len(queues)])
	}
	require.NoError(t, c.card.Attach(Uplink, func() (pmd.Port, error) { return pmd.Join(queues), nil }))
	for _, e := range c.card.Policy().ENIs {
		if e != nil {
			p := mem.New(mem.Options{Queue: 1 << 15})
			c.guests[e.ID] = p
			require.NoError(t, c.card.Attach(e.ID, func() (pmd.Port, error) { return p, nil }))
		}
	}
	require.NoError(t, c.card.begin())
	for _, w := range c.card.threads {
		c.all.Go(func() { w.loop(&c.stop, func() int64 { return c.now.Add(1000) }) })
	}
	return c
}

// end stops the workers. Every packet is accounted for then.
func (c *crew) end() {
	c.stop.Store(true)
	c.card.wake()
	c.all.Wait()
	c.card.gate.Close()
	c.card.end()
	(&rig{TB: c.T, card: c.card}).account()
	require.NoError(c, c.card.Close())
}

// browser i is one of many on the internet that the rules allow.
func browser(i int) string { return fmt.Sprintf("203.0.113.%d:%d", 1+i%250, 1024+i) }

// nameplate is what the packets of flow i of an ENI carry: as many bytes whichever.
func label(eni string, i int) string { return fmt.Sprintf("<%s %06d>", eni, i) }

// request is a packet of flow i for an ENI, as the edge sends it.
func (c *crew) request(eni, port string, i int, flags uint8) []byte {
	e := c.card.Policy().ENI(eni)
	inner := wiretest.TCP(browser(i), e.Addrs()[0].Public.String()+":"+port).Flags(flags).Payload(label(eni, i)).MACs(edgeRouter, e.MAC)
	return wiretest.VXLAN(edge, serverX, e.VNI, inner.Bytes()).MACs(edgeUnderlay, stations[serverX]).Bytes()
}

// answer is the guest's.
func (c *crew) answer(eni, port string, i int, flags uint8) []byte {
	e := c.card.Policy().ENI(eni)
	return wiretest.TCP(e.Primary.String()+":"+port, browser(i)).Flags(flags).Payload(label(eni, i)).MACs(e.MAC, e.RouterMAC).Bytes()
}

// drain takes what left by all ports and holds that it is where it belongs.
func (c *crew) drain() {
	for id, p := range c.guests {
		e := c.card.Policy().ENI(id)
		p.Drain(func(f []byte) {
			if nictest.IsUnasked(f) {
				return
			}
			require.Contains(c, string(f), "<"+id+" ", "what a guest gets is its own")
			require.Equal(c, e.MAC, wire.Ethernet(f).Dst())
			c.got["in "+labelOf(f)]++
		})
	}
	for _, p := range c.uplink {
		p.Drain(func(f []byte) {
			if nictest.IsQuestion(f) {
				return
			}
			var o wire.Outer
			_, fault := wire.ParseVXLAN(f, &o)
			require.Equal(c, wire.NoFault, fault)
			e := c.card.Policy().ENI(strings.Fields(labelOf(f)[1:])[0])
			require.Equal(c, e.VNI, o.VNI, "what a guest sends leaves in its own VPC")
			require.Equal(c, e.Addrs()[0].Public, header(c, f[o.Inner:]).Src)
			c.got["out "+labelOf(f)]++
		})
	}
}

func labelOf(f []byte) string {
	from := strings.Index(string(f), "<eni-")
	return string(f[from : from+strings.IndexByte(string(f[from:]), '>')+1])
}

// until waits until something holds of what came out.
func (c *crew) until(what string, holds func() bool) {
	c.Helper()
	for end := time.Now().Add(ample.Time); ; runtime.Gosched() {
		c.drain()
		if holds() {
			return
		}
		require.True(c, time.Now().Before(end), "%s: %v", what, c.card.Drops().Reasons)
	}
}

// feed puts a frame into a port, which has room sooner or later.
func (c *crew) feed(p *mem.Port, frame []byte) {
	until(c, "the port has room", func() bool { return p.Inject(frame) })
}

// total is how many packets came out.
func (c *crew) total() (n int) {
	for _, k := range c.got {
		n += k
	}
	return n
}

// disturb does everything that others may do to a card while it works, until
// it is told to stop. None of it touches the flows there are.
func (c *crew) disturb(stop *atomic.Bool) *sync.WaitGroup {
	var all sync.WaitGroup
	loop := func(f func(i int)) {
		all.Go(func() {
			for i := 0; !stop.Load(); i++ {
				f(i)
			}
		})
	}
	loop(func(i int) {
		cfg := put(c, c.config, "SecurityGroups", fmt.Sprintf(`{GroupId: sg-new, GroupName: g%d, VpcId: vpc-a}`, i))
		_, err := c.card.Apply(cfg)
		require.NoError(c, err)
	})
	loop(func(int) { c.card.Flows(FlowFilter{Limit: 1 << 20}) })
	shut := put(c, c.config, "SecurityGroups", webAllowing(""))
	loop(func(int) {
		d, err := c.card.DryRun(c.Context(), shut)
		if !errors.Is(err, ErrChangedMeanwhile) { // the loop that applies was faster
			require.NoError(c, err)
			require.Equal(c, d.Connections, d.Outcomes.Outlives+d.Outcomes.Kept+d.Outcomes.AskedAnew+d.Outcomes.Ended, "each has an outcome, and none is cut: %+v", d.Outcomes)
		}
		cut, err := c.card.Flush(c.Context())
		require.NoError(c, err)
		require.Zero(c, cut, "the rules in force allow all of them")
	})
	loop(func(int) {
		for _, p := range c.card.Ports() {
			ended := p.Sent + p.Consumed
			for _, n := range p.Dropped {
				ended += n
			}
			require.Equal(c, p.Received, ended, p.Name)
		}
		c.card.Drops()
		c.card.ENIs()
		c.card.Workers()
	})
	return &all
}

// Each direction of a connection lands on another worker, and policies change,
// flows are listed and counts are read meanwhile: nothing is lost, and each
// connection's counts and state are right.
func TestDirectionsOnDifferentWorkers(t *testing.T) {
	for _, workers := range []int{2, 4} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			const flows, rounds = 300, 5
			c := newCrew(t, workers)
			var stop atomic.Bool
			disturbed := c.disturb(&stop)
			hosts := []struct{ eni, port string }{{"eni-a1", "22"}, {"eni-b1", "80"}} // tracked; untracked. The same address.
			step := func(times int, in, out uint8, both bool) {
				before := c.total()
				for range times {
					for i := range flows {
						h := hosts[i%2]
						if in != 0 {
							c.feed(c.uplink[i%workers], c.request(h.eni, h.port, i, in))
						}
						if out != 0 {
							c.feed(c.guests[h.eni], c.answer(h.eni, h.port, i, out))
						}
					}
				}
				want := before + times*flows
				if both {
					want += times * flows
				}
				c.until("every packet comes out", func() bool { return c.total() == want })
			}
			step(1, wire.TCPSyn, 0, false)
			step(1, 0, wire.TCPSyn|wire.TCPAck, false)
			step(rounds, wire.TCPAck, wire.TCPAck, true)
			stop.Store(true)
			disturbed.Wait()

			listed := c.card.Flows(FlowFilter{Limit: 1 << 20})
			require.Len(t, listed, flows)
			for _, f := range listed {
				require.Equal(t, "ESTABLISHED", f.State)
				require.Equal(t, f.ENI == "eni-a1", f.Tracked)
				if f.Tracked { // the record of another flow begins anew with each policy
					require.Equal(t, []uint64{rounds + 1, rounds + 1}, []uint64{f.PacketsIn, f.PacketsOut}, "%+v", f)
				}
			}
			for i := range flows {
				name := label(hosts[i%2].eni, i)
				require.Equal(t, []int{rounds + 1, rounds + 1}, []int{c.got["in "+name], c.got["out "+name]}, name)
			}
			require.Empty(t, c.card.Drops().Reasons)
			c.end()
		})
	}
}

// Any packet lands on any worker, connections open, close, open again and age
// out, some are denied, and everyone reads and writes meanwhile. A guest gets
// what is its own, and in the end nothing is left over.
func TestAnyPacketOnAnyWorker(t *testing.T) {
	const workers, flows, packets = 3, 400, 20_000
	c := newCrew(t, workers)
	var stop atomic.Bool
	disturbed := c.disturb(&stop)
	sent := 0
	flags := []uint8{wire.TCPSyn, wire.TCPSyn, wire.TCPAck, wire.TCPFin | wire.TCPAck, wire.TCPRst}
	for n := range packets {
		i, f := c.random.IntN(flows), flags[c.random.IntN(len(flags))]
		switch c.random.IntN(8) {
		case 0, 1, 2:
			c.feed(c.uplink[c.random.IntN(workers)], c.request("eni-a1", "22", i, f))
		case 3, 4:
			c.feed(c.uplink[c.random.IntN(workers)], c.request("eni-b1", "80", i, f))
		case 5:
			c.feed(c.guests["eni-a1"], c.answer("eni-a1", "22", i, f|wire.TCPAck))
		case 6:
			c.feed(c.guests["eni-b1"], c.answer("eni-b1", "80", i, f|wire.TCPAck))
		case 7:
			c.feed(c.uplink[c.random.IntN(workers)], c.request("eni-b1", "23", i, f)) // which no rule allows
		}
		sent++
		if n%100 == 0 {
			c.now.Add(int64(time.Second))
			c.drain()
		}
	}
	dropped := func() (n uint64) {
		for _, r := range c.card.Drops().Reasons {
			n += r.Packets
		}
		return n
	}
	c.until("every packet comes out or is dropped", func() bool { return c.total()+int(dropped()) == sent })
	stop.Store(true)
	disturbed.Wait()
	for _, r := range c.card.Drops().Reasons {
		require.Contains(t, []string{"security_group_in", "security_group_out"}, r.Reason, "%+v", r)
	}
	for _, name := range []string{"<eni-a1 ", "<eni-b1 "} {
		n := 0
		for label, k := range c.got {
			if strings.Contains(label, name) {
				n += k
			}
		}
		require.NotZero(t, n)
	}

	c.now.Add(int64(6 * 24 * time.Hour))
	c.until("every connection ends", func() bool { return c.card.crew.Flows.Len() == 0 })
	for _, e := range c.card.ENIs() {
		require.Zero(t, e.Connections, e.ID)
	}
	c.end()
}
