package nic

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// Who is who in testdata/region.yaml.
const (
	client = "203.0.113.9" // on the internet
	other  = "198.18.5.5"  // there as well; no rule names it

	edge, serverX, serverY = "172.16.0.1", "172.16.0.11", "172.16.0.12"

	vniA, vniB = 5001, 5002
)

var (
	edgeRouter   = mac("02:00:00:00:ed:9e") // inside tunnels
	edgeUnderlay = mac("02:00:00:00:00:01")
	stations     = map[string]wire.MAC{edge: edgeUnderlay, serverX: mac("02:00:00:00:00:11"), serverY: mac("02:00:00:00:00:12")}
)

func mac(s string) wire.MAC {
	var m wire.MAC
	if err := m.UnmarshalText([]byte(s)); err != nil {
		panic(err)
	}
	return m
}

// allowances are Placement's.
type allowances = map[string]vpc.Allowance

// rig is a card whose ports are in memory and whose clock the test owns. When
// the test ends, every packet must be accounted for.
type rig struct {
	testing.TB
	card   *Card
	config *vpc.Config
	ports  map[string]*mem.Port
	spare  map[string]pmd.Port // what is opened where a device went
	now    int64
	ended  []Event
	gone   bool // an ENI went, and its counts with it
}

// newRig is server x with every port attached, its edge resolved.
func newRig(t testing.TB) *rig { return newRigWith(t, Options{Card: "x"}) }

func newRigWith(t testing.TB, o Options) *rig {
	t.Helper()
	config, err := vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	r := &rig{TB: t, config: config, ports: map[string]*mem.Port{}, spare: map[string]pmd.Port{}, now: 1_780_000_000e9}
	o.Seed = 1
	if o.MaxConnections == 0 {
		o.MaxConnections = 1 << 10
	}
	r.card, err = New(config, o)
	require.NoError(t, err)
	r.attach(Uplink, mem.Options{})
	for _, e := range r.card.Policy().ENIs {
		if o.OpenPort == nil {
			r.attach(e.ID, mem.Options{})
		}
	}
	r.card.Observe(func(e *Event) { r.ended = append(r.ended, *e) })
	r.resolve(edge)
	t.Cleanup(func() {
		r.account()
		require.NoError(t, r.card.Close())
	})
	return r
}

// attach puts a port in memory in a place.
func (r *rig) attach(name string, o mem.Options) *mem.Port {
	r.Helper()
	p := mem.New(o)
	r.ports[name], r.spare[name] = p, p
	require.NoError(r, r.card.Attach(name, func() (pmd.Port, error) { return r.spare[name], nil }))
	return p
}

// resolve has a tunnel end answer the card's ARP.
func (r *rig) resolve(vtep string) {
	card := wire.Station{MAC: r.card.ports(r.card.Policy()).MAC, Addr: r.card.Policy().Card.VTEP}
	answer := wiretest.ARPReply(wire.Station{MAC: stations[vtep], Addr: wiretest.Addr(vtep)}, card)
	require.Equal(r, pipeline.Consumed, r.send(Uplink, answer.Bytes()).Verdict)
}

// apply puts a configuration in force.
func (r *rig) apply(c *vpc.Config) Change {
	r.Helper()
	change, err := r.card.Apply(c)
	require.NoError(r, err)
	r.config = c
	return change
}

// put puts one object in force, in YAML.
func (r *rig) put(kind, object string) {
	r.Helper()
	r.apply(put(r, r.config, kind, object))
}

// remove takes one object out of force.
func (r *rig) remove(kind, id string) {
	r.Helper()
	r.gone = r.gone || kind == "NetworkInterfaces"
	r.apply(remove(r, r.config, kind, id))
}

// put is a configuration with one object more, in YAML, or another one of its ID.
func put(t testing.TB, c *vpc.Config, kind, object string) *vpc.Config {
	t.Helper()
	edit, err := vpc.Put(kind, []byte(object))
	require.NoError(t, err)
	return edited(t, c, edit)
}

// remove is a configuration without one object.
func remove(t testing.TB, c *vpc.Config, kind, id string) *vpc.Config {
	t.Helper()
	return edited(t, c, vpc.Edit{Kind: kind, ID: id})
}

