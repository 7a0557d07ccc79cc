package pipeline

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
)

// allows sets what instances may send and receive.
func (r *rig) allows(all allowances) {
	r.Helper()
	c := *r.config
	c.Placement.Allowances = all
	r.apply(&c)
}

// stream is datagrams of one length with rising numbers, and which of them arrived.
type stream struct {
	*rig
	in, out  string // ports
	frame    []byte
	offered  uint32
	arrived  int
	last     uint32
	overtook bool
}

// payloadOf is where a frame's number is: at the end.
func payloadOf(frame []byte) []byte { return frame[len(frame)-4:] }

// toGuest is a stream of frames of so many bytes from the internet to a1, and fromA1 one from a1 to the internet.
func (r *rig) toGuest(bytes int) *stream {
	frame := r.tunnel(edge, "eni-a1", wiretest.UDP(client+":4000", "35.72.2.8:53").Size(bytes))
	return &stream{rig: r, in: Uplink, out: "eni-a1", frame: frame}
}

func (r *rig) fromA1(bytes int) *stream {
	e := r.eni("eni-a1")
	frame := wiretest.UDP("10.0.1.5:4000", client+":53").Size(bytes).MACs(e.MAC, e.RouterMAC).Bytes()
	return &stream{rig: r, in: "eni-a1", out: Uplink, frame: frame}
}

// offer has the sender send so many frames, or as many as its ring takes.
func (s *stream) offer(n int) {
	for range n {
		binary.BigEndian.PutUint32(payloadOf(s.frame), s.offered+1)
		if !s.ports[s.in].Inject(s.frame) {
			return
		}
		s.offered++
	}
}

// turn moves the clock, has the card work, and takes what arrived.
func (s *stream) turn(d time.Duration) {
	s.now += int64(d)
	for s.Poll(s.now) > 0 {
	}
	s.ports[s.out].Drain(func(frame []byte) {
		if wire.Ethernet(frame).EtherType() != wire.EtherTypeIPv4 {
			return // the card's own question to the underlay
		}
		n := binary.BigEndian.Uint32(payloadOf(frame))
		s.overtook = s.overtook || n <= s.last
		s.last = n
		s.arrived++
	})
}

// flood offers more than may pass for so long, and returns how many frames arrived.
func (s *stream) flood(d time.Duration, each int) int {
	s.observe(nil)
	from := s.arrived
	for end := s.now + int64(d); s.now < end; {
		s.offer(each)
		s.turn(100 * time.Microsecond)
	}
	require.False(s, s.overtook, "frames left in the order in which they came")
	return s.arrived - from
}

// settle lets pass what waits.
func (s *stream) settle() {
	for range 10000 {
		s.turn(100 * time.Microsecond)
	}
}

// crowd bounds a1, and has as much wait for it as may.
func (r *rig) crowd(a vpc.Allowance) {
	r.allows(allowances{"i-a1": a})
	s := r.toGuest(200)
	for range 2 * fifoFrames / 64 {
		s.offer(64)
		s.turn(0)
	}
	r.ended = r.ended[:0]
}

const mbit = 1e-3 // of a Gbit

// Over ten seconds of a flood, what passes is the limit within 1 %, each way, whether bytes or packets
// bound it, and nothing overtakes.
func TestAFloodPassesAtTheLimit(t *testing.T) {
	notShort(t)
	for _, c := range []struct {
		what  string
		limit vpc.Allowance
		bytes int
		want  int // frames a second
	}{
		{"80 Mbit/s in long frames", vpc.Allowance{PeakBandwidthInGbps: 80 * mbit}, 1000, 10000},
		{"8 Mbit/s in short frames", vpc.Allowance{PeakBandwidthInGbps: 8 * mbit}, 100, 10000},
		{"a baseline alone", vpc.Allowance{BaselineBandwidthInGbps: 40 * mbit}, 500, 10000},
		{"5,000 packets a second", vpc.Allowance{PacketsPerSecond: 5000}, 1000, 5000},
		{"packets before bytes", vpc.Allowance{PacketsPerSecond: 5000, PeakBandwidthInGbps: 1}, 1000, 5000},
		{"bytes before packets", vpc.Allowance{PacketsPerSecond: 50000, PeakBandwidthInGbps: 80 * mbit}, 1000, 10000},
	} {
		for _, way := range []func(*rig, int) *stream{(*rig).toGuest, (*rig).fromA1} {
			x := newRig(t)
			x.allows(allowances{"i-a1": c.limit})
			s := way(x, c.bytes)
			t.Run(c.what+" to "+s.out, func(t *testing.T) {
				require.InEpsilon(t, 10*c.want, s.flood(10*time.Second, 3), 0.01)
			})
			s.settle()
		}
	}
}

