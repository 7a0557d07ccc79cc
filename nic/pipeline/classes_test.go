package pipeline

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// flowSet is datagrams of several flows, of which each has a port of its own and rising numbers.
type flowSet struct {
	*rig
	in, out string // ports
	frame   func(port int) []byte

	sent, last, arrived map[int]uint32 // by flow
}

// farFlows are flows of 1,000 bytes between a1 and the internet, and nearFlows those between an ENI and a4.
func (r *rig) farFlows(d wire.Direction) *flowSet {
	return r.flowsOf("eni-a1", d, client, Uplink, func(port int) []byte {
		return r.tunnel(edge, "eni-a1", wiretest.UDP(fmt.Sprintf("%s:%d", client, port), "35.72.2.8:53").Size(1000))
	})
}

func (r *rig) nearFlows(eni string, d wire.Direction) *flowSet {
	a4, to := r.eni("eni-a4"), r.eni(eni).Primary
	return r.flowsOf(eni, d, a4.Primary.String(), "eni-a4", func(port int) []byte {
		return wiretest.UDP(fmt.Sprintf("%s:%d", a4.Primary, port), to.String()+":53").Size(1000).MACs(a4.MAC, a4.RouterMAC).Bytes()
	})
}

func (r *rig) flowsOf(eni string, d wire.Direction, remote, port string, in func(int) []byte) *flowSet {
	f := &flowSet{rig: r, in: port, out: eni, frame: in, sent: map[int]uint32{}, last: map[int]uint32{}, arrived: map[int]uint32{}}
	if d == wire.Out {
		e := r.eni(eni)
		f.in, f.out = eni, port
		f.frame = func(port int) []byte {
			return wiretest.UDP(fmt.Sprintf("%s:%d", e.Primary, port), remote+":53").Size(1000).MACs(e.MAC, e.RouterMAC).Bytes()
		}
	}
	return f
}

// offer has each of the flows send a datagram.
func (f *flowSet) offer(ports ...int) {
	for _, port := range ports {
		require.True(f, f.send(port))
	}
}

// send has a flow send a datagram, and is false if the ring of its port is full.
func (f *flowSet) send(port int) bool {
	frame := f.frame(port)
	binary.BigEndian.PutUint32(payloadOf(frame), f.sent[port]+1)
	if !f.ports[f.in].Inject(frame) {
		return false
	}
	f.sent[port]++
	return true
}

// turn moves the clock, has the card work, and takes what arrived.
func (f *flowSet) turn(d time.Duration) {
	f.now += int64(d)
	for f.Poll(f.now) > 0 {
	}
	f.ports[f.out].Drain(func(frame []byte) {
		if f.out == Uplink {
			frame = frame[wire.OuterLen:]
		}
		port := int(binary.BigEndian.Uint16(frame[34:]))
		n := binary.BigEndian.Uint32(payloadOf(frame))
		require.Greater(f, n, f.last[port], "a datagram overtook another one of its flow")
		f.last[port] = n
		f.arrived[port]++
	})
}

// classed bounds a1 to 10,000 datagrams a second of 1,000 bytes, of which a flow may have 1,000, and all that goes by the
// internet gateway 2,000.
var classed = vpc.Allowance{PeakBandwidthInGbps: 80 * mbit, FlowBandwidthInGbps: 8 * mbit, InternetBandwidthInGbps: 16 * mbit}

// ways are both directions of flows.
var ways = []struct {
	name string
	dir  wire.Direction
}{{"in", wire.In}, {"out", wire.Out}}

// newClassed is a rig in which a4 and a1 may send each other anything, and a1 is of an instance with classes.
func newClassed(t *testing.T) *rig {
	x := newRig(t)
	x.opened()
	x.allows(allowances{"i-a1": classed})
	x.observe(nil)
	return x
}

// opened lets all that a4 and a1 send each other pass.
func (r *rig) opened() {
	r.Helper()
	for _, id := range []string{"sg-a-web", "sg-a-db"} {
		e := r.region.Edit("SecurityGroups", id)
		g := *e.Object.(*ec2.SecurityGroup)
		all := []ec2.IpPermission{{IpProtocol: "-1", IpRanges: []ec2.IpRange{{CidrIp: netip.MustParsePrefix("0.0.0.0/0")}}}}
		g.IpPermissions, g.IpPermissionsEgress = all, all
		e.Object = &g
		region, err := r.region.Change(e)
		require.NoError(r, err)
		r.become(region)
	}
}

