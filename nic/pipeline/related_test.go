package pipeline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

const router = "198.18.0.7" // somewhere on the way to the client

// quoteOf is an ICMP error as its sender quotes a packet: cut to n bytes.
func quoteOf(from string, p wiretest.Packet, n int) wiretest.Packet {
	return wiretest.ICMPError(wire.ICMPUnreachable, wire.ICMPFragNeeded, from, p.Bytes()).MTU(1400).Quote(n)
}

// Path MTU discovery works without a rule of its own: a router's error about a
// packet that the guest sent is for the guest, with the address it knows in
// the quote as well.
func TestAnErrorAboutAKnownConnectionComesIn(t *testing.T) {
	x := newRig(t)
	x.admits()
	sent, seen := out.Payload("long"), wiretest.TCP("35.72.2.8:40000", client+":443").Flags(wire.TCPSyn).Payload("long")
	x.fromInternet("eni-a1", quoteOf(router, seen, 28)).dropped(SecurityGroupIn)
	x.fromGuest("eni-a1", sent).passed()
	for _, n := range []int{28, 44} {
		got := x.fromInternet("eni-a1", quoteOf(router, seen, n)).delivered("eni-a1")
		want := quoteOf(router, sent, n).MACs(edgeRouter, macA1).Bytes()
		require.Equal(t, want, got, "as if it were about the private address")
	}
	// Not about a connection that is none, nor about another guest's.
	x.fromInternet("eni-a1", quoteOf(router, wiretest.TCP("35.72.2.8:40001", client+":443"), 28)).dropped(SecurityGroupIn)
	x.fromInternet("eni-b1", quoteOf(router, wiretest.TCP("54.168.7.7:40000", client+":443"), 28)).dropped(SecurityGroupIn)
	x.fromInternet("eni-a1", quoteOf(router, wiretest.TCP("35.72.2.9:40000", client+":443"), 28)).dropped(SecurityGroupIn)
	// Nor a redirect: it would turn the guest's routes.
	x.fromInternet("eni-a1", wiretest.ICMPError(wire.ICMPRedirect, 1, router, seen.Bytes())).dropped(SecurityGroupIn)
	// The quote's source must be whom the error is for.
	misled := wiretest.ICMP(router, "35.72.2.9", wire.ICMPUnreachable, 1).Payload(string(seen.Bytes()[14:]))
	x.fromInternet("eni-a1", misled).dropped(SecurityGroupIn)
}