// An instance without a limit passes at any rate, beside one with.
func TestALimitIsOneInstances(t *testing.T) {
	x := newRig(t)
	x.allows(allowances{"i-a2": {PeakBandwidthInGbps: mbit}})
	s := x.toGuest(1000)
	require.EqualValues(t, 10000*3, s.flood(time.Second, 3))
	require.Nil(t, x.places["eni-a1"][0].meter)
}

// Credits let an instance send at its peak until they are spent, and come back while it is
// silent.
func TestCreditsAreSpentAndComeBack(t *testing.T) {
	x := newRig(t)
	x.allows(allowances{"i-a1": {BaselineBandwidthInGbps: 8 * mbit, PeakBandwidthInGbps: 16 * mbit}})
	s := x.fromA1(1000)
	b := &x.Setup().metering.instances[x.eni("eni-a1").Owner].out
	require.EqualValues(t, 5*time.Minute, b.credits-depth, "five minutes at twice the baseline")
	require.InEpsilon(t, 2000*10, s.flood(10*time.Second, 1), 0.01)
	b.baseline.take(x.now, b.baseline.left(x.now, b.credits), b.credits) // as 290 more seconds would
	require.InEpsilon(t, 1000*10, s.flood(10*time.Second, 1), 0.01)
	x.ports["eni-a1"].Sent()
	s.settle()
	x.now += int64(10 * time.Second)
	require.InEpsilon(t, 2000*10, s.flood(10*time.Second, 1), 0.02, "ten silent seconds are ten at the peak")
	s.settle()
}

// Credits of any baseline are a number of ns that a bucket can count, and a new bucket of them is full.
func TestCreditsAreBounded(t *testing.T) {
	for _, baseline := range []uint64{1, 1e6, 5e9} {
		var b bandwidth
		b.become(1_780_000_000e9, &vpc.Limits{Baseline: baseline, Peak: 1e13, Burst: 5 * time.Minute})
		require.Positive(t, b.credits)
		require.EqualValues(t, 1, b.left(1_780_000_000e9))
	}
}

// What comes for an instance waits while there is room, and is dropped by the name that ENA's driver
// gives it when there is none. What waited leaves in its order, and nothing is lost without a count.
func TestWhatWaitsIsBounded(t *testing.T) {
	x := newRig(t)
	x.allows(allowances{"i-a1": {PeakBandwidthInGbps: mbit}})
	s := x.toGuest(1000)
	x.observe(nil)
	for range 20 {
		s.offer(64)
		s.turn(0)
	}
	room := fifoBytes / (1000 + 128 + 1)
	m := x.places["eni-a1"][0].meter
	require.Equal(t, room, m.fifo.n)
	dropped := x.counts(Uplink).Ends[BandwidthInExceeded]
	require.EqualValues(t, int(s.offered)-s.arrived-room, dropped)
	require.Equal(t, dropped, x.counts("eni-a1").Drops[BandwidthInExceeded])
	require.EqualValues(t, int(s.offered)-s.arrived, m.exceeded.In(), "queued or dropped")
	require.Less(t, x.w.Due(time.Hour), time.Second)
	s.settle()
	for s.arrived+int(dropped) < int(s.offered) {
		s.turn(time.Millisecond)
	}
	require.False(t, s.overtook)
	require.Nil(t, m.fifo, "its memory is another's")
}