// fillClass bounds a1, and has as much wait for the class of a flow of a1 as may.
func (r *rig) fillClass(p wiretest.Packet) {
	r.allows(allowances{"i-a1": classed})
	a1 := r.eni("eni-a1")
	for range 2 * fifoFrames {
		require.True(r, r.ports["eni-a1"].Inject(p.Size(1000).MACs(a1.MAC, a1.RouterMAC).Bytes()))
		r.now += 1e4
		r.Poll(r.now)
	}
	r.ports[Uplink].Sent()
	r.ended = r.ended[:0]
}

// A flow has its bandwidth, and takes nothing from others: two that send three times theirs get it each, and
// one that sends less loses nothing.
func TestAFlowHasItsBandwidth(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			x := newClassed(t)
			f := x.nearFlows("eni-a1", way.dir)
			for i := range 30_000 { // 3 s
				if i%3 == 0 {
					f.offer(4001, 4002)
				}
				if i%20 == 0 {
					f.offer(4003)
				}
				f.turn(100 * time.Microsecond)
			}
			require.InEpsilon(t, 3000, f.arrived[4001], 0.01)
			require.InEpsilon(t, 3000, f.arrived[4002], 0.01)
			require.Equal(t, f.sent[4003], f.arrived[4003])
			m := x.places["eni-a1"][0].meter
			require.Positive(t, m.exceeded[bandwidths[way.dir]])
		})
	}
}

// All flows by the internet gateway have its bandwidth together, and what stays in the VPC has the rest.
func TestTheInternetHasItsBandwidth(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			x := newClassed(t)
			far, near := x.farFlows(way.dir), x.nearFlows("eni-a1", way.dir)
			near.last, near.arrived = far.last, far.arrived // they may arrive at one port
			for i := range 30_000 {                         // 3 s
				if i%10 == 0 {
					far.offer(4001+i/10%8, 4001+(i/10+3)%8)
				}
				if i%11 == 0 {
					near.offer(5001)
				}
				far.turn(50 * time.Microsecond)
				near.turn(50 * time.Microsecond)
			}
			all := uint32(0)
			for port := range far.sent {
				all += far.arrived[port]
				require.InEpsilon(t, 750, far.arrived[port], 0.25, port)
			}
			require.InEpsilon(t, 6000, all, 0.01)
			require.Equal(t, near.sent[5001], near.arrived[5001])
		})
	}
}

// Classes cost nothing and bound nothing while their instance sends less than the slowest of them.
func TestClassesOfASlowInstance(t *testing.T) {
	for _, way := range ways {
		x := newClassed(t)
		f := x.nearFlows("eni-a1", way.dir)
		for range 2000 {
			f.offer(4001)
			f.turn(1100 * time.Microsecond)
			require.False(t, x.places["eni-a1"][0].meter.classifies(way.dir))
		}
		require.Equal(t, f.sent, f.arrived)
	}
}

// What waits for a class is bounded. Once its limit goes, or comes anew, it leaves in its order, and nothing is lost without
// a count.
func TestClassesChangeAndLoseNothing(t *testing.T) {
	for _, way := range ways {
		x := newRig(t)
		x.opened()
		x.observe(nil)
		f := x.nearFlows("eni-a1", way.dir)
		for _, a := range []allowances{{"i-a1": classed}, nil, {"i-a1": classed}, {"i-a1": {PeakBandwidthInGbps: 80 * mbit}}, {"i-a1": classed}} {
			x.allows(a)
			for range 100 {
				f.offer(4001, 4002)
				f.turn(100 * time.Microsecond)
			}
		}
		require.Len(t, x.w.shaper.queues, 2)
		require.Less(t, x.w.Due(time.Hour), time.Second)
		x.allows(nil)
		f.turn(time.Second)
		f.turn(time.Second)
		require.Equal(t, f.sent, f.arrived)
		require.Empty(t, x.w.shaper.queues)
		require.Nil(t, x.places["eni-a1"][0].meter)
	}
}

// What finds no room for its class is dropped under the name that ENA's driver gives it, where it was received
// and at its ENI; other flows lose nothing.
func TestAFullClassQueueDrops(t *testing.T) {
	for _, way := range ways {
		x := newClassed(t)
		f := x.nearFlows("eni-a1", way.dir)
		for i := range 1000 {
			f.offer(4001)
			if i%100 == 0 {
				f.offer(4002)
			}
			f.turn(10 * time.Microsecond)
		}
		v := [2]Verdict{wire.In: BandwidthInExceeded, wire.Out: BandwidthOutExceeded}[way.dir]
		dropped := x.counts(f.in).Ends[v]
		require.Positive(t, dropped)
		require.Equal(t, dropped, x.counts("eni-a1").Drops[v])
		for range 1000 {
			f.turn(time.Millisecond)
		}
		require.EqualValues(t, f.sent[4001], uint64(f.arrived[4001])+dropped)
		require.Equal(t, f.sent[4002], f.arrived[4002])
	}
}

