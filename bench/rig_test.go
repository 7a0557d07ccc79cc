package bench

import (
	"maps"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
)

// small are options of a rig that is set up in no time.
func small(m Mode) *Options {
	return &Options{Mode: m, Burst: pmd.MaxBurst, Flows: 100, ENIs: 2, Sizes: Sizes{FrameSize}, Seed: 1}
}

// set sets up a rig for a test.
func set(t *testing.T, o *Options) *rig {
	require.NoError(t, o.Check())
	rigs, err := newRigs(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, rigs[0].close()) })
	return rigs[0]
}

// totals are a rig's counts so far.
func totals(r *rig) (s pmd.Stats) {
	for _, p := range r.ports {
		s = s.Plus(p.Stats(), 1)
	}
	return s
}

// tape is a port that keeps what it sent.
type tape struct {
	pmd.Port
	sent [][]byte
}

func (p *tape) Tx(frames []*pmd.Frame) int {
	for _, f := range frames {
		p.sent = append(p.sent, append([]byte(nil), f.Bytes()...))
	}
	return p.Port.Tx(frames)
}

// taped has port i of a rig keep what it sends.
func taped(r *rig, i int) *tape {
	p := &tape{Port: r.ports[i].now}
	r.ports[i].now = p
	return p
}

func TestEveryModeForwardsAllItTakes(t *testing.T) {
	shapes := map[string]func(*Options){
		"plain":        func(*Options) {},
		"short bursts": func(o *Options) { o.Burst = 5 },
		"imix":         func(o *Options) { o.Sizes = imix },
		"one flow":     func(o *Options) { o.Flows = 1 },
		"flows of one": func(o *Options) { o.ENIs, o.Flows = 1, 5000 },
		"longest frames": func(o *Options) {
			o.Sizes = Sizes{pmd.MaxFrame - 4}
			if o.Mode == Full {
				o.Sizes = Sizes{longestOut}
			}
		},
	}
	for _, m := range modes {
		of := maps.Clone(shapes)
		for _, u := range usesOf(m.Mode) {
			of[u.name] = func(o *Options) { o.Uses, o.Sizes = u.Uses, Sizes{FrameSize, 300} }
		}
		for name, shape := range of {
			t.Run(string(m.Mode)+"/"+name, func(t *testing.T) {
				o := small(m.Mode)
				shape(o)
				r := set(t, o)
				before, taken := totals(r), 0
				for now := range int64(20) {
					taken += r.turn(now)
				}
				n := totals(r).Plus(before, -1)
				require.Positive(t, taken)
				require.EqualValues(t, taken, n.RxPackets)
				require.EqualValues(t, taken, n.TxPackets)
				require.Empty(t, r.drops())
			})
		}
	}
}

func TestNoModeAllocates(t *testing.T) {
	for _, m := range modes {
		for _, u := range append(usesOf(m.Mode), use{}) {
			o := small(m.Mode)
			o.Uses = u.Uses
			r := set(t, o)
			turn := func() { r.turn(0) }
			turn()
			least := testing.AllocsPerRun(10, turn)
			for range 5 {
				least = min(least, testing.AllocsPerRun(10, turn))
			}
			require.Zero(t, least, "%s %s", m.Mode, u.name)
		}
	}
}

// use is something that a region may have in use beside groups.
type use struct {
	name string
	Uses
}

var uses = []use{
	{"ACL", Uses{ACL: true}},
	{"NAT", Uses{NAT: true}},
	{"IPv6", Uses{IPv6: true}},
	{"ACL+IPv6", Uses{ACL: true, IPv6: true}},
	{"ACL+NAT+IPv6", Uses{ACL: true, NAT: true, IPv6: true}},
}

// usesOf are those that a mode can have.
func usesOf(m Mode) (of []use) {
	for _, u := range uses {
		if m.hasCard() || u.name == "IPv6" {
			of = append(of, u)
		}
	}
	return of
}

// What is in use is in what leaves: IPv6 as it is, and the public address of a NAT gateway,
// beside which every other ENI has IPv6.
func TestFramesShowWhatIsInUse(t *testing.T) {
	for _, u := range []Uses{{IPv6: true}, {NAT: true}, {NAT: true, IPv6: true}} {
		o := small(Full)
		o.Uses = u
		r := set(t, o)
		out, guest := taped(r, 0), taped(r, 2)
		for range 3 {
			r.turn(0)
		}
		sources := map[string]bool{}
		for _, f := range out.sent {
			var h wire.Headers
			require.NoError(t, wiretest.Check(f))
			require.Equal(t, wire.NoFault, wire.Parse(f[wire.OuterLen:], &h))
			sources[h.Src.String()] = true
		}
		want := map[string]bool{guest6: u.IPv6, "54.0.0.0": u.NAT && !u.IPv6, "54.0.0.1": u.NAT}
		maps.DeleteFunc(want, func(_ string, is bool) bool { return !is })
		require.Equal(t, want, sources)
		for _, f := range guest.sent {
			var h wire.Headers
			require.NoError(t, wiretest.Check(f))
			require.Equal(t, wire.NoFault, wire.Parse(f, &h))
			require.Equal(t, map[bool]string{true: "10.0.1.5", false: guest6}[u.NAT], h.Dst.String())
			require.Equal(t, map[bool]uint16{true: clientPort, false: Port}[u.NAT], h.DstPort)
		}
		require.NotEmpty(t, guest.sent)
	}
}

