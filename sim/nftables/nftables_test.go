//go:build linux

package nftables

import (
	"flag"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/vpc/ec2"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/sim/cage/cagetest"
)

func TestMain(m *testing.M) { os.Exit(cagetest.Main(m)) }

var (
	seed    = flag.Uint64("seed", 1, "of the first configuration; 0: chosen by the clock")
	regions = flag.Int("regions", 30, "how many configurations both are held to")
)

// perRegion is how many packets meet one configuration.
const perRegion = 200

// The kernel's filter and the card let the same packets pass, random packets by random rules.
func TestTheCardFiltersAsTheKernelDoes(t *testing.T) {
	from, most := *seed, *regions
	if from == 0 {
		from = uint64(time.Now().UnixNano())
	}
	t.Logf("the first configuration's seed is %d; each next one's is 1 more", from)
	if testing.Short() {
		most /= 10
	}
	arrived, lost := 0, 0
	for n := range uint64(most) {
		d := newDice(from + n)
		c := configuration(d.rules(), d.rules(), d.entries())
		kernel, card := newRouter(t), newServer(t, c)
		kernel.apply(c)
		g := &traffic{dice: d}
		for i := range perRegion {
			side, p, what := g.next()
			want, got := kernel.pass(side, p), card.pass(side, p)
			require.Equal(t, want, got, "seed %d, packet %d: %s\n%s", from+n, i, what, ruleset(c))
			if got == nil {
				lost++
			} else {
				arrived++
			}
		}
	}
	t.Logf("%d packets arrived, and %d were dropped", arrived, lost)
	require.Greater(t, arrived, 10*most)
	require.Greater(t, lost, 10*most)
}

// rule is one for everyone of both families.
func rule(protocol string, from, to int) ec2.IpPermission {
	r := four.permission(protocol, four.everyone)
	r.FromPort, r.ToPort, r.Ipv6Ranges = &from, &to, []ec2.Ipv6Range{{CidrIpv6: six.everyone}}
	return r
}

// narrow is one for a block of each family.
func narrow(protocol string, from, to int) ec2.IpPermission {
	r := rule(protocol, from, to)
	r.IpRanges[0].CidrIp, r.Ipv6Ranges[0].CidrIpv6 = four.blocks[1], six.blocks[1]
	return r
}

// both is a card and a kernel under one configuration.
type both struct {
	*testing.T
	kernel *router
	card   *server
}

func newBoth(t *testing.T, in, out []ec2.IpPermission) *both {
	c := configuration(in, out, pass())
	b := &both{t, newRouter(t), newServer(t, c)}
	b.kernel.apply(c)
	return b
}

// become puts other rules of the group in force. Connections stay.
func (b *both) become(in, out []ec2.IpPermission) {
	c := configuration(in, out, pass())
	b.kernel.apply(c)
	_, err := b.card.card.Change(vpc.Edit{Kind: "SecurityGroups", ID: "sg-a", Object: &c.SecurityGroups[0]})
	require.NoError(b, err)
}

// agree sends a packet that passes both.
func (b *both) agree(from int, p wiretest.Packet) {
	b.Helper()
	want := b.kernel.pass(from, p)
	require.NotNil(b, want)
	require.Equal(b, want, b.card.pass(from, p))
}

// kernelAlone sends a packet that passes the kernel, and not the card.
func (b *both) kernelAlone(from int, p wiretest.Packet) {
	b.Helper()
	require.NotNil(b, b.kernel.pass(from, p), "the kernel")
	require.Nil(b, b.card.pass(from, p), "the card")
}

// cardAlone sends a packet that passes the card, and not the kernel.
func (b *both) cardAlone(from int, p wiretest.Packet) {
	b.Helper()
	require.Nil(b, b.kernel.pass(from, p), "the kernel")
	require.NotNil(b, b.card.pass(from, p), "the card")
}

// call is a TCP connection that a side opens from a port to port 80 of the other one.
type call struct {
	from        int
	there, back wiretest.Packet
}

func (f *family) call(from int, port uint16) call {
	ends := f.ends(from)
	client, server := netip.AddrPortFrom(ends[0], port).String(), netip.AddrPortFrom(ends[1], 80).String()
	return call{from, wiretest.TCP(client, server).Flags(wire.TCPAck).Seq(101, 501), wiretest.TCP(server, client).Flags(wire.TCPAck).Seq(501, 101)}
}

