package nic

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// device is a port that keeps what it is asked for.
type device struct {
	*mem.Port
	has    map[pmd.Rule]bool
	offers int
	refuse error // every offer, if not nil
	closed bool
}

func newDevice() *device { return &device{Port: mem.New(mem.Options{}), has: map[pmd.Rule]bool{}} }

func (d *device) Offer(r pmd.Rule) (func() error, error) {
	d.offers++
	if d.refuse != nil {
		return nil, d.refuse
	}
	if d.closed {
		panic("an offer to a port that is closed")
	}
	d.has[r] = true
	return func() error {
		if d.closed || !d.has[r] {
			panic(fmt.Sprintf("withdrawn from a port that has it no more: %+v", r))
		}
		delete(d.has, r)
		return nil
	}, nil
}

func (d *device) Close() error {
	d.closed = true
	return d.Port.Close()
}

func (d *device) Detail() pmd.Detail { return pmd.Detail{Queues: 2} }

// flows are the rules on connections, marks left out.
func (d *device) flows() (rules []pmd.Rule) {
	for r := range d.has {
		if r.Mark != 0 {
			r.Mark = 0
			rules = append(rules, r)
		}
	}
	return rules
}

// newRigOn is server x whose uplink is d.
func newRigOn(t testing.TB, d *device) *rig {
	r := newRig(t)
	r.replug(Uplink, d)
	r.ports[Uplink] = d.Port
	r.resolve(edge)
	return r
}

// ssh is a tracked connection from the internet to eni-a1.
func (r *rig) ssh(port int) {
	from := fmt.Sprintf("%s:%d", client, port)
	r.fromInternet("eni-a1", wiretest.TCP(from, "35.72.2.8:22").Flags(wire.TCPSyn)).delivered("eni-a1")
	r.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:22", from).Flags(wire.TCPSyn|wire.TCPAck)).tunneled(edge, vniA)
	r.fromInternet("eni-a1", wiretest.TCP(from, "35.72.2.8:22").Flags(wire.TCPAck)).delivered("eni-a1")
}

func sshRule(port uint16) pmd.Rule {
	return pmd.Rule{
		From: wiretest.Addr(edge), To: wiretest.Addr(serverX), VNI: vniA, Proto: wire.ProtoTCP,
		Src: wiretest.Addr(client), SrcPort: port, Dst: wiretest.Addr("35.72.2.8"), DstPort: 22,
	}
}

// A device hears of a connection when it is established, and no longer when
// it has ended.
func TestADeviceKnowsWhatIsEstablished(t *testing.T) {
	d := newDevice()
	x := newRigOn(t, d)
	x.fromInternet("eni-a1", wiretest.TCP(client+":39999", "35.72.2.8:22").Flags(wire.TCPSyn)).delivered("eni-a1")
	x.card.checkLinks()
	require.True(t, d.has[pmd.Rule{}], "tunnels are spread by what is in them")
	require.Empty(t, d.flows(), "half open")

	x.ssh(40000)
	x.ssh(40001)
	x.card.checkLinks()
	x.card.checkLinks() // what it knows it is not told again
	require.ElementsMatch(t, []pmd.Rule{sshRule(40000), sshRule(40001)}, d.flows())
	require.Equal(t, 3, d.offers)
	require.Equal(t, []RuleView{
		{Rule: "VXLAN to queues by the flow in the tunnel", Accepted: 1},
		{Rule: "mark on an established connection", Accepted: 2},
	}, x.port(Uplink).Rules)
	require.Equal(t, &pmd.Detail{Queues: 2}, x.port(Uplink).Detail)
	require.Nil(t, x.port("eni-a1").Rules)

	x.fromInternet("eni-a1", wiretest.TCP(client+":40000", "35.72.2.8:22").Flags(wire.TCPFin|wire.TCPAck)).delivered("eni-a1")
	x.card.checkLinks()
	require.Equal(t, []pmd.Rule{sshRule(40001)}, d.flows(), "it closes")
	x.wait(351 * time.Second)
	x.card.checkLinks()
	require.Empty(t, d.flows(), "idle for too long")
}

// Marks differ, so that a frame with an old one is not taken for another's.
func TestNoMarkIsUsedTwice(t *testing.T) {
	d := newDevice()
	x := newRigOn(t, d)
	seen := map[uint32]bool{}
	for range 3 {
		x.ssh(40000)
		x.card.checkLinks()
		for r := range d.has {
			if r.Mark != 0 {
				require.False(t, seen[r.Mark])
				seen[r.Mark] = true
			}
		}
		x.fromInternet("eni-a1", wiretest.TCP(client+":40000", "35.72.2.8:22").Flags(wire.TCPFin|wire.TCPAck)).delivered("eni-a1")
		x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:22", client+":40000").Flags(wire.TCPFin|wire.TCPAck)).tunneled(edge, vniA)
		x.card.checkLinks()
		require.Empty(t, d.flows())
	}
	require.Len(t, seen, 3)
}