// The flows of one guest, sent and received, take no FIFO that is for another guest: what comes in a burst for that one
// waits as if the flows were not there.
func TestFlowsLeaveFIFOsToOthers(t *testing.T) {
	for _, c := range []struct {
		name          string
		spare, queues int
	}{{"each its own", 1 + mostClassQueues + 1, mostClassQueues}, {"few are left", 5, 3}, {"none is left for class queues", 2, 0}} {
		t.Run(c.name, func(t *testing.T) {
			x := newRig(t)
			x.opened()
			x.allows(allowances{"i-a1": {PeakBandwidthInGbps: 400 * mbit, FlowBandwidthInGbps: mbit}, "i-a2": {PeakBandwidthInGbps: 8 * mbit}})
			x.observe(nil)
			x.w.shaper.spare = x.w.shaper.spare[:c.spare]
			sent, received := x.nearFlows("eni-a1", wire.Out), x.nearFlows("eni-a1", wire.In)
			for range 20 {
				for port := range 30 {
					sent.offer(4000 + port)
					received.offer(5000 + port)
				}
				sent.turn(time.Millisecond)
				received.turn(0)
			}
			require.Len(t, x.w.shaper.queues, c.queues)
			other := x.nearFlows("eni-a2", wire.In)
			for range 200 {
				other.offer(6000)
			}
			for range 1000 {
				other.turn(time.Millisecond)
			}
			require.Equal(t, other.sent, other.arrived)
		})
	}
}

// After flows sent all that their instance may, classes are soon free of cost again, however long that was.
func TestClassesForgiveALongFlood(t *testing.T) {
	for _, way := range ways {
		x := newClassed(t)
		f := x.nearFlows("eni-a1", way.dir)
		for range 3000 {
			f.offer(4001, 4002, 4003, 4004, 4005, 4006, 4007)
			f.turn(time.Millisecond)
		}
		require.True(t, x.places["eni-a1"][0].meter.classifies(way.dir))
		for range 2000 {
			f.turn(time.Millisecond)
		}
		f.offer(4001)
		f.turn(0)
		require.False(t, x.places["eni-a1"][0].meter.classifies(way.dir))
		require.Equal(t, f.sent, f.arrived)
	}
}

// overClass has a1's frames from a4 classified while the class of the flow at port 4001 is over its bandwidth, and
// no FIFO is spare.
func (r *rig) overClass() *flowSet {
	r.opened()
	r.allows(allowances{"i-a1": {PeakBandwidthInGbps: 8, FlowBandwidthInGbps: 4}})
	r.observe(func(*Event) {})
	f, m := r.nearFlows("eni-a1", wire.In), r.places["eni-a1"][0].meter
	m.classes[wire.In].over = true
	m.instance.in.classes.flows[f.class(4001)].spent.Store(r.now + 1e6)
	r.w.shaper.spare = nil
	return f
}

// class is that of a flow from a4 to a1.
func (f *flowSet) class(port int) uint16 {
	return f.w.classify(f.Setup().guest(f.eni("eni-a1").Number), f.frame(port), wire.In).number
}

// What a send lost says nothing of the frames of the next one.
func TestALossIsOfOneSend(t *testing.T) {
	x := newRig(t)
	f := x.overClass()
	f.offer(4001, 4002)
	f.turn(0)
	require.False(t, x.places["eni-a1"][0].meter.classifies(wire.In))
	f.offer(4003)
	f.turn(0)
	require.Equal(t, map[int]uint32{4002: 1, 4003: 1}, f.arrived)
	require.EqualValues(t, 1, x.counts("eni-a1").Drops[BandwidthInExceeded])
}

// Frames that the guest's full port refuses take nothing from their classes, and are dropped under the port's
// name beside those that found no room for a class.
func TestAFullPortTakesNothingFromClasses(t *testing.T) {
	x := newRig(t)
	f := x.overClass()
	q := x.places["eni-a1"][0]
	q.tx = refuses{}
	f.offer(4001, 4002, 4002, 4003)
	f.turn(0)
	c := x.counts("eni-a1")
	require.EqualValues(t, 1, c.Drops[BandwidthInExceeded])
	require.EqualValues(t, 3, c.Drops[TxFull])
	for _, port := range []int{4002, 4003} {
		require.Equal(t, depth, q.meter.instance.in.classes.flows[f.class(port)].left(x.now, depth))
	}
}

