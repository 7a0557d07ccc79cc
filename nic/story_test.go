package nic

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// Two customers run an instance on the same server, both with the private
// address 10.0.1.5. A browser asks A's for its page.
func TestBrowserReachesTheRightInstance(t *testing.T) {
	x := newRig(t)
	request := wiretest.TCP(client+":40000", "35.72.2.8:80").Flags(wire.TCPSyn)
	// The request comes to A's public address; A's instance sees its private one.
	got := x.fromInternet("eni-a1", request).delivered("eni-a1")
	require.Equal(t, wiretest.TCP(client+":40000", "10.0.1.5:80").Flags(wire.TCPSyn).MACs(edgeRouter, x.eni("eni-a1").MAC).Bytes(), got)
	// The answer leaves from the private address, and the internet sees the public one.
	answer := wiretest.TCP("10.0.1.5:80", client+":40000").Flags(wire.TCPSyn | wire.TCPAck)
	got = x.fromGuest("eni-a1", answer).tunneled(edge, vniA)
	want := wiretest.TCP("35.72.2.8:80", client+":40000").Flags(wire.TCPSyn | wire.TCPAck)
	require.Equal(t, want.MACs(x.toEdge("eni-a1"), edgeRouter).Bytes(), got)
	// The browser's next packet is of a known connection and gets just the same.
	data := wiretest.TCP(client+":40000", "35.72.2.8:80").Payload("GET / HTTP/1.1\r\n\r\n")
	got = x.fromInternet("eni-a1", data).delivered("eni-a1")
	require.Equal(t, wiretest.Addr("10.0.1.5"), header(t, got).Dst)
}