// What a guest sends too fast stays in its ring, from where the card takes it in order.
func TestWhatIsSentTooFastWaitsInItsRing(t *testing.T) {
	x := newRig(t)
	x.allows(allowances{"i-a1": {PeakBandwidthInGbps: 8 * mbit}})
	s := x.fromA1(1000)
	x.observe(nil)
	s.offer(500)
	s.turn(0)
	require.Equal(t, 64, s.arrived, "a burst")
	m := x.places["eni-a1"][0].meter
	require.True(t, x.places["eni-a1"][0].Held())
	due := x.w.Due(time.Second)
	require.InDelta(t, 64e6-depth, int64(due), 1e6, "the card may sleep until the burst is paid for")
	s.turn(due - 1)
	require.Equal(t, 64, s.arrived)
	for s.arrived < 500 {
		s.turn(time.Millisecond)
	}
	require.False(t, s.overtook)
	require.Positive(t, m.exceeded.Out())
	require.Less(t, m.exceeded.Out(), uint64(500), "the first ones had not to wait")
	waited := m.exceeded.Out()
	s.turn(time.Second)
	for range 100 {
		s.offer(1)
		s.turn(time.Millisecond)
	}
	require.Equal(t, waited, m.exceeded.Out(), "who sends at the limit does not wait")
}

// Packets a second are of both directions together.
func TestPacketsOfBothWaysCount(t *testing.T) {
	x := newRig(t)
	x.allows(allowances{"i-a1": {PacketsPerSecond: 1000}})
	in, out := x.toGuest(200), x.fromA1(200)
	x.observe(nil)
	for range 100000 {
		in.offer(1)
		out.offer(1)
		in.turn(50 * time.Microsecond)
		out.turn(50 * time.Microsecond)
	}
	require.InEpsilon(t, 10000, in.arrived+out.arrived, 0.01)
	require.InEpsilon(t, 5000, in.arrived, 0.1, "who sends takes nothing from who receives")
	m := x.places["eni-a1"][0].meter
	require.Positive(t, m.exceeded.Packets())
	require.Zero(t, m.exceeded.In()+m.exceeded.Out())
	require.Positive(t, x.counts(Uplink).Ends[PacketsExceeded])
	x.ports["eni-a1"].Sent()
	for x.places["eni-a1"][0].meter.fifo != nil {
		in.turn(time.Millisecond)
	}
}

// All ENIs of an instance have its limits together.
func TestENIsOfAnInstanceShareItsLimits(t *testing.T) {
	x := newRig(t)
	edit := x.region.Edit("NetworkInterfaces", "eni-a2")
	eni := *edit.Object.(*ec2.NetworkInterface)
	eni.Attachment = &ec2.NetworkInterfaceAttachment{InstanceId: "i-a1", DeviceIndex: 1}
	edit.Object = &eni
	region, err := x.region.Change(edit)
	require.NoError(t, err)
	x.become(region)
	x.allows(allowances{"i-a1": {PeakBandwidthInGbps: 8 * mbit}})
	x.observe(nil)
	one := x.fromA1(1000)
	e := x.eni("eni-a2")
	two := &stream{rig: x, in: "eni-a2", out: Uplink, frame: wiretest.UDP("10.0.1.6:4000", client+":53").Size(1000).MACs(e.MAC, e.RouterMAC).Bytes()}
	for range 100000 {
		one.offer(1)
		two.offer(1)
		x.now += int64(100 * time.Microsecond)
		x.Poll(x.now)
		x.ports[Uplink].Sent()
	}
	taken := x.counts("eni-a1").Received
	other := x.counts("eni-a2").Received // which are dropped behind the meter: a2 has no public address
	require.InEpsilon(t, 10000, taken+other, 0.01)
	require.InEpsilon(t, 5000, taken, 0.2)
}