// A guest's error about a packet that it got leaves with the public address,
// in the quote as well.
func TestAnErrorAboutAKnownConnectionGoesOut(t *testing.T) {
	x := newRig(t)
	x.put("SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissionsEgress: [], IpPermissions: [{IpProtocol: udp, FromPort: 5000, ToPort: 5000, IpRanges: [{CidrIp: 203.0.113.0/24}]}]}`)
	got, seen := wiretest.UDP(client+":9", "10.0.1.5:5000").Payload("hi"), wiretest.UDP(client+":9", "35.72.2.8:5000").Payload("hi")
	refuse := func(at string, p wiretest.Packet) wiretest.Packet {
		return wiretest.ICMPError(wire.ICMPUnreachable, 3, at, p.Bytes())
	}
	x.fromGuest("eni-a1", refuse("10.0.1.5", got)).dropped(SecurityGroupOut)
	x.fromInternet("eni-a1", seen).passed()
	left := x.fromGuest("eni-a1", refuse("10.0.1.5", got)).tunneled(edge, vniA)
	require.Equal(t, refuse("35.72.2.8", seen).MACs(x.toEdge("eni-a1"), edgeRouter).Bytes(), left)
	require.Empty(t, x.flows("")[1:], "an error is no connection")
	// Only whom it quotes may hear of it: the group lets the guest send to nobody else.
	misled := wiretest.ICMP("10.0.1.5", other, wire.ICMPUnreachable, 3).Payload(string(got.Bytes()[14:]))
	x.fromGuest("eni-a1", misled).dropped(SecurityGroupOut)
}

// What an ICMP error quotes is translated as the error itself is, by whatever
// right the error passes, and however much it quotes of whatever protocol.
func TestAQuoteIsTranslatedWithoutAConnection(t *testing.T) {
	x := newRig(t)
	x.admits(permit("icmp", "-1", "0.0.0.0/0"))
	for _, kind := range []func(from, to string) wiretest.Packet{
		func(from, to string) wiretest.Packet { return wiretest.TCP(from+":80", to+":40000") },
		func(from, to string) wiretest.Packet {
			return wiretest.TCP(from+":80", to+":40000").Options(1, 1, 1, 0)
		},
		func(from, to string) wiretest.Packet { return wiretest.UDP(from+":80", to+":40000") },
		func(from, to string) wiretest.Packet { return wiretest.UDP(from+":80", to+":40000").NoChecksum() },
		func(from, to string) wiretest.Packet { return wiretest.UDPLite(from+":80", to+":40000").Coverage(8) },
		func(from, to string) wiretest.Packet { return wiretest.DCCP(from+":80", to+":40000") },
		func(from, to string) wiretest.Packet { return wiretest.Echo(from, to, 7) },
		func(from, to string) wiretest.Packet { return wiretest.EchoReply(from, to, 7) },
		func(from, to string) wiretest.Packet { return wiretest.IP(from, to, 47) },
	} {
		for _, n := range []int{20, 24, 25, 28, 36, 40, 44, 60} {
			for private, public := range map[string]string{"10.0.1.5": "35.72.2.8", "10.0.1.15": "35.72.2.9"} {
				quote := func(error, about wiretest.Packet) wiretest.Packet {
					return error.Payload(string(about.Size(100).Bytes()[14 : 14+n]))
				}
				in := func(local string) wiretest.Packet {
					return quote(wiretest.ICMP(router, local, wire.ICMPTimeExceeded, 0), kind(local, client))
				}
				e := x.fromInternet("eni-a1", in(public))
				e.passed()
				require.Equal(t, in(private).MACs(edgeRouter, macA1).Bytes(), e.frame, "%d bytes", n)
				out := func(local string) wiretest.Packet {
					return quote(wiretest.ICMP(local, client, wire.ICMPUnreachable, 3), kind(client, local))
				}
				e = x.fromGuest("eni-a1", out(private))
				e.passed()
				require.Equal(t, out(public).MACs(x.toEdge("eni-a1"), edgeRouter).Bytes(), e.frame[wire.OuterLen:], "%d bytes", n)
			}
		}
	}
	require.Empty(t, x.flows(""))
}

// An error about an untracked flow ends with its rule, as the flow does, and not before: another
// change is none of the flow.
func TestAnErrorAboutACutFlowIsDropped(t *testing.T) {
	x := newRig(t)
	x.connect("80")
	about := quoteOf(router, wiretest.TCP("35.72.2.8:80", client+":40000"), 28)
	x.fromInternet("eni-a1", about).delivered("eni-a1")
	x.put("SecurityGroups", `{GroupId: sg-new, GroupName: new, VpcId: vpc-b}`)
	x.fromInternet("eni-a1", about).delivered("eni-a1")
	x.admits(ssh)
	x.fromInternet("eni-a1", about).dropped(SecurityGroupIn)
}

// The fragments of a datagram share the verdict on the first, which alone has
// ports; so they do on a connection that is known.
func TestFragmentsFollowTheFirst(t *testing.T) {
	x := newRig(t)
	for id := range uint16(3) {
		pieces := wiretest.UDP(client+":9", "35.72.2.8:5000").ID(100 + id).Size(300).Fragments(104)
		want := wiretest.UDP(client+":9", "10.0.1.5:5000").ID(100+id).Size(300).MACs(edgeRouter, macA1).Fragments(104)
		for i, piece := range pieces {
			e := x.send(Uplink, x.tunnelBytes(edge, "eni-a1", piece))
			require.Equal(t, want[i], e.delivered("eni-a1"))
			require.Equal(t, "udp 5000 from 203.0.113.0/24", e.Rule.Text)
		}
	}
	for id := range uint16(3) {
		for i, piece := range wiretest.UDP("10.0.1.5:5000", client+":9").ID(7+id).MACs(macA1, x.eni("eni-a1").RouterMAC).Size(300).Fragments(104) {
			want := wiretest.UDP("35.72.2.8:5000", client+":9").ID(7+id).MACs(x.toEdge("eni-a1"), edgeRouter).Size(300).Fragments(104)
			require.Equal(t, want[i], x.send("eni-a1", piece).tunneled(edge, vniA))
		}
	}
	require.Len(t, x.flows(""), 1, "fragments are no connections")
	require.Equal(t, 1, x.tracked("eni-a1"))
}

// fragments of a datagram from the client to a port of a1.
func (r *rig) fragments(port string, id uint16) (first, later []byte) {
	pieces := wiretest.UDP(client+":9", "35.72.2.8:"+port).ID(id).Size(200).Fragments(104)
	return r.tunnelBytes(edge, "eni-a1", pieces[0]), r.tunnelBytes(edge, "eni-a1", pieces[1])
}

// A later fragment whose first was not allowed, or not seen, is dropped; so is
// one that is of another datagram.
func TestALaterFragmentNeedsItsFirst(t *testing.T) {
	x := newRig(t)
	first, later := x.fragments("5000", 1)
	x.send(Uplink, later).dropped(FragmentUnknown)
	x.send(Uplink, first).passed()
	x.send(Uplink, later).passed()
	_, another := x.fragments("5000", 2)
	x.send(Uplink, another).dropped(FragmentUnknown)
	denied, rest := x.fragments("5001", 3)
	x.send(Uplink, denied).dropped(SecurityGroupIn)
	x.send(Uplink, rest).dropped(FragmentUnknown)
	// The guest's fragment with the same ID is of another datagram still.
	x.send("eni-a1", wiretest.UDP("10.0.1.5:5000", client+":9").ID(1).MACs(macA1, x.eni("eni-a1").RouterMAC).Size(200).Fragments(104)[1]).dropped(FragmentUnknown)
	x.wait(31e9)
	x.send(Uplink, later).dropped(FragmentUnknown)
}

// A change between two fragments: those of a tracked connection go on, those
// of a flow that is not tracked are cut.
func TestAPolicyChangesBetweenFragments(t *testing.T) {
	for port, want := range map[string]Verdict{"5000": Sent, "53": FragmentUnknown} {
		x := newRig(t)
		known, _ := x.fragments(port, 1)
		x.send(Uplink, known).passed()
		first, later := x.fragments(port, 2)
		x.send(Uplink, first).passed()
		x.admits(ssh)
		e := x.send(Uplink, later)
		require.Equal(t, want.String(), e.Verdict.String(), port)
	}
}

// Fragments that arrive in one burst find their first as well.
func TestFragmentsArriveInOneBurst(t *testing.T) {
	x := newRig(t)
	x.ended = nil
	first, later := x.fragments("5000", 1)
	x.ports[Uplink].Inject(first)
	x.ports[Uplink].Inject(later)
	require.Equal(t, 2, x.Poll(x.now))
	require.Equal(t, []Verdict{Sent, Sent}, []Verdict{x.ended[0].Verdict, x.ended[1].Verdict})
	require.Len(t, x.ports["eni-a1"].Sent(), 2)
}
