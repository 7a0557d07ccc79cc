package pipeline

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// A record saves work and changes nothing: under the same rules a packet ends
// the same way, with the same bytes, whether it is the first that the card sees
// since it started, since a configuration was applied or since its connection was
// forgotten, or the next one of many. So it does where there is no room for
// records. What a stage finds out that key, direction and policy do not tell would
// show here.
func TestARecordChangesNothing(t *testing.T) {
	t.Run("without a network ACL", func(t *testing.T) { recordChangesNothing(t, func(*rig) {}) })
	t.Run("with a network ACL", func(t *testing.T) {
		const all6 = "RuleAction: allow, Protocol: '-1', Ipv6CidrBlock: '::/0', Egress: "
		recordChangesNothing(t, guarded(denies("9999", false), denies("9999", true), all6+"false", all6+"true"))
	})
}

// recordChangesNothing is TestARecordChangesNothing for cards that setup prepares.
func recordChangesNothing(t *testing.T, setup func(*rig)) {
	cases := repeated()
	var first [][]byte
	for _, c := range cases {
		fresh := newRig(t)
		setup(fresh)
		e := fresh.send(c.port, c.frame(fresh))
		require.Equal(t, c.want.String(), e.Verdict.String(), c.what)
		first = append(first, slices.Clone(e.frame))
	}
	warm := newRig(t)
	setup(warm)
	again := func(when string) {
		for i, c := range cases {
			e := warm.send(c.port, c.frame(warm))
			require.Equal(t, c.want.String(), e.Verdict.String(), "%s, %s", c.what, when)
			require.Equal(t, first[i], slices.Clone(e.frame), "%s, %s", c.what, when)
		}
	}
	again("among others")
	again("known")
	warm.put("SecurityGroups", `{GroupId: sg-a-none, GroupName: none, VpcId: vpc-a, IpPermissions: [], IpPermissionsEgress: []}`)
	again("after a change elsewhere")
	again("known again")
	warm.wait(6 * 24 * time.Hour)
	require.Empty(t, warm.flows(""))
	again("forgotten")
	warm.wait(6 * 24 * time.Hour)
	for i := range uint16(400) {
		warm.fromInternet("eni-a1", wiretest.UDP(other+":9", "35.72.2.8:53").SrcPort(1000+i)).passed()
	}
	require.Less(t, len(warm.flows("")), 400, "there was no room for all")
	again("without room")
}

// The fragments of a datagram end the same way in every order, whether their connection is new,
// known, judged by an earlier policy or forgotten: the guest gets each once, in their own order.
func TestARecordChangesNothingForFragmentsInAnyOrder(t *testing.T) {
	datagram := wiretest.UDP(client+":41000", "35.72.2.9:53").Size(300)
	warm := newRig(t)
	for id, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		pieces := func(r *rig, id int) (got [][]byte) {
			frames := datagram.ID(uint16(id)).Fragments(104)
			for _, i := range order {
				require.True(t, r.ports[Uplink].Inject(r.tunnelBytes(edge, "eni-a1", frames[i])))
			}
			for range 3 {
				r.Poll(r.now)
			}
			return slices.DeleteFunc(r.ports["eni-a1"].Sent(), nictest.IsUnasked)
		}
		fresh := pieces(newRig(t), id)
		require.Len(t, fresh, 3, order)
		require.Equal(t, fresh, pieces(warm, id), "among others, %v", order)
		warm.put("SecurityGroups", fmt.Sprintf(`{GroupId: sg-a-none, GroupName: none%d, VpcId: vpc-a}`, id))
		for i, f := range pieces(warm, 100+id) {
			require.Equal(t, fresh[i][34:], f[34:], "after a change elsewhere, %v", order)
		}
		warm.wait(6 * 24 * time.Hour)
		require.Equal(t, fresh, pieces(warm, id), "forgotten, %v", order)
	}
}

// repeated are packets that end the same way whatever came before them: those
// of verdictCases that the card as it is drops or sends, and one of each protocol
// both ways.
func repeated() (cases []verdictCase) {
	for _, c := range verdictCases {
		if c.setup == nil {
			cases = append(cases, c)
		}
	}
	for _, p := range []wiretest.Packet{
		wiretest.TCP(client+":41000", "35.72.2.8:80").Payload("data"),
		wiretest.TCP(client+":41000", "35.72.2.9:22").Flags(wire.TCPFin | wire.TCPAck),
		wiretest.TCP(client+":41000", "35.72.2.9:22").Flags(wire.TCPRst),
		wiretest.UDP(client+":41000", "35.72.2.9:53").Payload("?"),
		wiretest.UDP(client+":41000", "35.72.2.9:53").Size(90),
		wiretest.UDP(client+":41000", "35.72.2.8:5000").NoChecksum(),
		wiretest.UDP(client+":41000", "35.72.2.8:5000").Size(200).ID(77),
		wiretest.Echo(client, "35.72.2.8", 9),
	} {
		cases = append(cases, verdictCase{"in", Uplink, in(edge, "eni-a1", p), Sent, nil})
	}
	for _, p := range []wiretest.Packet{
		wiretest.TCP("10.0.1.5:80", client+":41000").Flags(wire.TCPSyn | wire.TCPAck),
		wiretest.TCP("10.0.1.15:22", client+":41000").Payload("data"),
		wiretest.UDP("10.0.1.15:53", client+":41000").Payload("!"),
		wiretest.UDPLite("10.0.1.5:9", client+":41000").Payload("lite"),
		wiretest.DCCP("10.0.1.5:9", client+":41000").Payload("data"),
		wiretest.IP("10.0.1.15", client, 47).Payload("gre"),
		wiretest.Echo("10.0.1.5", client, 11),
		wiretest.EchoReply("10.0.1.5", client, 9),
		wiretest.ICMPError(wire.ICMPUnreachable, 3, "10.0.1.5", wiretest.UDP(client+":41000", "10.0.1.5:5000").Bytes()),
		wiretest.ICMPError(wire.ICMPUnreachable, 3, "10.0.1.5", wiretest.UDP(client+":42000", "10.0.1.5:5001").Bytes()),
	} {
		cases = append(cases, verdictCase{"out", "eni-a1", to(p), Sent, nil})
	}
	return cases
}
