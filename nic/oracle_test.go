package nic

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/tables/oracle"
)

// model is what EC2 does with the packets of one ENI, without any haste: its
// rules in a list, its connections in a map.
type model struct {
	rules       []modelRule
	epoch       int
	connections map[modelKey]*modelConnection
}

type modelRule struct {
	dir      vpc.Direction
	proto    string // EC2's
	from, to int
	cidr     string
}

// modelKey: of an echo, local is the identifier and remote who asks.
type modelKey struct {
	proto, peer   string
	local, remote int
}

type modelConnection struct {
	tracked, closed bool
	opener          vpc.Direction
	epoch           int // that allowed it
}

// modelPacket is a packet of the client's peer to a1, or back.
type modelPacket struct {
	dir vpc.Direction
	modelKey
	flags uint8 // of TCP; of ICMP 1 is the reply
}

const everyone = "0.0.0.0/0"

func (m *model) allows(dir vpc.Direction, k modelKey) (allowed, tracked bool) {
	port := k.local
	if dir == vpc.Out {
		port = k.remote
	}
	all := false
	for _, r := range m.rules {
		if r.dir == dir && r.covers(k.proto, port) && netip.MustParsePrefix(r.cidr).Contains(netip.MustParseAddr(k.peer)) {
			allowed = true
			all = all || r.cidr == everyone
		}
	}
	back := false
	for _, r := range m.rules {
		back = back || r.dir != dir && r.cidr == everyone && r.covers(k.proto, 0) && r.covers(k.proto, 65535)
	}
	return allowed, !(all && back && (k.proto == "tcp" || k.proto == "udp"))
}

func (r modelRule) covers(proto string, port int) bool {
	switch {
	case r.proto == "-1":
		return true
	case r.proto != proto:
		return false
	case proto == "tcp" || proto == "udp":
		return r.from <= port && port <= r.to
	}
	return true
}

// end is what becomes of a packet.
func (m *model) end(p modelPacket) Verdict {
	c, tcp := m.connections[p.modelKey], p.proto == "tcp"
	if p.proto == "icmp" && p.flags == 1 && c == nil {
		return m.judge(p, p.dir) // a reply stands for itself
	}
	syn := tcp && p.flags == wire.TCPSyn
	switch {
	case c == nil || syn && c.closed:
		return m.begin(p, p.dir, false)
	case !c.tracked && c.epoch != m.epoch && syn:
		return m.begin(p, p.dir, true)
	case !c.tracked && c.epoch != m.epoch:
		return m.begin(p, c.opener, true)
	}
	c.closed = c.closed || tcp && p.flags&wire.TCPRst != 0
	return Sent
}

// judge asks the rules for the packet that opened a flow.
func (m *model) judge(p modelPacket, opener vpc.Direction) Verdict {
	if allowed, _ := m.allows(opener, p.modelKey); !allowed {
		return [...]Verdict{SecurityGroupIn, SecurityGroupOut}[opener]
	}
	return Sent
}

// begin judges a flow and remembers it, if this packet may open one. again
// says that it was known under other rules.
func (m *model) begin(p modelPacket, opener vpc.Direction, again bool) Verdict {
	v := m.judge(p, opener)
	_, tracked := m.allows(opener, p.modelKey)
	opens := p.proto != "tcp" || p.flags == wire.TCPSyn || p.flags == wire.TCPAck && (!tracked || again)
	if v == Sent && opens {
		m.connections[p.modelKey] = &modelConnection{tracked: tracked, opener: opener, epoch: m.epoch}
	}
	return v
}

// frame is the packet as a1's guest or the edge sends it.
func (p modelPacket) frame(x *rig) []byte {
	private, public := "10.0.1.5", "35.72.2.8"
	if p.dir == vpc.In {
		return x.tunnel(edge, "eni-a1", p.between(p.peer, public, p.remote, p.local))
	}
	return p.between(private, p.peer, p.local, p.remote).MACs(macA1, x.eni("eni-a1").RouterMAC).Bytes()
}