// ends are the addresses of a side and of the other one.
func (f *family) ends(from int) [2]netip.Addr {
	if from == far {
		return [2]netip.Addr{f.beyond[0], f.guest}
	}
	return [2]netip.Addr{f.guest, f.beyond[0]}
}

// calls are those of both families from these sides.
func calls(port uint16, sides ...int) (all []call) {
	for _, f := range families {
		for _, from := range sides {
			all = append(all, f.call(from, port))
		}
	}
	return all
}

// connect makes the handshake, which passes both.
func (b *both) connect(c call) {
	b.Helper()
	b.agree(c.from, c.there.Flags(wire.TCPSyn).Seq(100, 0))
	b.agree(1-c.from, c.back.Flags(wire.TCPSyn|wire.TCPAck).Seq(500, 101))
	b.agree(c.from, c.there)
}

// A difference: EC2 cuts an untracked flow at once when its rule goes. A tracked one goes on
// with both.
func TestTheKernelGoesOnWithWhatEC2DoesNotTrack(t *testing.T) {
	all := []ec2.IpPermission{rule("tcp", 0, 65535)}
	for _, from := range []int{guest, far} {
		for _, x := range []struct {
			rule ec2.IpPermission
			send func(*both, int, wiretest.Packet)
		}{{rule("tcp", 80, 80), (*both).kernelAlone}, {narrow("tcp", 80, 80), (*both).agree}} {
			rules := [2][]ec2.IpPermission{guest: {x.rule}, far: all} // outbound, inbound
			if from == far {
				rules = [2][]ec2.IpPermission{guest: all, far: {x.rule}}
			}
			b := newBoth(t, rules[far], rules[guest])
			for _, c := range calls(40000, from) {
				b.connect(c)
			}
			rules[from] = nil
			b.become(rules[far], rules[guest])
			for _, c := range calls(40000, from) {
				x.send(b, from, c.there)
			}
		}
	}
}

// An ICMP error about an untracked flow passes both, without a rule for it.
func TestAnErrorAboutAnUntrackedFlowPassesBoth(t *testing.T) {
	b := newBoth(t, []ec2.IpPermission{rule("udp", 0, 65535)}, []ec2.IpPermission{rule("udp", 0, 65535)})
	for _, f := range families {
		question := wiretest.UDP(netip.AddrPortFrom(f.guest, 80).String(), netip.AddrPortFrom(f.beyond[0], 40000).String()).Payload("question")
		b.agree(guest, question)
		b.agree(far, wiretest.ICMPError(f.unreachable, 3, f.beyond[0].String(), question.Bytes()))
	}
}

// A difference: a card is no hop, so that a packet with its last hop left passes.
func TestTheKernelIsAHopAndTheCardIsNot(t *testing.T) {
	for _, from := range []int{guest, far} { // the kernel's errors come back
		b := newBoth(t, []ec2.IpPermission{rule("tcp", 80, 80)}, []ec2.IpPermission{rule("tcp", 80, 80)})
		for _, c := range calls(40000, from) {
			b.cardAlone(from, c.there.Flags(wire.TCPSyn).TTL(1))
		}
	}
}

// A difference: the kernel drops what lies outside of a connection's windows, and the card, which keeps no
// windows, leaves it to the receiver.
func TestTheKernelKeepsWindowsAndTheCardDoesNot(t *testing.T) {
	b := newBoth(t, []ec2.IpPermission{narrow("tcp", 80, 80)}, []ec2.IpPermission{narrow("tcp", 80, 80)})
	for _, c := range calls(40000, guest, far) {
		b.connect(c)
		b.agree(1-c.from, c.back)
		b.cardAlone(1-c.from, c.back.Seq(501+1<<30, 101).Payload("far ahead"))
	}
}

// A difference: the kernel takes a segment from the middle of a stream for the beginning of a connection at any
// time. A card does so while connections may live from before its start, and later lets the segment pass alone.
func TestTheKernelBeginsInTheMiddleOfAStreamAtAnyTime(t *testing.T) {
	b := newBoth(t, []ec2.IpPermission{narrow("tcp", 80, 80)}, []ec2.IpPermission{narrow("tcp", 80, 80)})
	for _, c := range calls(40000, guest, far) {
		b.agree(c.from, c.there)
		b.agree(1-c.from, c.back)
	}
	b.card.wait(6 * 24 * time.Hour)
	for _, c := range calls(40001, guest, far) {
		b.agree(c.from, c.there)
		b.kernelAlone(1-c.from, c.back)
	}
}
