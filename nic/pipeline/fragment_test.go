package pipeline

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/tables/oracle"
)

// pieces are the fragments of a datagram from the client to a port of a1, in tunnels.
func (r *rig) pieces(port string, id uint16) (frames [][]byte) {
	for _, piece := range wiretest.UDP(client+":9", "35.72.2.8:"+port).ID(id).Size(700).Fragments(104) {
		frames = append(frames, r.tunnelBytes(edge, "eni-a1", piece))
	}
	return frames
}

// Out-of-order fragments wait a little: whatever the order in which they come, the guest gets
// all of them, in the order of the datagram.
func TestFragmentsPassInOrder(t *testing.T) {
	x, random := newRig(t), oracle.Random(t)
	for id := range uint16(20) {
		frames := x.pieces("5000", id)
		want := wiretest.UDP(client+":9", "10.0.1.5:5000").ID(id).Size(700).MACs(edgeRouter, macA1).Fragments(104)
		random.Shuffle(len(frames), func(i, j int) { frames[i], frames[j] = frames[j], frames[i] })
		for _, f := range frames {
			require.True(t, x.ports[Uplink].Inject(f))
			x.Poll(x.now)
		}
		require.Equal(t, want, x.ports["eni-a1"].Sent())
		x.account()
	}
	require.Zero(t, x.w.early.n)
}

// A fragment whose first is not allowed waits a second and is dropped; so few of an ENI may
// wait that the others have room.
func TestFragmentsWaitALittleAndInBounds(t *testing.T) {
	x := newRig(t)
	x.ended = nil
	for id := range uint16(50) {
		x.ports[Uplink].Inject(x.pieces("5001", id)[1])
		x.Poll(x.now)
	}
	require.Len(t, x.ended, 50-earlyOfAnENI, "the others wait")
	require.EqualValues(t, 50-earlyOfAnENI, x.counts(Uplink).Ends[FragmentUnknown])
	x.account()
	x.wait(900 * time.Millisecond)
	require.Len(t, x.ended, 50-earlyOfAnENI)
	x.wait(200 * time.Millisecond)
	require.Len(t, x.ended, 50)
	require.False(t, slices.ContainsFunc(x.ended, func(e Event) bool { return e.Verdict != FragmentUnknown }))
}

// A fragment from the internet for a middlebox of this card has other bytes than came, so it
// does not wait: it is dropped as what it is, and told as the middlebox's.
func TestAnEarlyFragmentForAMiddlebox(t *testing.T) {
	x := newRig(t)
	x.inspected("x")
	frames := x.pieces("5000", 1)
	x.send(Uplink, frames[1]).dropped(FragmentUnknown)
	require.EqualValues(t, 1, x.counts("eni-mid").Drops[FragmentUnknown])
	for _, f := range x.pieces("5000", 2) {
		x.send(Uplink, f).delivered("eni-mid")
	}
}

// An ENI leaves the card while a fragment of its guest waits: the fragment is dropped, and not
// taken for a frame of the underlay.
func TestAFragmentOutlivesItsENI(t *testing.T) {
	x := newRig(t)
	queue := x.places["eni-a1"][0]
	pieces := wiretest.UDP("10.0.1.5:9", client+":53").Size(300).MACs(macA1, x.eni("eni-a1").RouterMAC).Fragments(104)
	require.True(t, x.ports["eni-a1"].Inject(pieces[1]))
	x.Poll(x.now)
	require.Equal(t, 1, x.w.early.n)
	region, err := x.region.Change(vpc.Edit{Kind: vpc.KindENIPlacement, ID: "eni-a1", Object: &vpc.ENIPlacement{Card: "y"}})
	require.NoError(t, err)
	x.become(region)
	x.ended = nil
	x.wait(2 * time.Second)
	require.Len(t, x.ended, 1)
	require.Equal(t, NoPort.String(), x.ended[0].Verdict.String())
	require.EqualValues(t, 1, queue.received)
}