// An ENI that goes to another instance has the limits of that one.
func TestAnENIChangesItsInstance(t *testing.T) {
	x := newRig(t)
	x.allows(allowances{"i-a1": {PeakBandwidthInGbps: 8 * mbit}, "i-a2": {PeakBandwidthInGbps: 800 * mbit}})
	edit := x.region.Edit("NetworkInterfaces", "eni-a4")
	eni := *edit.Object.(*ec2.NetworkInterface)
	for _, id := range []string{"i-a2", "i-a1"} {
		eni.Attachment = &ec2.NetworkInterfaceAttachment{InstanceId: id, DeviceIndex: 1}
		edit.Object = &eni
		region, err := x.region.Change(edit)
		require.NoError(t, err)
		x.become(region)
		require.Same(t, x.Setup().instances[x.eni("eni-a4").Owner].Instance, x.places["eni-a4"][0].meter.instance)
	}
}

// A limit that comes back while frames wait from before bounds what follows, and an old one ends none.
func TestALimitComesBackWhileFramesWait(t *testing.T) {
	x := newRig(t)
	x.observe(nil)
	s := x.toGuest(1000)
	slow := allowances{"i-a1": {PeakBandwidthInGbps: mbit}}
	x.allows(slow)
	s.offer(64)
	s.turn(0)
	s.offer(64)
	s.turn(0)
	x.allows(nil)
	x.allows(slow)
	require.NotNil(t, x.places["eni-a1"][0].meter.fifo, "they wait")
	x.allows(allowances{"i-a1": {PeakBandwidthInGbps: 80 * mbit}})
	s.settle()
	require.EqualValues(t, s.offered, s.arrived)
	require.NotNil(t, x.places["eni-a1"][0].meter)
	require.InEpsilon(t, 10000, s.flood(time.Second, 2), 0.02)
	s.settle()
}

// An ENI with limits sends 1,024 fragments a second, and any number without.
func TestFragmentsThatLeaveAreBounded(t *testing.T) {
	for _, limit := range []allowances{nil, {"i-a1": {PeakBandwidthInGbps: 10}}} {
		x := newRig(t)
		x.allows(limit)
		e := x.eni("eni-a1")
		x.observe(nil)
		for second := range 2 {
			for id := range uint16(1000) {
				for _, f := range wiretest.UDP("10.0.1.5:4000", client+":53").Size(200).ID(id).MACs(e.MAC, e.RouterMAC).Fragments(96) {
					require.True(t, x.ports["eni-a1"].Inject(f))
				}
				x.now += 1e3
				x.Poll(x.now)
				x.ports[Uplink].Sent()
			}
			c := x.counts("eni-a1")
			if limit == nil {
				require.Zero(t, c.Ends[PacketsExceeded])
				continue
			}
			require.EqualValues(t, (2000-1024)*(second+1), c.Ends[PacketsExceeded])
			require.Equal(t, c.Ends[PacketsExceeded], c.Exceeded.Packets())
			x.now = (x.now/1e9 + 1) * 1e9
		}
	}
}

// A limit that goes, comes or moves while frames wait loses none, and keeps their order.
func TestALimitChangesAndLosesNothing(t *testing.T) {
	x := newRig(t)
	x.observe(nil)
	s := x.toGuest(1000)
	for _, limit := range []float64{8 * mbit, 0, 4 * mbit, 2 * mbit, 0, 80 * mbit} {
		all := allowances{}
		if limit > 0 {
			all["i-a1"] = vpc.Allowance{PeakBandwidthInGbps: limit}
		}
		x.allows(all)
		s.offer(70)
		s.turn(time.Millisecond)
	}
	s.settle()
	require.EqualValues(t, s.offered, s.arrived)
	require.False(t, s.overtook)
	x.allows(nil)
	require.Nil(t, x.places["eni-a1"][0].meter)
}

