package pipeline

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/tables/oracle"
)

// model is what EC2 does with the packets of one ENI, without any haste: its
// rules in a list, its connections in a map.
type model struct {
	rules       []modelRule
	epoch       int
	clock       time.Duration
	begun       time.Duration // the card's start
	connections map[modelKey]*modelConnection
}

type modelRule struct {
	dir      wire.Direction
	proto    string // EC2's
	from, to int
	cidr     string
}

// modelKey: of an ICMP query, local is the identifier and remote who asks what.
type modelKey struct {
	proto, peer   string
	local, remote int
}

// modelPacket is a packet of the client's peer to a1, or back.
type modelPacket struct {
	dir wire.Direction
	modelKey
	flags uint8 // of TCP; of ICMP 1 is the reply
	first int   // of TCP the sequence number, of ICMP the code
	ack   int   // of TCP
}

const everyone = "0.0.0.0/0"

func (m *model) allows(dir wire.Direction, p modelPacket) (allowed, tracked bool) {
	k, all := p.modelKey, false
	for _, r := range m.rules {
		if r.dir == dir && r.covers(k.proto, p.asked(dir)) && netip.MustParsePrefix(r.cidr).Contains(netip.MustParseAddr(k.peer)) {
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

// asked is what rules of a direction are asked about a packet: the port that it
// would be for, or an ICMP message's type and code.
func (p modelPacket) asked(dir wire.Direction) int {
	switch {
	case p.proto == "icmp":
		return int(p.icmpType())<<8 | p.first
	case dir == wire.Out:
		return p.remote
	}
	return p.local
}

// icmpType is that of a query, or of the answer to it.
func (p modelPacket) icmpType() uint8 {
	query := uint8(p.remote >> 1)
	if p.flags == 0 {
		return query
	}
	return map[uint8]uint8{8: 0, 13: 14, 42: 43}[query]
}

func (r modelRule) covers(proto string, port int) bool {
	switch {
	case r.proto == "-1":
		return true
	case r.proto != proto:
		return false
	case proto == "tcp" || proto == "udp":
		return r.from <= port && port <= r.to
	case proto == "icmp":
		return (r.from == -1 || r.from == port>>8) && (r.to == -1 || r.to == port&0xff)
	}
	return true
}

// end is what becomes of a packet.
func (m *model) end(p modelPacket) Verdict {
	c, tcp := m.connections[p.modelKey], p.proto == "tcp"
	if p.proto == "icmp" && (p.flags == 1 && c == nil || p.flags == 0 && c != nil && c.first != p.first) {
		v := m.judge(p, p.dir) // a reply, or a question the rules tell from the first one, stands for itself
		if v == Sent && c != nil {
			c.packet(p, m.clock)
		}
		return v
	}
	syn := tcp && p.flags == wire.TCPSyn
	switch {
	case c == nil:
		return m.begin(p)
	case syn && c.begins(p) && c.lives():
		return m.ask(c, p)
	case syn && c.begins(p):
		return m.begin(p)
	case tcp && c.acceptedBy(p):
		return m.accept(c, p)
	case !c.tracked && c.epoch != m.epoch && syn && p.dir != c.opener:
		return m.begin(p)
	case !c.tracked && c.epoch != m.epoch:
		if v := m.judge(p, c.opener); v != Sent {
			return v
		}
		_, c.tracked = m.allows(c.opener, p)
		c.epoch = m.epoch
	}
	c.packet(p, m.clock)
	return Sent
}

// judge asks the rules for the packet that opened a flow.
func (m *model) judge(p modelPacket, opener wire.Direction) Verdict {
	if allowed, _ := m.allows(opener, p); !allowed {
		return [...]Verdict{SecurityGroupIn, SecurityGroupOut}[opener]
	}
	return Sent
}

// begin judges a flow and remembers it, if this packet may open one.
func (m *model) begin(p modelPacket) Verdict {
	v := m.judge(p, p.dir)
	_, tracked := m.allows(p.dir, p)
	resumes := m.clock-m.begun < 350*time.Second // as long as a1's idle connections may live
	opens := p.proto != "tcp" || p.flags == wire.TCPSyn || p.flags == wire.TCPAck && (!tracked || resumes)
	if v == Sent && opens {
		c := &modelConnection{tracked: tracked, opener: p.dir, epoch: m.epoch, first: p.first}
		if p.proto == "tcp" && p.flags != wire.TCPSyn {
			c.first, c.step = unknown, agreed
		}
		m.connections[p.modelKey] = c
		c.packet(p, m.clock)
	}
	return v
}

// ask judges a SYN for another connection than c, which lives: it changes nothing yet.
func (m *model) ask(c *modelConnection, p modelPacket) Verdict {
	v := m.judge(p, p.dir)
	if v == Sent {
		c.asker, c.asked, c.seen = p.dir, p.first, m.clock
	}
	return v
}

// accept puts the connection that the last SYN asked for in the place of c.
func (m *model) accept(c *modelConnection, p modelPacket) Verdict {
	v := m.judge(p, c.asker)
	if v == Sent {
		_, tracked := m.allows(c.asker, p)
		fresh := &modelConnection{tracked: tracked, opener: c.asker, epoch: m.epoch, first: c.asked}
		m.connections[p.modelKey] = fresh
		fresh.packet(p, m.clock)
	}
	return v
}

// frame is the packet as a1's guest or the edge sends it.
func (p modelPacket) frame(x *rig) []byte {
	private, public := "10.0.1.5", "35.72.2.8"
	if p.dir == wire.In {
		return x.tunnel(edge, "eni-a1", p.between(p.peer, public, p.remote, p.local))
	}
	return p.between(private, p.peer, p.local, p.remote).MACs(macA1, x.eni("eni-a1").RouterMAC).Bytes()
}

func (p modelPacket) between(src, dst string, sport, dport int) wiretest.Packet {
	from, to := fmt.Sprint(src, ":", sport), fmt.Sprint(dst, ":", dport)
	switch {
	case p.proto == "tcp":
		return wiretest.TCP(from, to).Flags(p.flags).Seq(uint32(p.first), uint32(p.ack))
	case p.proto == "udp":
		return wiretest.UDP(from, to)
	case p.proto == "47":
		return wiretest.IP(src, dst, 47)
	}
	return wiretest.Query(src, dst, p.icmpType(), uint16(p.local)).Code(uint8(p.first))
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func randomPacket(r *rand.Rand, dir wire.Direction) modelPacket {
	p := modelPacket{dir: dir}
	p.modelKey = modelKey{pick(r, "tcp", "tcp", "udp", "icmp", "47"), pick(r, client, other, "8.8.8.8"), pick(r, 22, 80), pick(r, 53, 443)}
	switch p.proto {
	case "tcp":
		p.flags = pick[uint8](r, wire.TCPSyn, wire.TCPSyn|wire.TCPAck, wire.TCPAck, wire.TCPAck, wire.TCPRst, wire.TCPRst|wire.TCPAck)
		p.first, p.ack = pick(r, 1, 2), pick(r, 2, 3)
		if p.flags&wire.TCPRst != 0 {
			p.first = pick(r, 1, 12345)
		}
	case "icmp":
		p.flags, p.first = pick[uint8](r, 0, 1), pick(r, 0, 0, 5)
		p.remote = pick(r, 8, 8, 13, 42)<<1 | int(p.dir) ^ int(p.flags) // what, and who asks
	case "47":
		p.local, p.remote = 0, 0
	}
	return p
}

func randomRules(r *rand.Rand) []modelRule {
	var rules []modelRule
	for range r.IntN(6) {
		rule := modelRule{pick(r, wire.In, wire.Out), pick(r, "tcp", "udp", "icmp", "47", "-1"), 0, 65535, pick(r, everyone, everyone, "203.0.113.0/24", "198.0.0.0/8")}
		if ported := rule.proto == "tcp" || rule.proto == "udp"; r.IntN(2) == 0 && ported {
			rule.from = pick(r, 22, 80, 53, 443)
			rule.to = rule.from
		}
		if rule.proto == "icmp" {
			rule.from, rule.to = pick(r, -1, 8, 13), pick(r, -1, 0, 5)
			if rule.from == -1 {
				rule.to = -1
			}
		}
		if !slices.Contains(rules, rule) { // EC2 takes no rule twice
			rules = append(rules, rule)
		}
	}
	return rules
}

// permissions are the rules of one direction in EC2's words.
func permissions(rules []modelRule, dir wire.Direction) string {
	var list []string
	for _, r := range rules {
		ports := fmt.Sprintf(", FromPort: %d, ToPort: %d", r.from, r.to)
		switch {
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
	packets, sent int
	gone, stayed  int // connections that time ended, and that outlived a step of the clock
}

// change gives both other rules.
func (o *trial) change() {
	o.rules, o.epoch = randomRules(o.random), o.epoch+1
	o.put("SecurityGroups", fmt.Sprintf("{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissions: %s, IpPermissionsEgress: %s}",
		permissions(o.rules, wire.In), permissions(o.rules, wire.Out)))
}

// step moves the clock, a little or far. Connections that are idle for too long are
// gone then, and no others.
func (o *trial) step() {
	d := pick[time.Duration](o.random, 1, 4, 11, 29, 31, 59, 61, 179, 181, 349, 351, 600, 6*24*3600) * time.Second
	o.clock += d
	o.wait(d)
	for k, c := range o.connections {
		idle := o.clock - c.seen
		least, most := c.life(k.proto)
		if idle > most || idle > least && !o.knows(k) {
			delete(o.connections, k)
			o.gone++
		} else {
			o.stayed++
		}
	}
	o.agree()
}

// knows tells whether the card knows a connection of the client's peer over TCP.
func (o *trial) knows(k modelKey) bool {
	key := flow.Key{}
	key.Set(o.eni("eni-a1").Number, wire.ProtoTCP, flow.Ends{
		Local: o.eni("eni-a1").Primary.As4(), Remote: wire.AddrFrom(netip.MustParseAddr(k.peer)).As4(),
		LocalPort: uint16(k.local), RemotePort: uint16(k.remote),
	})
	_, epoch, _ := o.Flows.Find(&key)
	return epoch != 0
}

// burst sends a few packets by one port; card and model must agree how they
// end.
func (o *trial) burst() {
	dir := pick(o.random, wire.In, wire.Out)
	port := [...]string{Uplink, "eni-a1"}[dir]
	var packets []modelPacket
	var want, got []string
	for len(packets) == 0 || o.random.IntN(3) == 0 {
		p := randomPacket(o.random, dir)
		packets = append(packets, p)
		want = append(want, o.model.end(p).String())
		o.ports[port].Inject(p.frame(o.rig))
	}
	before := o.counts(port).Ends
	o.Poll(o.now)
	for v, n := range o.counts(port).Ends {
		for range n - before[v] {
			got = append(got, Verdict(v).String())
		}
	}
	slices.Sort(want) // counts know no order
	slices.Sort(got)
	require.Equal(o, want, got, "%+v under %+v", packets, o.rules)
	o.sent += int(o.counts(port).Ends[Sent] - before[Sent])
	o.packets += len(packets)
	for _, p := range o.ports {
		p.Drain(func([]byte) {})
	}
}

// agree holds that both know the same connections.
func (o *trial) agree() {
	require.Len(o, o.flows(""), len(o.connections))
	tracked := 0
	for _, c := range o.connections {
		if c.tracked {
			tracked++
		}
	}
	require.Equal(o, tracked, o.tracked("eni-a1"))
}

// The card does what the model does, packet by packet and burst by burst, while the
// rules change and time passes: its Go, which every packet takes that an observer is
// shown, and its assembly.
func TestCardAgainstModel(t *testing.T) {
	for name, observer := range map[string]func(*Event){"observed": func(*Event) {}, "unobserved": nil} {
		t.Run(name, func(t *testing.T) {
			o := &trial{rig: newRig(t), model: &model{connections: map[modelKey]*modelConnection{}}, random: oracle.Random(t)}
			o.observe(observer)
			o.compare()
		})
	}
}

// compare is the trial.
func (o *trial) compare() {
	o.change()
	bursts := 10_000
	if testing.Short() {
		bursts /= 4
	}
	for range bursts {
		switch n := o.random.IntN(1000); {
		case n < 50:
			o.step()
		case n < 52: // as if the card had just been started
			o.begun = o.clock
			o.Crew.begun.Store(o.now)
		case n < 62:
			o.change()
			o.agree()
		}
		o.burst()
	}
	require.Greater(o, min(o.sent, o.packets-o.sent), bursts/50, "of both kinds there were some")
	require.Greater(o, min(o.gone, o.stayed), bursts/500, "of both kinds there were some")
}