func (p modelPacket) between(src, dst string, sport, dport int) wiretest.Packet {
	from, to := fmt.Sprint(src, ":", sport), fmt.Sprint(dst, ":", dport)
	switch {
	case p.proto == "tcp":
		return wiretest.TCP(from, to).Flags(p.flags)
	case p.proto == "udp":
		return wiretest.UDP(from, to)
	case p.proto == "47":
		return wiretest.IP(src, dst, 47)
	case p.flags == 1:
		return wiretest.EchoReply(src, dst, uint16(p.local))
	}
	return wiretest.Echo(src, dst, uint16(p.local))
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func randomPacket(r *rand.Rand, dir vpc.Direction) modelPacket {
	p := modelPacket{dir: dir}
	p.modelKey = modelKey{pick(r, "tcp", "tcp", "udp", "icmp", "47"), pick(r, client, other, "8.8.8.8"), pick(r, 22, 80), pick(r, 53, 443)}
	switch p.proto {
	case "tcp":
		p.flags = pick[uint8](r, wire.TCPSyn, wire.TCPSyn|wire.TCPAck, wire.TCPAck, wire.TCPAck, wire.TCPRst)
	case "icmp":
		p.flags = pick[uint8](r, 0, 1)
		p.remote = int(p.dir) ^ int(p.flags) // who asks
	case "47":
		p.local, p.remote = 0, 0
	}
	return p
}

func randomRules(r *rand.Rand) []modelRule {
	var rules []modelRule
	for range r.IntN(6) {
		rule := modelRule{pick(r, vpc.In, vpc.Out), pick(r, "tcp", "udp", "icmp", "47", "-1"), 0, 65535, pick(r, everyone, everyone, "203.0.113.0/24", "198.0.0.0/8")}
		if r.IntN(2) == 0 {
			rule.from = pick(r, 22, 80, 53, 443)
			rule.to = rule.from
		}
		rules = append(rules, rule)
	}
	return rules
}

// permissions are the rules of one direction in EC2's words.
func permissions(rules []modelRule, dir vpc.Direction) string {
	var list []string
	for _, r := range rules {
		ports := fmt.Sprintf(", FromPort: %d, ToPort: %d", r.from, r.to)
		switch {
		case r.proto == "icmp":
			ports = ", FromPort: -1, ToPort: -1"
		case r.proto == "-1" || r.proto == "47":
			ports = ""
		}
		if r.dir == dir {
			list = append(list, fmt.Sprintf("{IpProtocol: '%s'%s, IpRanges: [{CidrIp: %s}]}", r.proto, ports, r.cidr))
		}
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// trial runs card and model side by side.
type trial struct {
	*rig
	*model
	random        *rand.Rand
	sent, dropped int
}

// change gives both other rules.
func (o *trial) change() {
	o.rules, o.epoch = randomRules(o.random), o.epoch+1
	o.put("SecurityGroups", fmt.Sprintf("{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissions: %s, IpPermissionsEgress: %s}",
		permissions(o.rules, vpc.In), permissions(o.rules, vpc.Out)))
}

// forget lets all connections idle out.
func (o *trial) forget() {
	o.wait(6 * 24 * time.Hour)
	clear(o.connections)
}

// burst sends a few packets by one port; card and model must agree how they
// end.
func (o *trial) burst() {
	dir := pick(o.random, vpc.In, vpc.Out)
	port := [...]string{Uplink, "eni-a1"}[dir]
	var packets []modelPacket
	var want, got []string
	for len(packets) == 0 || o.random.IntN(3) == 0 {
		p := randomPacket(o.random, dir)
		packets = append(packets, p)
		want = append(want, o.model.end(p).String())
		o.ports[port].Inject(p.frame(o.rig))
	}
	o.ended = o.ended[:0]
	o.card.Poll(o.now)
	for _, e := range o.ended {
		got = append(got, e.Verdict.String())
		if e.Verdict == Sent {
			o.sent++
		} else {
			o.dropped++
		}
	}
	slices.Sort(want) // what is sent ends last
	slices.Sort(got)
	require.Equal(o, want, got, "%+v under %+v", packets, o.rules)
	for _, p := range o.ports {
		p.Drain(func([]byte) {})
	}
}

// agree holds that both know the same connections.
func (o *trial) agree() {
	require.Len(o, o.card.Flows(FlowFilter{}), len(o.connections))
	tracked := 0
	for _, c := range o.connections {
		if c.tracked {
			tracked++
		}
	}
	require.Equal(o, tracked, o.view("eni-a1").Connections)
}

// The card does what the model does, packet by packet and burst by burst,
// while the rules change and time passes.
func TestCardAgainstModel(t *testing.T) {
	o := &trial{rig: newRig(t), model: &model{connections: map[modelKey]*modelConnection{}}, random: oracle.Random(t)}
	o.change()
	bursts := 20_000
	if testing.Short() {
		bursts /= 4
	}
	for range bursts {
		switch n := o.random.IntN(1000); {
		case n == 0:
			o.forget()
		case n < 10:
			o.change()
			o.agree()
		}
		o.burst()
	}
	require.Greater(t, min(o.sent, o.dropped), bursts/10, "of both kinds there were many")
}