// edited is a configuration after an edit.
func edited(t testing.TB, c *vpc.Config, edit vpc.Edit) *vpc.Config {
	t.Helper()
	region, err := vpc.NewRegion(c)
	require.NoError(t, err)
	region, err = region.Change(edit)
	require.NoError(t, err)
	return region.Config()
}

// wait moves the clock, in one jump.
func (r *rig) wait(d time.Duration) {
	r.now += int64(d)
	r.card.Poll(r.now)
}

// eni is an ENI of the card, or what the card knows of another's.
func (r *rig) eni(id string) *vpc.OwnENI {
	if e := r.card.Policy().ENI(id); e != nil {
		return e
	}
	e := r.card.Policy().Region.ENI(id)
	return &vpc.OwnENI{ENI: e, Primary: e.Addrs()[0].Private, VPC: e.Subnet.VPC, VNI: e.Subnet.VPC.VNI, RouterMAC: e.Subnet.RouterMAC}
}

// account holds that received = sent + consumed + dropped on every port, that
// the card took what the driver lent, and that what was sent left somewhere.
func (r *rig) account() {
	r.Helper()
	sent, left := uint64(0), uint64(0)
	for _, p := range r.card.Ports() {
		dropped := uint64(0)
		for _, n := range p.Dropped {
			dropped += n
		}
		require.Equal(r, p.Received, p.Sent+p.Consumed+dropped, "%+v", p)
		sent += p.Sent
		left += p.Delivered - p.Originated
	}
	if !r.gone {
		require.Equal(r, sent, left, "what was sent left by some port")
	}
}

// What clients and guests of server x send.
var (
	macA1 = mac("06:00:00:00:0a:01")
	syn   = tcp("22", wire.TCPSyn) // allowed
)

// tcp is a segment from the client to a port of a1, and back.
func tcp(port string, flags uint8) wiretest.Packet {
	return wiretest.TCP(client+":40000", "35.72.2.8:"+port).Flags(flags)
}

func tcpBack(port string, flags uint8) wiretest.Packet {
	return wiretest.TCP("10.0.1.5:"+port, client+":40000").Flags(flags)
}

// connect is the handshake of a client's connection to a port of a1.
func (r *rig) connect(port string) {
	r.Helper()
	r.fromInternet("eni-a1", tcp(port, wire.TCPSyn)).passed()
	r.fromGuest("eni-a1", tcpBack(port, wire.TCPSyn|wire.TCPAck)).passed()
	r.fromInternet("eni-a1", tcp(port, wire.TCPAck)).passed()
}

// view is what the card says of one of its ENIs.
func (r *rig) view(eni string) ENIView {
	r.Helper()
	for _, v := range r.card.ENIs() {
		if v.ID == eni {
			return v
		}
	}
	require.Fail(r, "no such ENI", eni)
	return ENIView{}
}

// port is the view of one port.
func (r *rig) port(name string) PortView {
	r.Helper()
	for _, p := range r.card.Ports() {
		if p.Name == name {
			return p
		}
	}
	require.Fail(r, "no such port", name)
	return PortView{}
}

// replug has the device in a place go, if there is one, and another one be there
// when the card looks.
func (r *rig) replug(name string, p pmd.Port) {
	r.Helper()
	open := func() (pmd.Port, error) { return p, nil }
	if old := r.ports[name]; old == nil {
		require.NoError(r, r.card.Attach(name, open))
	} else {
		r.spare[name] = p
		old.SetLink(pmd.ErrGone)
		r.card.checkLinks()
	}
	if m, ok := p.(*mem.Port); ok {
		r.ports[name] = m
	}
}

// checkLinks looks at every port once.
func (c *Card) checkLinks() {
	c.mu.Lock()
	c.bays.BeginRound()
	c.mu.Unlock()
	c.lookAtLinks()
}

// full is a port that takes no frame.
type full struct{ *mem.Port }

func (full) Tx([]*pmd.Frame) int { return 0 }

// header describes a frame that Parse accepts.
func header(t testing.TB, frame []byte) wire.Headers {
	t.Helper()
	var h wire.Headers
	f := wire.Parse(frame, &h)
	require.Equal(t, wire.NoFault, f, f.Sentence())
	return h
}