// A port that is opened anew is bounded as the one before it was, and what waited for the old one is
// counted as lost.
func TestALimitOutlivesThePort(t *testing.T) {
	x := newRig(t)
	x.gone = true // what waits is lost with the port
	x.allows(allowances{"i-a1": {PeakBandwidthInGbps: 8 * mbit}})
	x.observe(nil)
	s := x.toGuest(1000)
	s.offer(200)
	s.turn(0)
	waits := x.places["eni-a1"][0].meter.fifo.n
	require.Positive(t, waits)
	x.attach("eni-a1", x.ports["eni-a1"])
	require.EqualValues(t, waits, x.counts("eni-a1").Drops[NoPort])
	require.InEpsilon(t, 10000, s.flood(10*time.Second, 1), 0.01)
	s.settle()
}

// A limit that is raised acts at once, however much was owed under the old one.
func TestARaisedLimitActsAtOnce(t *testing.T) {
	for _, c := range []struct{ slow, fast vpc.Allowance }{
		{vpc.Allowance{PeakBandwidthInGbps: mbit}, vpc.Allowance{PeakBandwidthInGbps: 80 * mbit}},
		{vpc.Allowance{BaselineBandwidthInGbps: mbit, PeakBandwidthInGbps: 2 * mbit}, vpc.Allowance{BaselineBandwidthInGbps: 40 * mbit, PeakBandwidthInGbps: 80 * mbit}},
		{vpc.Allowance{PacketsPerSecond: 100}, vpc.Allowance{PacketsPerSecond: 10000}},
	} {
		x := newRig(t)
		x.allows(allowances{"i-a1": c.slow})
		x.observe(nil)
		s := x.fromA1(1000)
		s.offer(200)
		s.turn(0)
		require.Equal(t, 64, s.arrived, "a burst, which is owed")
		x.allows(allowances{"i-a1": c.fast})
		s.turn(10 * time.Millisecond)
		require.Equal(t, 128, s.arrived)
		s.settle()
	}
}

// What waits for a guest whose ring is full is asked about again soon, not at once, and is dropped once
// its link goes down.
func TestWhatWaitsForAPortThatTakesNothing(t *testing.T) {
	x := newRig(t)
	x.gone = true // what waits is lost with the link
	x.allows(allowances{"i-a1": {PeakBandwidthInGbps: 8 * mbit}})
	x.observe(nil)
	c, drops := x.capture(Scope{ENI: "eni-a1"}), x.capture(Scope{Dropped: true})
	s := x.toGuest(1000)
	s.offer(200)
	s.turn(0)
	q := x.places["eni-a1"][0]
	waits := q.meter.fifo.n
	require.Positive(t, waits)
	in, out := " to eni-a1 at eni-a1 by udp 53 from 0.0.0.0/0", 0
	for _, text := range taken(c) {
		if text == "out eni-a1 1000 sent"+in+" waits" {
			out++
		} else if !strings.HasSuffix(text, " waits") {
			require.Contains(t, []string{"in uplink 1050 sent" + in, "out eni-a1 1000 sent" + in}, text)
		}
	}
	require.Equal(t, waits, out)
	port := q.tx
	q.tx = refuses{}
	for range 100 {
		s.turn(10 * time.Millisecond)
		require.Positive(t, x.w.Due(time.Hour))
	}
	require.Equal(t, waits, q.meter.fifo.n)
	q.tx = port
	x.ports["eni-a1"].SetLink(pmd.ErrDown)
	x.checkLinks()
	s.turn(time.Millisecond)
	require.EqualValues(t, waits, x.counts("eni-a1").Drops[PortDown])
	fell := slices.Repeat([]string{"out eni-a1 1000 port_down at eni-a1"}, waits)
	require.Equal(t, fell, taken(c))
	require.Equal(t, fell, taken(drops))
	require.Empty(t, x.w.shaper.waiting)
	require.Equal(t, time.Hour, x.w.Due(time.Hour))
}

// refuses is a port whose ring is full.
type refuses struct{}

