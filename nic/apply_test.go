package nic

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/bay"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// newcomer is another instance of A on server x: with b1, Placement names no
// card for it, so it is on the first.
const newcomer = `{NetworkInterfaceId: eni-a6, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:06", PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.8}], Groups: [{GroupId: sg-a-web}], Attachment: {InstanceId: i-a6}}`

// A configuration that is wrong changes nothing: rules, counters and
// connections stay as they were.
func TestABadConfigurationChangesNothing(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	x.fromInternet("eni-a1", tcp("23", wire.TCPSyn)).dropped(pipeline.SecurityGroupIn)
	ports, flows, drops, policy := x.card.Ports(), x.card.Flows(FlowFilter{}), x.card.Drops(), x.card.Policy()

	bad, err := vpc.Put("SecurityGroups", []byte(`{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissions: [{IpProtocol: tcp, FromPort: 90, ToPort: 80, IpRanges: [{CidrIp: 0.0.0.0/0}]}]}`))
	require.NoError(t, err)
	_, err = x.card.Change(bad)
	require.ErrorContains(t, err, "SecurityGroups sg-a-web: IpPermissions[0]")
	greedy := *x.config
	greedy.Placement.Allowances = allowances{"i-a1": {Connections: 1000}, "i-b1": {Connections: 1000}}
	_, err = x.card.Apply(&greedy)
	require.ErrorContains(t, err, "together 2000 connections, beside 2 instances without one, and the card tracks 1024 at most")
	greedy.Placement.Allowances = allowances{"i-a1": {Connections: 512}, "i-b1": {Connections: 511}}
	_, err = x.card.Apply(&greedy)
	require.ErrorContains(t, err, "together 1023 connections, beside 2 instances", "one connection is no share for two")

	require.Equal(t, ports, x.card.Ports())
	require.Equal(t, flows, x.card.Flows(FlowFilter{}))
	require.Equal(t, drops, x.card.Drops())
	require.Same(t, policy, x.card.Policy())
	require.Equal(t, x.config, x.card.Config())
	x.fromInternet("eni-a1", tcp("22", wire.TCPAck)).passed()
}