func TestACLsAndNATNeedACard(t *testing.T) {
	for _, u := range []Uses{{ACL: true}, {NAT: true}} {
		o := small(Decap)
		o.Uses = u
		require.EqualError(t, o.Check(), "forward mode decap has no card; --acl and --nat are for sg, encap and full")
	}
}

func TestIOLeavesFramesAlone(t *testing.T) {
	r := set(t, small(IO))
	out := taped(r, 1)
	r.turn(0)
	require.Len(t, out.sent, pmd.MaxBurst)
	for _, f := range out.sent {
		require.Equal(t, uplinkMAC, wire.Ethernet(f).Dst())
	}
}

func TestMACSwapSwapsMACs(t *testing.T) {
	r := set(t, small(MACSwap))
	out := taped(r, 0)
	r.turn(0)
	require.Len(t, out.sent, pmd.MaxBurst)
	for _, f := range out.sent {
		require.Equal(t, wire.MAC{2, 0, 0, 0, 0xff, 2}, wire.Ethernet(f).Dst())
		require.Equal(t, uplinkMAC, wire.Ethernet(f).Src())
	}
}

func TestDecapSendsEachFrameToItsENI(t *testing.T) {
	r := set(t, small(Decap))
	for i := range 2 {
		out := taped(r, 1+i)
		r.turn(0)
		require.Len(t, out.sent, pmd.MaxBurst/2)
		for _, f := range out.sent {
			require.Equal(t, Region{}.MAC(i), wire.Ethernet(f).Dst())
			require.Len(t, f, FrameSize-wire.OuterLen)
			require.NoError(t, wiretest.Check(f))
		}
	}
}

func TestSGDeliversToThePrivateAddress(t *testing.T) {
	r := set(t, small(SG))
	out := taped(r, 2)
	r.turn(0)
	require.Len(t, out.sent, pmd.MaxBurst/2)
	for _, f := range out.sent {
		var h wire.Headers
		require.Equal(t, wire.NoFault, wire.Parse(f, &h))
		require.Equal(t, "10.0.1.5", h.Dst.String())
	}
}

func TestFullGoesBothWaysAlike(t *testing.T) {
	r := set(t, small(Full))
	before := r.ports[0].Stats()
	for range 10 {
		r.turn(0)
	}
	up := r.ports[0].Stats().Plus(before, -1)
	require.EqualValues(t, 10*pmd.MaxBurst, up.RxPackets)
	require.Equal(t, up.RxPackets, up.TxPackets)
}

func TestEncapWrapsForAnotherVTEP(t *testing.T) {
	o := small(Encap)
	o.Sizes = imix
	r := set(t, o)
	out := taped(r, 0)
	r.turn(0)
	require.Len(t, out.sent, pmd.MaxBurst)
	ports := map[layers.UDPPort]bool{}
	for _, f := range out.sent {
		require.Contains(t, imix, len(f))
		require.NoError(t, wiretest.Check(f))
		p := gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default)
		outer, udp := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4), p.Layer(layers.LayerTypeUDP).(*layers.UDP)
		require.Equal(t, "198.18.0.2", outer.DstIP.String())
		require.Equal(t, len(f)-14, int(outer.Length))
		require.Equal(t, len(f)-34, int(udp.Length))
		inner := p.Layers()[4:]
		mac := inner[0].(*layers.Ethernet).DstMAC
		require.EqualValues(t, 1+mac[5], p.Layer(layers.LayerTypeVXLAN).(*layers.VXLAN).VNI, "its own VPC")
		require.Equal(t, "10.0.1.5", inner[1].(*layers.IPv4).DstIP.String(), "sg had it before")
		ports[udp.SrcPort] = true
	}
	require.Greater(t, len(ports), 50, "flows have source ports of their own")
}

func TestFlowPortKeepsToTheFrame(t *testing.T) {
	frame := make([]byte, 34) // IPv4 without a byte of data
	require.GreaterOrEqual(t, flowPort(frame[:34:34]), uint16(0xc000))
	require.Equal(t, flowPort(frame), flowPort(frame))
}

func TestFlowsThatDoNotFitAreToldBeforeTheyAreMeasured(t *testing.T) {
	b, err := Region{ENIs: 1}.New(100, 50)
	require.NoError(t, err)
	defer b.Card.Close()
	require.EqualError(t, b.Connect(0), "25 of 100 flows are connected", "a part as large is kept for an instance that comes")
}

// A worker looks at few of many guests in a turn, and still each of them answers
// before its flows are measured.
func TestConnectEstablishesTheFlowsOfEveryGuest(t *testing.T) {
	b, err := Region{ENIs: 300}.New(600, connections(600, 300))
	require.NoError(t, err)
	defer b.Card.Close()
	require.NoError(t, b.Connect(0))
	flows := b.Card.Flows(nic.FlowFilter{})
	require.Len(t, flows, 600)
	for _, f := range flows {
		require.Equal(t, "ESTABLISHED", f.State, "%+v", f)
	}
}