// Overlapping fragments do not pass, and neither does a second first one, which could bring
// other ports than were judged; after the last fragment the identification is free.
func TestFragmentsDoNotOverlap(t *testing.T) {
	x := newRig(t)
	frames := x.pieces("5000", 1)
	x.send(Uplink, frames[0]).passed()
	x.send(Uplink, x.pieces("53", 1)[0]).dropped(FragmentOverlap)
	x.send(Uplink, frames[1]).passed()
	x.send(Uplink, frames[1]).dropped(FragmentOverlap)
	for _, f := range frames[2:] {
		x.send(Uplink, f).passed()
	}
	x.send(Uplink, frames[len(frames)-1]).dropped(FragmentOverlap)
	x.send(Uplink, frames[0]).passed()
	require.Equal(t, "fragment_overlap", x.latest()[0].Verdict.String())
}

// The first fragment of what opens no connection speaks for the later ones, too: here an
// answer to nothing that is tracked, which the groups allow.
func TestFragmentsOfWhatOpensNothing(t *testing.T) {
	x := newRig(t)
	for _, piece := range wiretest.EchoReply("10.0.1.5", client, 9).Size(300).MACs(macA1, x.eni("eni-a1").RouterMAC).Fragments(104) {
		x.send("eni-a1", piece).tunneled(edge, vniA)
	}
	require.Empty(t, x.flows(""))
}

// optionFragments are the fragments of a datagram from client6 to a port of a1 that begins with
// destination options: the fragment headers name these, and the options name UDP.
func (r *rig) optionFragments(port string, id uint16) (frames [][]byte) {
	const options = "\x11\x00\x01\x04\x00\x00\x00\x00"
	datagram := wiretest.UDP("["+client6+"]:9", "["+a1v6+"]:"+port).Size(300).Bytes()[wire.EthernetLen+wire.IPv6Len:]
	for _, piece := range wiretest.IP(client6, a1v6, 60).ID(id).Payload(options + string(datagram)).Fragments(104) {
		frames = append(frames, r.tunnelBytes(edge, "eni-a1", piece))
	}
	return frames
}

// Fragments of an IPv6 packet belong together by addresses and identification alone, whatever each
// says is the next header (RFC 8200 section 4.5): options may begin what is fragmented.
func TestOptionsBeginAFragmentedDatagram(t *testing.T) {
	x := newRig(t)
	x.admits(`{IpProtocol: udp, FromPort: 5000, ToPort: 5000, Ipv6Ranges: [{CidrIpv6: "::/0"}]}`)
	for _, f := range x.optionFragments("5000", 1) {
		x.send(Uplink, f).delivered("eni-a1")
	}
	frames := x.optionFragments("5001", 2)
	x.send(Uplink, frames[0]).dropped(SecurityGroupIn)
	x.send(Uplink, frames[1]).dropped(FragmentUnknown)
}

// Two first fragments of IPv6 with one identification begin one datagram, of whatever protocol each
// says it is. The second does not pass: its ports would come before what the first one brought.
func TestTwoProtocolsBeginNoDatagram(t *testing.T) {
	x := newRig(t)
	x.admits(`{IpProtocol: udp, FromPort: 5000, ToPort: 5000, Ipv6Ranges: [{CidrIpv6: "::/0"}]}`, `{IpProtocol: icmpv6, FromPort: -1, ToPort: -1, Ipv6Ranges: [{CidrIpv6: "::/0"}]}`)
	datagram := wiretest.UDP("["+client6+"]:9", "["+a1v6+"]:5000").ID(3).Size(300).Fragments(104)
	ping := wiretest.Echo(client6, a1v6, 7).ID(3).Size(300).Fragments(104)
	x.send(Uplink, x.tunnelBytes(edge, "eni-a1", datagram[0])).delivered("eni-a1")
	x.send(Uplink, x.tunnelBytes(edge, "eni-a1", ping[0])).dropped(FragmentOverlap)
	x.send(Uplink, x.tunnelBytes(edge, "eni-a1", ping[1])).delivered("eni-a1") // whose header the receiver does not believe
	x.send(Uplink, x.tunnelBytes(edge, "eni-a1", datagram[1])).dropped(FragmentOverlap)
}
