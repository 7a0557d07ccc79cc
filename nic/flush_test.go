package nic

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/flow"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// A flush cuts what goes on because it is tracked, both ways and for as long as the rules deny it: the
// guest's own packets do not open it again, though its rules let them out.
func TestAFlushCutsWhatTheRulesDeny(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	x.connect("80")
	guest := wiretest.TCP("10.0.1.5:7", client+":443")
	x.fromGuest("eni-a1", guest.Flags(wire.TCPSyn)).passed()
	ping := wiretest.Echo(client, "35.72.2.8", 7)
	x.fromInternet("eni-a1", ping).passed()
	x.fromInternet("eni-a1", wiretest.UDP(client+":9", "35.72.2.8:5000")).passed()
	x.put("SecurityGroups", webAllowing(`{IpProtocol: tcp, FromPort: 80, ToPort: 80, IpRanges: [{CidrIp: 0.0.0.0/0}]}`))
	x.fromInternet("eni-a1", tcp("22", wire.TCPAck)).passed()
	x.fromInternet("eni-a1", ping).passed()

	cut, err := x.card.Flush(context.Background())
	require.NoError(t, err)
	require.EqualValues(t, 3, cut)
	x.fromInternet("eni-a1", tcp("22", wire.TCPAck)).dropped(pipeline.SecurityGroupIn)
	x.fromGuest("eni-a1", tcpBack("22", wire.TCPAck)).dropped(pipeline.SecurityGroupIn)
	x.fromInternet("eni-a1", tcp("22", wire.TCPAck)).dropped(pipeline.SecurityGroupIn)
	x.fromInternet("eni-a1", ping).dropped(pipeline.SecurityGroupIn)
	x.fromGuest("eni-a1", wiretest.UDP("10.0.1.5:5000", client+":9")).dropped(pipeline.SecurityGroupIn)
	x.fromInternet("eni-a1", tcp("80", wire.TCPAck)).passed()
	x.fromInternet("eni-a1", wiretest.TCP(client+":443", "35.72.2.8:7").Flags(wire.TCPSyn|wire.TCPAck)).passed()
	require.Equal(t, 1, x.view("eni-a1").Connections, "what is cut counts against no allowance")

	again, err := x.card.Flush(context.Background())
	require.NoError(t, err)
	require.Zero(t, again)
	x.put("SecurityGroups", webAllowing(`{IpProtocol: tcp, FromPort: 22, ToPort: 22, IpRanges: [{CidrIp: 203.0.113.0/24}]}`))
	x.fromInternet("eni-a1", tcp("22", wire.TCPAck)).passed()
}

// A record that a worker noted as known once more, after the flush had looked at it, is found.
func TestAFlushFindsARecordThatWasNotedAnew(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	x.put("SecurityGroups", webAllowing(""))
	x.fromInternet("eni-a1", tcp("22", wire.TCPAck)).passed()
	cut, err := x.card.flush(context.Background())
	require.NoError(t, err)
	require.EqualValues(t, 1, cut)
	at := x.card.Flows(FlowFilter{})[0].At - 1
	x.card.crew.Flows.Conn(at).Keep(wire.In, flow.Found{Epoch: x.card.Policy().Epoch, VTEP: vpc.Edge})
	cut, err = x.card.Flush(context.Background())
	require.NoError(t, err)
	require.EqualValues(t, 1, cut)
	x.fromInternet("eni-a1", tcp("22", wire.TCPAck)).dropped(pipeline.SecurityGroupIn)
}
