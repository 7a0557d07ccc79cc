package pipeline

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/flow"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// What eni-a1's guest asks of a server on the internet, and the answer, which no rule lets in by itself.
func asks(flags uint8) wiretest.Packet {
	return wiretest.TCP("10.0.1.5:5000", client+":9999").Flags(flags)
}

func answers(flags uint8) wiretest.Packet {
	return wiretest.TCP(client+":9999", "35.72.2.8:5000").Flags(flags)
}

// moves takes eni-a1 from x to y, in the policies of both.
func moves(x, y *rig) {
	x.at("y", "eni-a1")
	y.at("y", "eni-a1")
}

// A connection goes on at the card where its ENI is, though no rule would let it begin in the direction
// in which its next packet goes: of TCP, of UDP and of a ping. Without its record it is cut.
func TestConnectionsGoAlong(t *testing.T) {
	query := wiretest.Echo("10.0.1.5", client, 7)
	echo := wiretest.EchoReply(client, "35.72.2.8", 7)
	for _, along := range []bool{true, false} {
		x, y := newPair(t)
		x.admits()
		y.admits()
		x.fromGuest("eni-a1", asks(wire.TCPSyn)).passed()
		x.fromInternet("eni-a1", answers(wire.TCPSyn|wire.TCPAck)).passed()
		x.fromGuest("eni-a1", asks(wire.TCPAck)).passed()
		x.fromGuest("eni-a1", wiretest.UDP("10.0.1.5:5000", client+":9999")).passed()
		x.fromGuest("eni-a1", query).passed()
		moves(x, y)
		records := x.Departed()
		require.Empty(t, x.Departed(), "each ENI once")
		require.Len(t, records["eni-a1"], 3*flow.RecordLen)
		if along {
			taken, err := y.Resume("eni-a1", records["eni-a1"])
			require.NoError(t, err)
			require.Equal(t, 3, taken)
		}
		for _, p := range []wiretest.Packet{answers(wire.TCPAck).Payload("data"), wiretest.UDP(client+":9999", "35.72.2.8:5000"), echo} {
			end := y.fromInternet("eni-a1", p)
			if along {
				end.delivered("eni-a1")
			} else {
				end.dropped(SecurityGroupIn)
			}
		}
		y.fromInternet("eni-a1", wiretest.TCP(client+":9998", "35.72.2.8:5000")).dropped(SecurityGroupIn)
		y.fromInternet("eni-a1", answers(wire.TCPSyn)).dropped(SecurityGroupIn)
	}
}

// Packets that the groups deny wait at the card where an ENI has just come for the records of its
// connections, in order; a SYN, which belongs to none, does not, and no packet waits for ever.
func TestPacketsWaitForTheRecords(t *testing.T) {
	x, y := newPair(t)
	x.admits()
	y.admits()
	x.fromGuest("eni-a1", asks(wire.TCPSyn)).passed()
	x.fromInternet("eni-a1", answers(wire.TCPSyn|wire.TCPAck)).passed()
	moves(x, y)
	data := []string{"one", "two", "three"}
	y.ended = nil
	for _, text := range data {
		require.True(t, y.ports[Uplink].Inject(y.tunnel(edge, "eni-a1", answers(wire.TCPAck).Payload(text))))
		y.Poll(y.now)
	}
	require.Empty(t, y.ended, "they wait")
	y.fromInternet("eni-a1", wiretest.TCP(client+":1", "35.72.2.8:5000").Flags(wire.TCPSyn)).dropped(SecurityGroupIn)
	taken, err := y.Resume("eni-a1", x.Departed()["eni-a1"])
	require.NoError(t, err)
	require.Equal(t, 1, taken)
	y.wait(flow.FragmentWait / 8)
	for i, frame := range y.ports["eni-a1"].Sent() {
		require.Contains(t, string(frame), data[i])
	}
	require.Len(t, y.ended, 4)

	// The records of another ENI do not come.
	y.at("y", "eni-b1")
	y.fromInternet("eni-b1", wiretest.TCP(client+":9999", "54.168.7.7:5000").Flags(wire.TCPAck)).dropped(SecurityGroupIn)
}

// A card gives a connection that another card tells of no more than the configuration does: the groups
// must allow its beginning, the address must be the ENI's, and the instance's allowance holds.
func TestRecordsGrantNothing(t *testing.T) {
	x, y := newPair(t)
	x.fromInternet("eni-a1", tcp("22", wire.TCPSyn)).passed()
	x.fromGuest("eni-a1", tcpBack("22", wire.TCPSyn|wire.TCPAck)).passed()
	moves(x, y)
	honest := x.Departed()["eni-a1"]
	require.Len(t, honest, flow.RecordLen)
	forged := func(at int, bytes ...byte) []byte {
		r := slices.Clone(honest)
		copy(r[at:], bytes)
		return r
	}
	for _, c := range []struct {
		name   string
		record []byte
	}{
		{"to a port that no rule opens", forged(32, 0, 23)},
		{"from an address that no rule lets in", forged(28, 198, 18, 5, 5)},
		{"to another's address", forged(15, 9)},
	} {
		taken, err := y.Resume("eni-a1", c.record)
		require.NoError(t, err, c.name)
		require.Zero(t, taken, c.name)
	}
	for _, c := range []struct {
		eni, reason string
		records     []byte
	}{
		{"eni-a1", "a multiple of 96 is expected", honest[1:]},
		{"eni-a1", "record 2: is none that a card writes; if cards and controllers are of different versions, update them", append(slices.Clone(honest), forged(37, 0)...)},
		{"eni-a1", "6291456 at most", make([]byte, (mostRecords+1)*flow.RecordLen)},
		{"eni-b1", "the ENI is not here", honest},
	} {
		_, err := y.Resume(c.eni, c.records)
		require.ErrorContains(t, err, c.reason)
	}
	y.fromInternet("eni-a1", tcp("22", wire.TCPAck)).passed()
	require.Empty(t, y.Departed())
	taken, err := y.Resume("eni-a1", honest)
	require.NoError(t, err)
	require.Zero(t, taken, "the guest's next packet was faster")
}

// The records of an ENI that left stay until somebody asks, and end when the time to send on is over.
func TestRecordsEndWithTheTime(t *testing.T) {
	x, y := newPair(t)
	x.connect("22")
	moves(x, y)
	x.wait(sendsOn / 2)
	require.Equal(t, 1, x.Flows.Len())
	x.wait(sendsOn)
	x.wait(2 * sendsOn)
	require.Zero(t, x.Flows.Len())
	require.Empty(t, x.Departed()["eni-a1"])
}