func (refuses) Tx([]*pmd.Frame) int { return 0 }

// What a guest sends waits no longer once its port is gone.
func TestNothingWaitsForAPortThatWent(t *testing.T) {
	x := newRig(t)
	x.allows(allowances{"i-a1": {PeakBandwidthInGbps: mbit}})
	x.observe(nil)
	s := x.fromA1(1000)
	s.offer(200)
	s.turn(0)
	q := x.places["eni-a1"][0]
	require.True(t, q.Held())
	x.ports["eni-a1"].Sent()
	x.attach("eni-a1", nil)
	s.turn(time.Hour)
	require.False(t, q.Held())
	require.Equal(t, time.Hour, x.w.Due(time.Hour))
}

// While frames wait for as many ENIs as may, what comes too fast for another is dropped at once, under
// the name that a full FIFO has.
func TestFIFOsAreBounded(t *testing.T) {
	x := newRig(t)
	x.allows(allowances{"i-a1": {PeakBandwidthInGbps: mbit}})
	x.observe(nil)
	s := x.toGuest(1000)
	shut := &Instance{}
	shut.become(x.now, &vpc.Limits{Peak: 1e6})
	shut.in.peak.spent.Store(x.now + int64(time.Minute))
	var f pmd.Frame
	f.Lend(make([]byte, 300), 100, 100)
	fifos := x.w.shaper.made
	require.Equal(t, 1, fifos, "a FIFO for each ENI with limits")
	for range fifos {
		m := &meter{worker: x.w, queue: x.places["eni-a2"][0], instance: shut, lacks: bandwidthIn}
		m.reset()
		require.True(t, m.enqueueOne(&f))
	}
	s.offer(64)
	s.turn(0)
	passed := s.arrived
	s.offer(64)
	s.turn(0)
	m := x.places["eni-a1"][0].meter
	require.Nil(t, m.fifo)
	require.EqualValues(t, int(s.offered)-passed, x.counts(Uplink).Ends[BandwidthInExceeded])
	require.EqualValues(t, int(s.offered)-passed, m.exceeded.In())

	shut.in.peak.spent.Store(0)
	s.turn(0)
	s.offer(64)
	s.turn(0)
	require.NotNil(t, m.fifo, "there is room again")
	x.places["eni-a2"][0].delivered -= uint64(fifos) // as enqueueAll has it for what the card received
	s.settle()
}

// An ENI that goes takes what waits for it along.
func TestAnENIGoesWhileFramesWait(t *testing.T) {
	x := newRig(t)
	x.allows(allowances{"i-a1": {PeakBandwidthInGbps: 8 * mbit}})
	x.observe(nil)
	s := x.toGuest(1000)
	s.offer(200)
	s.turn(0)
	x.at("y", "eni-a1")
	s.now += int64(time.Second)
	x.Poll(s.now)
	require.Empty(t, x.w.shaper.waiting)
}

// FIFOs are made with the setup that brings the limits, and go with them; none is made on a packet's way.
func TestFIFOsComeWithLimits(t *testing.T) {
	x := newRig(t)
	require.Zero(t, x.w.shaper.made)
	slow := vpc.Allowance{PeakBandwidthInGbps: mbit}
	x.allows(allowances{"i-a1": slow, "i-a2": slow})
	require.Equal(t, 2, x.w.shaper.made)
	x.observe(nil)
	s := x.toGuest(1000)
	s.offer(200)
	s.turn(0)
	require.Len(t, x.w.shaper.waiting, 1)
	require.Len(t, x.w.shaper.spare, 1)
	x.allows(nil)
	require.Equal(t, 1, x.w.shaper.made, "what waits leaves in order")
	s.settle()
	x.allows(allowances{"i-a1": slow})
	require.Equal(t, 1, x.w.shaper.made)
	x.allows(nil)
	require.Zero(t, x.w.shaper.made)
	require.Empty(t, x.w.shaper.spare)
}
