package pipeline

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// What a stranger sends in the remote side's name costs no connection that goes on: not
// at once, nor when it has been idle for almost as long as it may, whoever opened it.
func TestForgedSegmentsEndNothing(t *testing.T) {
	var (
		in, out = tcp("6000", wire.TCPAck), tcpBack("6000", wire.TCPAck)
		rst     = in.Flags(wire.TCPRst)
		fin     = in.Flags(wire.TCPFin | wire.TCPAck)
		syn     = in.Flags(wire.TCPSyn)
	)
	for what, forged := range map[string][]wiretest.Packet{
		"RST":             {rst.Seq(12345, 0)},
		"RST and ACK":     {rst.Flags(wire.TCPRst|wire.TCPAck).Seq(3_000_000_000, 1)},
		"RSTs":            {rst.Seq(1<<31, 0), rst.Seq(1<<30, 0), rst.Seq(0, 0).Seq(1<<16, 0)},
		"FIN":             {fin.Seq(12345, 1)},
		"SYN":             {syn.Seq(12345, 0)},
		"SYN, then RST":   {syn.Seq(12345, 0), rst.Seq(12346, 0)},
		"RST, then SYN":   {rst.Seq(12345, 0), syn.Seq(12345, 0)},
		"data, then RST":  {in.Seq(12345, 1).Size(1000), rst.Seq(12345, 0)},
		"SYN+ACK and RST": {in.Flags(wire.TCPSyn|wire.TCPAck).Seq(12345, 1), rst.Seq(12345, 0)},
	} {
		for _, opener := range []wire.Direction{wire.In, wire.Out} {
			for _, idle := range []time.Duration{12 * time.Second, 70 * time.Second, 349 * time.Second} { // of a1's 350
				t.Run(what, func(t *testing.T) {
					x := newRig(t)
					x.handshake(opener, in, out)
					for range 2 {
						x.permits(permit("tcp", "6000", client+"/32"), "") // that the SYN is allowed
						for _, p := range forged {
							x.fromInternet("eni-a1", p).passed()
						}
						x.permits("", "")
						x.wait(idle)
						x.fromGuest("eni-a1", out).passed()
						x.fromInternet("eni-a1", in).passed()
						require.Equal(t, "ESTABLISHED", x.flow("eni-a1").State)
					}
				})
			}
		}
	}
}

// permits gives a1's group one permission a direction, or none.
func (r *rig) permits(in, out string) {
	r.Helper()
	r.put("SecurityGroups", `{GroupId: sg-a-web, GroupName: web, VpcId: vpc-a, IpPermissions: [`+in+`], IpPermissionsEgress: [`+out+`]}`)
}

// handshake opens a connection of a1.
func (r *rig) handshake(opener wire.Direction, in, out wiretest.Packet) {
	r.Helper()
	r.permits(permit("tcp", "6000", "203.0.113.0/24"), permit("tcp", "40000", "203.0.113.0/24"))
	syn, ack := uint8(wire.TCPSyn), uint8(wire.TCPSyn|wire.TCPAck)
	if opener == wire.Out {
		r.fromGuest("eni-a1", out.Flags(syn)).passed()
		r.fromInternet("eni-a1", in.Flags(ack)).passed()
		r.fromGuest("eni-a1", out).passed()
		return
	}
	r.fromInternet("eni-a1", in.Flags(syn)).passed()
	r.fromGuest("eni-a1", out.Flags(ack)).passed()
	r.fromInternet("eni-a1", in).passed()
}

// A RST of the remote side's own ends the connection: it is gone soon.
func TestARealResetEndsAConnection(t *testing.T) {
	in, out := tcp("6000", wire.TCPAck), tcpBack("6000", wire.TCPAck)
	for _, opener := range []wire.Direction{wire.In, wire.Out} {
		x := newRig(t)
		x.handshake(opener, in, out)
		for range 40 {
			x.fromInternet("eni-a1", in.Size(1400)).passed()
		}
		x.fromInternet("eni-a1", in.Flags(wire.TCPRst).Seq(1+40*1400, 0)).passed()
		require.Equal(t, "CLOSED", x.flow("eni-a1").State)
		x.wait(28 * time.Second)
		require.Empty(t, x.flows("eni-a1"))
	}
}
