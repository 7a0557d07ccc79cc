package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
)

// toyNAT is an appliance that sends what it gets on to another address.
type toyNAT struct {
	mac, router wire.MAC
	to          string
	takes       int // frames of each burst
	held        []pmd.Frame
}

func (n *toyNAT) Tx(frames []*pmd.Frame) int {
	taken := min(len(frames), n.takes)
	for _, f := range frames[:taken] {
		n.held = append(n.held, *f)
	}
	return taken
}

func (n *toyNAT) Rx(b *pmd.Burst, ends *[pmd.MaxBurst]Verdict) {
	b.N = copy(b.Frames[:], n.held)
	n.held = n.held[b.N:]
	for i := range b.N {
		frame := b.Frames[i].Bytes()
		var h wire.Headers
		wire.Parse(frame, &h)
		wire.RewriteDst(frame, &h, wiretest.Addr(n.to))
		wire.Ethernet(frame).SetSrc(n.mac)
		wire.Ethernet(frame).SetDst(n.router)
		ends[i] = Sent
	}
}

// translates has an appliance in the place of an ENI's guest, which sends all it gets on to
// another address.
func (r *rig) translates(eni, subnet, private, to string) *toyNAT {
	e := r.eni(eni)
	r.put("NetworkInterfaces", `{NetworkInterfaceId: `+eni+`, SubnetId: `+subnet+`, MacAddress: "`+e.MAC.String()+`", SourceDestCheck: false,
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: `+private+`}], Groups: [{GroupId: sg-a-web}]}`)
	s := &toyNAT{mac: e.MAC, router: e.RouterMAC, to: to, takes: pmd.MaxBurst}
	r.places[eni][0].AttachAppliance(s, 1514)
	delete(r.ports, eni)
	r.store(r.policy())
	return s
}

// visited has eni-a1's guest send a few packets of one connection to eni-a2 in a burst,
// and is what leaves by the uplink.
func (r *rig) visited(n int) [][]byte {
	r.Helper()
	r.ended = nil
	for i := range n {
		p := wiretest.TCP("10.0.1.5:40000", "10.0.1.6:8080").Flags(wire.TCPSyn)
		if i > 0 {
			p = p.Flags(wire.TCPAck)
		}
		require.True(r, r.ports["eni-a1"].Inject(to(p)(r)))
	}
	require.Equal(r, n, r.Poll(r.now), "a turn counts what ports received")
	return r.ports[Uplink].Sent()
}

// tunneled is how many received packets left by the uplink.
func (r *rig) tunneled() uint64 {
	c := r.counts(Uplink)
	return c.Delivered - c.Originated
}

// An appliance stands on a packet's way: the packet passes the stages of the appliance's ENI
// on its way in and, as what the appliance sends, on its way out, all in one turn. So it
// does when the connections are known, through the stages and through assembly.
func TestAnApplianceStandsOnAPacketsWay(t *testing.T) {
	x := newRig(t)
	x.translates("eni-a2", "subnet-a1", "10.0.1.6", "10.0.1.7")
	for round := range 4 {
		if round == 2 {
			x.observe(nil)
		}
		frames := x.visited(5)
		require.Len(t, frames, 5)
		for _, f := range frames {
			require.NoError(t, wiretest.Check(f))
			var o wire.Outer
			_, fault := wire.ParseVXLAN(f, &o)
			require.Equal(t, wire.NoFault, fault)
			inner := header(t, f[o.Inner:])
			require.Equal(t, []string{serverY, "10.0.1.5", "10.0.1.7"}, []string{o.Dst.String(), inner.Src.String(), inner.Dst.String()})
		}
	}
	a1, a2 := x.counts("eni-a1"), x.counts("eni-a2")
	require.Equal(t, []uint64{20, 20, 20, 20, 20}, []uint64{a1.Ends[Sent], a2.Delivered, a2.Received, a2.Ends[Sent], x.tunneled()})
	require.Len(t, x.flows("eni-a2"), 2, "to the appliance, and from it")
}

// What the appliance's ENI may not do, the appliance may not.
func TestAnAppliancePassesItsENIsStages(t *testing.T) {
	x := newRig(t)
	s := x.translates("eni-a2", "subnet-a1", "10.0.1.6", "192.0.2.1")
	require.Empty(t, x.visited(1))
	require.Equal(t, []string{"sent", "blackhole"}, []string{x.ended[0].Verdict.String(), x.ended[1].Verdict.String()})
	s.mac = macA4
	require.Empty(t, x.visited(1))
	require.EqualValues(t, 1, x.counts("eni-a2").Drops[SpoofedMAC])
	s.takes = 0
	require.Empty(t, x.visited(1))
	require.EqualValues(t, 1, x.counts("eni-a2").Drops[TxFull])
}

// More than one appliance may stand on a packet's way.
func TestTwoStationsInARow(t *testing.T) {
	x := newRig(t)
	first := x.translates("eni-a2", "subnet-a1", "10.0.1.6", "10.0.2.8")
	x.translates("eni-a4", "subnet-a2", "10.0.2.8", "10.0.1.7")
	for range 2 {
		for _, f := range x.visited(pmd.MaxBurst) {
			require.Equal(t, "10.0.1.7", header(t, f[wire.OuterLen:]).Dst.String())
		}
		require.Len(t, x.ended, 3*pmd.MaxBurst)
	}
	require.EqualValues(t, 2*pmd.MaxBurst, x.tunneled())
	require.Empty(t, first.held)
}

// Two appliances that send to each other end: what is left after so many stops is dropped,
// and named, and the next burst finds them empty.
func TestAppliancesThatSendToEachOtherEnd(t *testing.T) {
	x := newRig(t)
	s := x.translates("eni-a2", "subnet-a1", "10.0.1.6", "10.0.2.8")
	u := x.translates("eni-a4", "subnet-a2", "10.0.2.8", "10.0.1.6")
	for range 2 {
		require.Empty(t, x.visited(pmd.MaxBurst))
		require.Empty(t, s.held)
		require.Empty(t, u.held)
	}
	drops := x.counts("eni-a2").Drops[ApplianceLoop] + x.counts("eni-a4").Drops[ApplianceLoop]
	require.EqualValues(t, 2*pmd.MaxBurst, drops)
	require.Equal(t, "10.0.1.5", said(&x.latest()[0])[0])
	require.GreaterOrEqual(t, len(x.ended), maxStops*pmd.MaxBurst)
}

// A frame that an appliance drops ends as one, with or without an observer, whether or not an ENI is
// known.
func TestADroppedFrameOfNoENI(t *testing.T) {
	x := newRig(t)
	x.observe(nil)
	frame := to(wiretest.UDP("10.0.1.5:1", "10.0.1.6:2"))(x)
	for range 2 {
		var f pmd.Frame
		f.Lend(frame, 0, len(frame))
		x.w.ingress = x.places["eni-a1"][0]
		x.w.ingress.received++
		x.w.dropAt(nil, &f, ApplianceLoop)
		x.observe(func(*Event) {})
	}
	require.EqualValues(t, 2, x.counts("eni-a1").Ends[ApplianceLoop])
}
