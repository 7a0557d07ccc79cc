package pipeline

import (
	"cmp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/flow"
	"nitrocard/nic/nictest"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// Who is who in testdata/region.yaml, and what they send.
const (
	client, other          = nictest.Client, nictest.Other
	client6, other6        = nictest.Client6, nictest.Other6
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

// Uplink is the name of the place for the port to the underlay.
const Uplink = "uplink"

// room is for how many connections a rig's table has room, beside a fourth of that
// for cached verdicts.
const room = 1 << 10

// rig is a crew of one worker, whose ports are in memory and whose clock the test
// owns: server x, as package nic would have it without threads and devices. When
// the test ends, every packet must be accounted for.
type rig struct {
	testing.TB
	*Crew
	w      *Worker
	server string
	room   uint32
	config *vpc.Config
	region *vpc.Region
	places map[string][]*Queue
	ports  map[string]*mem.Port
	now    int64
	ended  []Event
	gone   bool      // an ENI went, and its counts with it
	edge   *Internet // the rig is the edge; nil: a server
}

// newRig is server x with every port attached, its edge resolved.
func newRig(t testing.TB) *rig { return newRigOf(t, "x", room) }

// newRigOf is a server whose table has room for so many connections.
func newRigOf(t testing.TB, server string, room uint32) *rig {
	t.Helper()
	config, err := vpc.Load("../testdata/region.yaml")
	require.NoError(t, err)
	r := &rig{TB: t, server: server, room: room, region: vpc.EmptyRegion(), places: map[string][]*Queue{}, ports: map[string]*mem.Port{}, now: 1_780_000_000e9}
	r.Crew, err = NewCrew(Options{Workers: 1, Connections: int(room + room/4), Seed: 1})
	require.NoError(t, err)
	r.w = r.Workers[0]
	r.apply(config)
	for name := range r.places {
		r.attach(name, mem.New(mem.Options{}))
	}
	r.observe(func(e *Event) { r.ended = append(r.ended, *e) })
	r.resolve(edge)
	t.Cleanup(func() {
		r.account()
		r.Close()
	})
	return r
}

// observe is Observe of the worker.
func (r *rig) observe(f func(*Event)) { r.w.Observe(f) }

// attach puts a port in a place, nil for none.
func (r *rig) attach(name string, p pmd.Port) {
	q := r.places[name][0]
	if q.Detach(); p != nil {
		info := p.Info()
		q.Attach(p, true, max(info.MTU, info.Max)+wire.EthernetLen, nil)
		q.SetDown(p.Link() != nil)
	}
	if m, ok := p.(*mem.Port); ok {
		r.ports[name] = m
	}
	r.store(r.policy())
}

// checkLinks tells the places of links that went down or came back.
func (r *rig) checkLinks() {
	for _, queues := range r.places {
		queues[0].SetDown(queues[0].Port().Link() != nil)
	}
}

// policy is what is in force.
func (r *rig) policy() *vpc.Policy { return r.Setup().Policy }

// store puts a policy in force.
func (r *rig) store(policy *vpc.Policy) {
	ports := &Ports{MAC: policy.Card.MAC, Uplink: r.place(Uplink)}
	if p := ports.Uplink[0].Port(); ports.MAC.IsZero() && p != nil {
		ports.MAC = p.Info().MAC
	}
	stay := map[string][]*Queue{Uplink: ports.Uplink}
	for e := range policy.All() {
		stay[e.ID] = r.place(e.ID)
		ports.Guests = append(ports.Guests, GuestPort{ENI: e, Queues: stay[e.ID], Limit: cmp.Or(e.Allowance, r.room/5), CacheLimit: r.room / 4 / 4})
	}
	if r.edge != nil {
		stay[toInternet] = r.place(toInternet)
		ports.Edge, ports.Internet, ports.InternetMAC = r.edge, stay[toInternet], edgeMAC
	}
	r.gone = r.gone || len(r.places) > len(stay)
	r.places = stay
	r.Adopt(r.NewSetup(policy, ports))
	r.Sweep()
}

// place is where a port may be, as it is or new.
func (r *rig) place(name string) []*Queue {
	if r.places[name] == nil {
		r.places[name] = NewQueues(1, []string{name})[0]
	}
	return r.places[name]
}

// resolve has a tunnel end answer the card's ARP.
func (r *rig) resolve(vtep string) {
	answer := nictest.ARPReply(r.policy(), r.Setup().underlay.mac, vtep)
	require.Equal(r, Consumed, r.send(Uplink, answer).Verdict)
}

// apply puts a configuration in force.
func (r *rig) apply(c *vpc.Config) {
	r.Helper()
	region, err := r.region.Become(c)
	require.NoError(r, err)
	r.become(region)
}

// become puts a region in force.
func (r *rig) become(region *vpc.Region) {
	r.Helper()
	var before *vpc.Policy
	if v := r.Setup(); v != nil {
		before = v.Policy
	}
	policy, err := region.Edge(before), error(nil)
	if r.edge == nil {
		policy, err = region.Policy(r.server, before)
	} else {
		err = r.Prepare(policy)
	}
	require.NoError(r, err)
	r.config, r.region = region.Config(), region
	r.store(policy)
}

// put puts one object in force, in YAML.
func (r *rig) put(kind, object string) {
	r.Helper()
	edit, err := vpc.Put(kind, []byte(object))
	require.NoError(r, err)
	region, err := r.region.Change(edit)
	require.NoError(r, err)
	r.become(region)
}

// admits makes the group sg-a-web allow only the inbound permissions given,
// and everything out.
func (r *rig) admits(permissions ...string) {
	r.Helper()
	group := "{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissionsEgress: [{IpProtocol: '-1', IpRanges: [{CidrIp: 0.0.0.0/0}]}], IpPermissions: ["
	for i, p := range permissions {
		if i > 0 {
			group += ", "
		}
		group += p
	}
	r.put("SecurityGroups", group+"]}")
}

// permit is a permission in EC2's words.
func permit(proto, port, from string) string {
	return "{IpProtocol: " + proto + ", FromPort: " + port + ", ToPort: " + port + ", IpRanges: [{CidrIp: " + from + "}]}"
}

// wait moves the clock, in one jump.
func (r *rig) wait(d time.Duration) {
	r.now += int64(d)
	r.Poll(r.now)
}

// eni is an ENI of the card, or what the card knows of another's.
func (r *rig) eni(id string) *vpc.OwnENI { return nictest.ENI(r.policy(), id) }

// toEdge is the inner source of what an ENI's VPC sends to the edge.
func (r *rig) toEdge(id string) wire.MAC {
	return r.policy().Region.Station(r.eni(id).VPC.Station).Src
}

// counts are those of a place.
func (r *rig) counts(name string) Counts {
	r.Helper()
	require.Contains(r, r.places, name)
	return r.places[name][0].Counts()
}

// allCounts are those of every place.
func (r *rig) allCounts() map[string]Counts {
	all := map[string]Counts{}
	for name := range r.places {
		all[name] = r.counts(name)
	}
	return all
}

// account holds that received = sent + consumed + dropped at every place, and that
// what was sent left somewhere.
func (r *rig) account() {
	r.Helper()
	sent, left := uint64(0), uint64(0)
	for name := range r.places {
		c := r.counts(name)
		ended := uint64(0)
		for _, n := range c.Ends {
			ended += n
		}
		require.Equal(r, c.Received, ended, "%s: %+v", name, c)
		sent += c.Ends[Sent]
		left += c.Delivered - c.Originated
		if m := r.places[name][0].meter; m != nil && m.fifo != nil {
			for i := range m.fifo.n {
				left += uint64(m.fifo.at(i).packets)
			}
		}
		if m := r.places[name][0].meter; m != nil {
			for j := range m.each(wire.In) {
				for i := range j.n {
					left += uint64(j.fifo.at(i).packets)
				}
			}
		}
	}
	if !r.gone {
		require.Equal(r, sent, left, "what was sent left by some port, or waits for its instance")
	}
}

// latest are the latest drops.
func (r *rig) latest() []Drop { return r.w.Drops.Latest() }

// tracked is how many connections of an ENI's instance are tracked.
func (r *rig) tracked(eni string) int {
	r.Flows.Lock()
	defer r.Flows.Unlock()
	n, _ := r.Flows.Count(r.eni(eni).Owner)
	return n
}

// limit is how many connections of an ENI's instance may be tracked.
func (r *rig) limit(eni string) int { return int(r.Setup().guest(r.eni(eni).Number).limit) }

// connection is a record of the table in words.
type connection struct {
	ENI, Initiator, State string
	Tracked               bool
	Rule                  vpc.Rule
	PacketsIn, PacketsOut uint64
	BytesIn, BytesOut     uint64
}

// flows are the connections of an ENI, or of all if it is "".
func (r *rig) flows(eni string) (all []connection) {
	r.Flows.Lock()
	defer r.Flows.Unlock()
	r.Flows.Walk(0, 1<<30, func(at uint32, k *flow.Key, c *flow.Conn) {
		g, s := r.Setup().guest(k.ENI()), c.Status()
		if g == nil || k.IsFragment() || eni != "" && eni != g.eni.ID {
			return
		}
		initiator := "remote"
		if s.Flags()&flow.FlagInitiator != 0 {
			initiator = "local"
		}
		all = append(all, connection{
			g.eni.ID, initiator, s.State().String(), s.Flags()&flow.FlagUntracked == 0, r.Rule(at),
			c.Packets[wire.In], c.Packets[wire.Out], c.Bytes[wire.In], c.Bytes[wire.Out],
		})
	})
	return all
}

// flow is the one connection of an ENI.
func (r *rig) flow(eni string) connection {
	r.Helper()
	flows := r.flows(eni)
	require.Len(r, flows, 1)
	return flows[0]
}