// Apply tells what changed, object by object.
func TestApplyTellsWhatChanged(t *testing.T) {
	x := newRig(t)
	require.Equal(t, Change{Epoch: 2, Diff: vpc.Diff{Added: []string{}, Changed: []string{}, Removed: []string{}}, Notices: x.card.Policy().Notices()}, x.apply(x.config))
	c := put(t, x.config, "NetworkInterfaces", newcomer)
	c = put(t, c, "Addresses", `{PublicIp: 35.72.2.10, NetworkInterfaceId: eni-a6, PrivateIpAddress: 10.0.1.8}`)
	c = put(t, c, "Addresses", `{PublicIp: 35.72.2.11, NetworkInterfaceId: eni-a2, PrivateIpAddress: 10.0.1.6}`)
	c = put(t, c, "SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a}`)
	change := x.apply(c)
	require.Equal(t, []string{"Addresses 35.72.2.10", "Addresses 35.72.2.11", "NetworkInterfaces eni-a6"}, change.Added)
	require.Equal(t, []string{"SecurityGroups sg-a-web"}, change.Changed)
	c = remove(t, x.config, "Addresses", "35.72.2.10")
	require.Equal(t, []string{"Addresses 35.72.2.10"}, x.apply(c).Removed)
}

// What the configuration holds and the card does not enforce is in the answer.
func TestApplyNamesWhatIsNotEnforced(t *testing.T) {
	x := newRig(t)
	require.True(t, slices.ContainsFunc(x.apply(x.config).Notices, func(n vpc.Notice) bool { return strings.HasSuffix(n.Path, "RouteTables[0] rtb-a1: Routes[2]") }), "%v", x.card.Policy().Notices())
}

// An ENI that comes has traffic at once; one that goes has none, and its port
// is closed.
func TestAnENIComesAndGoes(t *testing.T) {
	x := newRig(t)
	toIt := wiretest.TCP("10.0.1.5:1", "10.0.1.8:8080").Flags(wire.TCPSyn)
	x.fromGuest("eni-a1", toIt).dropped(pipeline.NoNeighbor)
	x.put("NetworkInterfaces", newcomer)
	x.fromGuest("eni-a1", toIt).dropped(pipeline.NoPort)
	port := x.attach("eni-a6", mem.Options{})
	x.fromGuest("eni-a1", toIt).delivered("eni-a6")
	require.ErrorContains(t, x.card.Attach("eni-a6", nil), "eni-a6 has port mem already")

	x.remove("NetworkInterfaces", "eni-a6")
	x.fromGuest("eni-a1", toIt).dropped(pipeline.NoNeighbor)
	require.False(t, port.Inject(toIt.Bytes()), "its port is closed")
	require.ErrorContains(t, x.card.Attach("eni-a6", nil), "eni-a6 is no ENI of this card; it has uplink, eni-a1, eni-a2, eni-a4, eni-b1")
	require.Len(t, x.card.ENIs(), 4)

	// It comes back as another, without the connections of the first.
	x.put("NetworkInterfaces", newcomer)
	x.attach("eni-a6", mem.Options{})
	require.Empty(t, x.card.Flows(FlowFilter{ENI: "eni-a6"}))
}

// A VPC is known by its VNI, also while it has no ENI.
func TestAVPCWithoutENIsIsKnown(t *testing.T) {
	x := newRig(t)
	probe := x.outer(edge, x.eni("eni-b1").VNI, wiretest.TCP(client+":1", "10.0.1.5:80").Bytes()).Bytes()
	x.send(Uplink, probe).dropped(pipeline.UnknownMAC)
	x.remove("NetworkInterfaces", "eni-b1")
	x.send(Uplink, probe).dropped(pipeline.UnknownMAC)
}

// move puts ENIs on server y, all others of A are on x.
func (r *rig) move(enis ...string) {
	r.Helper()
	r.gone = true
	r.apply(r.moved(enis...))
}

// moved is the configuration after move.
func (r *rig) moved(enis ...string) *vpc.Config {
	c := *r.config
	c.Placement.Cards = slices.Clone(c.Placement.Cards)
	for i := range c.Placement.Cards {
		here := &c.Placement.Cards[i].NetworkInterfaces
		*here = slices.DeleteFunc(slices.Clone(*here), func(id string) bool { return slices.Contains(enis, id) })
		if c.Placement.Cards[i].Name == "y" {
			*here = append(*here, enis...)
		}
	}
	return &c
}

// An ENI that moves to another server is reached there, by connections that
// were open too.
func TestAnENIMovesToAnotherServer(t *testing.T) {
	x := newRig(t)
	query := wiretest.TCP("10.0.1.5:1", "10.0.2.8:5432").Flags(wire.TCPSyn)
	answer := wiretest.TCP("10.0.2.8:5432", "10.0.1.5:1").Flags(wire.TCPSyn | wire.TCPAck)
	x.fromGuest("eni-a1", query).delivered("eni-a4")
	x.fromGuest("eni-a4", answer).delivered("eni-a1")
	x.move("eni-a4")
	x.send(Uplink, x.tunnel(serverY, "eni-a1", answer)).delivered("eni-a1")
	x.fromGuest("eni-a1", query).tunneled(serverY, vniA)
	x.send(Uplink, x.tunnel(edge, "eni-a1", answer)).dropped(pipeline.SourceMismatch)
	require.Len(t, x.card.Ports(), 4)
}

// An ENI of the same ID in another VPC is another ENI behind the same port.
func TestAnENIChangesItsVPC(t *testing.T) {
	x := newRig(t)
	x.fromGuest("eni-a2", wiretest.TCP("10.0.1.6:1", "10.0.1.5:80")).delivered("eni-a1")
	x.put("NetworkInterfaces", `{NetworkInterfaceId: eni-a2, SubnetId: subnet-b1, MacAddress: "06:00:00:00:0a:02", PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.6}], Groups: [{GroupId: sg-b-web}], Attachment: {InstanceId: i-a2}}`)
	x.fromGuest("eni-a2", wiretest.TCP("10.0.1.6:1", "10.0.1.5:80")).delivered("eni-b1")
	x.fromGuest("eni-b1", wiretest.TCP("10.0.1.5:1", "10.0.1.6:80")).delivered("eni-a2")
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:1", "10.0.1.6:80")).dropped(pipeline.NoNeighbor)
}

// A connection that is open follows its ENI's new public address.
func TestAPublicAddressChanges(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	x.put("NetworkInterfaces", `{NetworkInterfaceId: eni-a1, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:01",
		PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.5, Association: {PublicIp: 35.72.2.80}}], Groups: [{GroupId: sg-a-web}], Attachment: {InstanceId: i-a1}}`)
	require.Equal(t, "35.72.2.80", header(t, x.fromGuest("eni-a1", tcpBack("22", wire.TCPAck)).tunneled(edge, vniA)).Src.String())
	x.fromInternet("eni-a1", tcp("22", wire.TCPAck)).dropped(pipeline.NotForThisENI)
	x.fromInternet("eni-a1", wiretest.TCP(client+":40000", "35.72.2.80:22")).delivered("eni-a1")
}

// The underlay may change under open connections.
func TestTheEdgeMoves(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	c := *x.config
	c.Placement.Edge.Vtep = netip.MustParseAddr("172.16.0.2")
	x.apply(&c)
	stations["172.16.0.2"] = mac("02:00:00:00:00:02")
	x.resolve("172.16.0.2")
	x.send(Uplink, x.tunnel(edge, "eni-a1", tcp("22", wire.TCPAck))).dropped(pipeline.UnknownVTEP)
	x.fromGuest("eni-a1", tcpBack("22", wire.TCPAck)).tunneled("172.16.0.2", vniA)
	x.send(Uplink, x.tunnel("172.16.0.2", "eni-a1", tcp("22", wire.TCPAck))).delivered("eni-a1")
}

// shelf is where a card opens ports from, by what is plugged in.
type shelf struct {
	ports map[string]*mem.Port
	fail  string // no such port
}

func (s *shelf) open(e *vpc.OwnENI) (string, bay.Opener) {
	return e.Port, func() (pmd.Port, error) {
		if e.Port == s.fail {
			return nil, errors.New("no such device")
		}
		if p := s.ports[e.Port]; p != nil && open(p) {
			return nil, errors.New("it is in use")
		}
		p := mem.New(mem.Options{Name: e.Port})
		s.ports[e.Port] = p
		return p, nil
	}
}

func open(p *mem.Port) bool { return p.Inject(make([]byte, 60)) }

// The card opens the port of an ENI that comes, and closes it when the ENI
// goes or is plugged in elsewhere. If one does not open, nothing changes.
func TestTheCardOpensTheGuestsPorts(t *testing.T) {
	s := &shelf{ports: map[string]*mem.Port{}}
	x := newRigWith(t, Options{Card: "x", OpenPort: s.open})
	require.Len(t, s.ports, 4)
	x.ports["eni-a1"] = s.ports["tap:eni-a1"]
	x.fromInternet("eni-a1", syn).delivered("eni-a1")
	require.Equal(t, "tap:eni-a1", x.view("eni-a1").Port)

	// Two come; the port of the second fails, so the first's is closed again.
	both := put(t, x.config, "NetworkInterfaces", newcomer)
	both = put(t, both, "NetworkInterfaces", `{NetworkInterfaceId: eni-a7, SubnetId: subnet-a1, MacAddress: "06:00:00:00:0a:07", PrivateIpAddresses: [{Primary: true, PrivateIpAddress: 10.0.1.9}], Groups: [{GroupId: sg-a-web}]}`)
	s.fail = "tap:eni-a7"
	_, err := x.card.Apply(both)
	require.EqualError(t, err, "port of eni-a7: no such device")
	require.False(t, open(s.ports["tap:eni-a6"]))
	require.Len(t, x.card.Ports(), 5)
	require.EqualValues(t, 1, x.card.Policy().Epoch)

	s.fail = ""
	x.apply(both)
	require.Len(t, x.card.Ports(), 7)
	x.remove("NetworkInterfaces", "eni-a6")
	require.False(t, open(s.ports["tap:eni-a6"]), "closed")

	// Another port for a1.
	c := *x.config
	c.Placement.Ports = map[string]string{"eni-a1": "tap:other"}
	x.apply(&c)
	require.False(t, open(s.ports["tap:eni-a1"]), "closed")
	x.ports["eni-a1"] = s.ports["tap:other"]
	x.fromInternet("eni-a1", syn).delivered("eni-a1")
	require.EqualValues(t, 2, x.port("eni-a1").Delivered, "the place keeps its counts")
}

// Two ENIs exchange their ports, and a third takes over that of one that goes:
// the ports change hands as they are, for their devices open only once.
func TestPortsChangeHands(t *testing.T) {
	s := &shelf{ports: map[string]*mem.Port{}}
	x := newRigWith(t, Options{Card: "x", OpenPort: s.open})
	c := remove(t, x.config, "NetworkInterfaces", "eni-a2")
	c = put(t, c, "NetworkInterfaces", newcomer)
	c.Placement.Ports = map[string]string{"eni-a1": "tap:eni-b1", "eni-b1": "tap:eni-a1", "eni-a6": "tap:eni-a2", "eni-a4": "tap:none"}
	before := maps.Clone(s.ports)

	// No ENI can have the uplink's port.
	uplink, stolen := x.ports[Uplink].Info().Name, *c
	stolen.Placement.Ports = map[string]string{"eni-a1": uplink}
	_, err := x.card.Apply(&stolen)
	require.EqualError(t, err, "port of eni-a1: uplink has "+uplink+" already; a port has one place")

	// One of the others fails: all have the ports they had.
	s.fail = "tap:none"
	_, err = x.card.Apply(c)
	require.EqualError(t, err, "port of eni-a4: no such device")
	x.ports["eni-a1"] = s.ports["tap:eni-a1"]
	x.fromInternet("eni-a1", syn).delivered("eni-a1")

	s.fail, x.gone = "", true
	x.apply(c)
	for _, spec := range []string{"tap:eni-a1", "tap:eni-a2", "tap:eni-b1"} {
		require.Same(t, before[spec], s.ports[spec], "opened once")
	}
	x.ports = map[string]*mem.Port{Uplink: x.ports[Uplink], "eni-a1": s.ports["tap:eni-b1"], "eni-b1": s.ports["tap:eni-a1"], "eni-a6": s.ports["tap:eni-a2"], "eni-a4": s.ports["tap:none"]}
	x.fromInternet("eni-a1", syn).delivered("eni-a1")
	x.fromGuest("eni-b1", wiretest.TCP("10.0.1.5:1", client+":80").Flags(wire.TCPSyn)).passed()
	x.fromGuest("eni-a1", wiretest.TCP("10.0.1.5:1", "10.0.1.8:8080").Flags(wire.TCPSyn)).delivered("eni-a6")
	require.False(t, open(before["tap:eni-a4"]), "closed: nobody took it over")

	x.remove("NetworkInterfaces", "eni-a6")
	require.False(t, open(s.ports["tap:eni-a2"]), "closed with the ENI that has it now")
}

// A card that cannot be made leaves no port open.
func TestANewCardThatFailsClosesItsPorts(t *testing.T) {
	config, err := vpc.Load("testdata/region.yaml")
	require.NoError(t, err)
	s := &shelf{ports: map[string]*mem.Port{}, fail: "tap:eni-b1"}
	_, err = New(config, Options{Card: "x", OpenPort: s.open})
	require.ErrorContains(t, err, "eni-b1")
	require.Len(t, s.ports, 3)
	for _, p := range s.ports {
		require.False(t, open(p))
	}
	_, err = New(config, Options{Card: "z"})
	require.ErrorContains(t, err, `there is no card "z"`)
}
