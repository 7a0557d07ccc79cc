//go:build linux

package nftables

import (
	"flag"
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
	from := *seed
	if from == 0 {
		from = uint64(time.Now().UnixNano())
	}
	t.Logf("the first configuration's seed is %d; each next one's is 1 more", from)
	if testing.Short() {
		*regions /= 10
	}
	arrived, lost := 0, 0
	for n := range uint64(*regions) {
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
	require.Greater(t, arrived, 10**regions)
	require.Greater(t, lost, 10**regions)
}

// rule is one for everyone.
func rule(protocol string, from, to int) ec2.IpPermission {
	return ec2.IpPermission{IpProtocol: protocol, FromPort: &from, ToPort: &to, IpRanges: []ec2.IpRange{{CidrIp: everyone}}}
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

// agree sends a packet that passes both.
func (b *both) agree(from int, p wiretest.Packet) {
	want := b.kernel.pass(from, p)
	require.NotNil(b, want)
	require.Equal(b, want, b.card.pass(from, p))
}

// differ sends a packet that passes the kernel alone.
func (b *both) differ(from int, p wiretest.Packet) {
	require.NotNil(b, b.kernel.pass(from, p), "the kernel")
	require.Nil(b, b.card.pass(from, p), "the card")
}

const (
	caller  = "10.0.2.10:40000"
	service = "10.0.1.10:80"
)

// A difference: EC2 cuts an untracked flow at once when its rule goes. A tracked one goes on
// with both.
func TestTheKernelGoesOnWithWhatEC2DoesNotTrack(t *testing.T) {
	egress := []ec2.IpPermission{rule("tcp", 0, 65535)}
	narrow := rule("tcp", 80, 80)
	narrow.IpRanges[0].CidrIp = blocks[1]
	for _, x := range []struct {
		in      ec2.IpPermission
		tracked bool
	}{{rule("tcp", 80, 80), false}, {narrow, true}} {
		b := newBoth(t, []ec2.IpPermission{x.in}, egress)
		b.agree(far, wiretest.TCP(caller, service).Flags(wire.TCPSyn).Seq(100, 0))
		b.agree(guest, wiretest.TCP(service, caller).Flags(wire.TCPSyn|wire.TCPAck).Seq(500, 101))
		b.agree(far, wiretest.TCP(caller, service).Flags(wire.TCPAck).Seq(101, 501))
		closed := configuration(nil, egress, pass())
		b.kernel.apply(closed)
		_, err := b.card.card.Change(vpc.Edit{Kind: "SecurityGroups", ID: "sg-a", Object: &closed.SecurityGroups[0]})
		require.NoError(t, err)
		send := map[bool]func(int, wiretest.Packet){true: b.agree, false: b.differ}[x.tracked]
		send(far, wiretest.TCP(caller, service).Flags(wire.TCPAck).Seq(101, 501))
	}
}

// An ICMP error about an untracked flow passes both, without a rule for it.
func TestAnErrorAboutAnUntrackedFlowPassesBoth(t *testing.T) {
	b := newBoth(t, []ec2.IpPermission{rule("udp", 0, 65535)}, []ec2.IpPermission{rule("udp", 0, 65535)})
	question := wiretest.UDP(service, caller).Payload("question")
	b.agree(guest, question)
	b.agree(far, wiretest.ICMPError(3, 3, "10.0.2.10", question.Bytes()))
}

// A difference: a card is no hop, so that a packet with its last hop left passes.
func TestTheKernelIsAHopAndTheCardIsNot(t *testing.T) {
	b := newBoth(t, []ec2.IpPermission{rule("udp", 0, 65535)}, nil)
	last := wiretest.UDP(caller, service).TTL(1)
	require.Nil(t, b.kernel.pass(far, last))
	require.NotNil(t, b.card.pass(far, last))
}
