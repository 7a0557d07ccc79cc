package nic

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// Who is who in testdata/region.yaml, and what they send.
const (
	client, other          = nictest.Client, nictest.Other
	edge, serverX, serverY = nictest.Edge, nictest.ServerX, nictest.ServerY
	vniA, vniB             = nictest.VNIA, nictest.VNIB
)

var (
	edgeRouter, edgeUnderlay = nictest.EdgeRouter, nictest.EdgeUnderlay
	stations, mac            = nictest.Stations, nictest.MAC
	tcp, tcpBack             = nictest.TCP, nictest.TCPBack
	header                   = nictest.Header
)

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
	r.card.patience = amply
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
	answer := nictest.ARPReply(r.card.Policy(), r.card.ports(r.card.Policy()).MAC, vtep)
	require.Equal(r, pipeline.Consumed, r.send(Uplink, answer).Verdict)
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
func (r *rig) eni(id string) *vpc.OwnENI { return nictest.ENI(r.card.Policy(), id) }

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

// syn is a segment that the rules allow.
var syn = tcp("22", wire.TCPSyn)

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