// When a policy is in force, no rule of the one before is.
func TestNoRuleOutlivesItsPolicy(t *testing.T) {
	d := newDevice()
	x := newRigOn(t, d)
	x.ssh(40000)
	x.card.checkLinks()
	require.Len(t, d.flows(), 1)
	x.admits(permit("tcp", "23", "0.0.0.0/0"))
	require.Empty(t, d.flows())
	require.True(t, d.has[pmd.Rule{}])
	x.card.checkLinks()
	require.Empty(t, d.flows(), "no packet of it has met the new policy")
	x.fromInternet("eni-a1", wiretest.TCP(client+":40000", "35.72.2.8:22").Flags(wire.TCPAck)).delivered("eni-a1")
	x.card.checkLinks()
	require.Len(t, d.flows(), 1, "it goes on, as tracked connections do")
}

// A port's rules end before the port does.
func TestNoRuleOutlivesItsPort(t *testing.T) {
	one, two := newDevice(), newDevice()
	x := newRigOn(t, one)
	x.ssh(40000)
	x.card.checkLinks()
	require.Len(t, one.has, 2)
	x.card.slots[Uplink].open = func() (pmd.Port, error) { return two, nil }
	one.SetLink(pmd.ErrGone)
	x.ports[Uplink] = two.Port
	x.card.checkLinks()
	require.Empty(t, one.has)
	require.True(t, one.closed)
	require.Len(t, two.has, 2, "the new port learns both rules")
	require.NoError(t, x.card.Close())
	require.Empty(t, two.has)
}

// Connections between guests of one card do not come by the uplink.
func TestADeviceDoesNotHearOfNeighbors(t *testing.T) {
	d := newDevice()
	x := newRigOn(t, d)
	syn := wiretest.TCP("10.0.1.5:40000", "10.0.1.6:8080")
	x.fromGuest("eni-a1", syn.Flags(wire.TCPSyn)).delivered("eni-a2")
	x.fromGuest("eni-a2", wiretest.TCP("10.0.1.6:8080", "10.0.1.5:40000").Flags(wire.TCPSyn|wire.TCPAck)).delivered("eni-a1")
	x.fromGuest("eni-a1", syn.Flags(wire.TCPAck)).delivered("eni-a2")
	require.Equal(t, "ESTABLISHED", x.flow("eni-a1").State)
	x.card.checkLinks()
	require.Empty(t, d.flows())
}

// Who opens connections cannot fill the device without end.
func TestADevicesRulesAreBounded(t *testing.T) {
	d := newDevice()
	x := newRigWith(t, Options{Card: "x", MaxConnections: 1 << 14})
	x.replug(Uplink, d)
	x.ports[Uplink] = d.Port
	x.resolve(edge)
	for i := range offloadRules + 5 {
		x.ssh(20000 + i)
	}
	for range 2 * x.card.flows.Cap() / (offloadLook * walkChunk) {
		x.card.checkLinks()
	}
	require.Equal(t, offloadRules, len(d.flows()))
}

// A device that refuses, one that accepts and one that knows of no rules: what
// the packets meet is the same, bit by bit. Who refused is not asked for each
// connection, but once for each policy.
func TestRulesChangeNothing(t *testing.T) {
	var want []string
	for _, d := range []*device{nil, newDevice(), {Port: mem.New(mem.Options{}), refuse: errors.New("no such item")}} {
		x := newRig(t)
		if d != nil {
			x.replug(Uplink, d)
			x.ports[Uplink] = d.Port
			x.resolve(edge)
		}
		x.ended = nil
		for i := range 5 {
			x.ssh(40000 + i)
			x.card.checkLinks()
			x.send(Uplink, x.tunnel(edge, "eni-a1", wiretest.TCP(client+":40000", "35.72.2.8:23"))).dropped(SecurityGroupIn)
			x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:22", client+":40000").Payload("data")).tunneled(edge, vniA)
		}
		var got []string
		for _, e := range x.ended {
			got = append(got, fmt.Sprint(e.Port, e.Verdict, e.To))
		}
		if want == nil {
			want = got
		}
		require.Equal(t, want, got)
		if d != nil && d.refuse != nil {
			require.Equal(t, 2, d.offers)
			require.Equal(t, "no such item", x.port(Uplink).Rules[1].Refused)
			x.admits(permit("tcp", "22", "0.0.0.0/0"))
			x.ssh(50000)
			x.card.checkLinks()
			require.Equal(t, 3, d.offers)
		}
	}
}