// An ENI that goes, and a port that does, take along what waits for classes.
func TestClassesOfAnENIThatGoes(t *testing.T) {
	for _, way := range ways {
		x := newClassed(t)
		x.gone = true // what waits is lost
		f := x.nearFlows("eni-a1", way.dir)
		fill := func() {
			for range 200 {
				f.offer(4001)
				f.turn(10 * time.Microsecond)
			}
			require.NotEmpty(t, x.w.shaper.queues)
		}
		fill()
		x.attach("eni-a1", x.ports["eni-a1"])
		f.turn(0)
		require.Empty(t, x.w.shaper.queues)
		fill()
		x.at("y", "eni-a1")
		x.now += int64(time.Second)
		x.Poll(x.now)
		require.Empty(t, x.w.shaper.queues)
	}
}

// A flow is what AWS says it is: five values of TCP and UDP, three of others. Fragments are of one flow whatever
// their ports, and what goes by the internet gateway is apart.
func TestClassOfAFrame(t *testing.T) {
	x := newRig(t)
	g := x.Setup().guest(x.eni("eni-a1").Number)
	of := func(p wiretest.Packet) flowClass { return x.w.classify(g, p.MACs(macA1, macA2).Bytes(), wire.Out) }
	near, far := wiretest.UDP("10.0.1.5:1", "10.0.2.8:53"), wiretest.UDP("10.0.1.5:1", client+":53")
	require.Equal(t, of(near), of(near.Size(900)))
	require.NotEqual(t, of(near), of(wiretest.UDP("10.0.1.5:2", "10.0.2.8:53")))
	require.NotEqual(t, of(near), of(wiretest.TCP("10.0.1.5:1", "10.0.2.8:53")))
	require.False(t, of(near).far)
	require.True(t, of(far).far)
	require.Less(t, of(near).number, uint16(flowClasses/2))
	require.GreaterOrEqual(t, of(far).number, uint16(flowClasses/2))
	for _, port := range []string{"1", "2"} {
		for _, f := range wiretest.UDP("10.0.1.5:"+port, "10.0.2.8:53").Size(200).MACs(macA1, macA2).Fragments(64) {
			require.Equal(t, x.w.classify(g, wiretest.UDP("10.0.1.5:9", "10.0.2.8:53").Size(200).MACs(macA1, macA2).Fragments(64)[1], wire.Out), x.w.classify(g, f, wire.Out))
		}
	}
	require.Zero(t, x.w.classify(g, nil, wire.Out))
	seen := map[uint16]bool{}
	for port := range 256 {
		seen[of(wiretest.UDP(fmt.Sprintf("10.0.1.5:%d", 1000+port), "10.0.2.8:53")).number] = true
	}
	require.Greater(t, len(seen), 180, "256 flows are spread over 512 classes")
}

// Flows that share a class under one seed are spread under another, and no two share one under each: a sender who does
// not know the seed cannot choose flows for the class of another's.
func TestClassesDependOnTheSeed(t *testing.T) {
	flow := func(port uint16, a, b, c, d uint64) *wire.Tuple {
		return &wire.Tuple{Src: wire.AddrFromWords(a, b), Dst: wire.AddrFromWords(c, d), SrcPort: port, DstPort: 80, Proto: wire.ProtoTCP}
	}
	one, other := newSpread(1), newSpread(2)
	const classes = flowClasses / 2
	at := func(s *spread, f *wire.Tuple) uint16 { return s.of(f) % classes }
	chosen, spread := 0, map[uint16]bool{}
	for port := range uint16(1<<16 - 1) {
		if f := flow(port, 1, 2, 3, 4); at(&one, f) == at(&one, flow(0, 1, 2, 3, 4)) {
			chosen++
			spread[at(&other, f)] = true
		}
	}
	require.Greater(t, chosen, 64)
	require.Greater(t, len(spread), chosen*3/4)
	victim := flow(80, 1, 2, 3, 4)
	for _, f := range []*wire.Tuple{
		flow(81, 1, 2, 3, 4), flow(80|1<<15, 1, 2, 3, 4), flow(80, 1, 2|1<<63, 3, 4), flow(80, 1|1<<63, 2, 3, 4), flow(80, 1, 2, 3|1<<63, 4|1<<63|1<<34),
		flow(80, 1, 2|1<<63, 3|1<<63|1<<34, 4), flow(80, 2, 1, 3, 4), flow(80, 3, 4, 1, 2),
	} {
		same := 0
		for seed := range uint64(200) {
			if s := newSpread(seed); at(&s, f) == at(&s, victim) {
				same++
			}
		}
		require.Less(t, same, 10, "%v and %v", f, victim)
	}
}
