package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// said is what a program said once: DPDK 22.11, Open vSwitch 3.1.
func said(t *testing.T, file string) string {
	text, err := os.ReadFile("testdata/" + file)
	require.NoError(t, err)
	return string(text)
}

func TestTestpmdsCounts(t *testing.T) {
	rx, tx, err := accumulated(said(t, "testpmd.txt"))
	require.NoError(t, err)
	require.Equal(t, [2]uint64{6579712, 6579712}, [2]uint64{rx, tx})
	_, _, err = accumulated("testpmd> start\n")
	require.ErrorContains(t, err, "told no accumulated forward statistics")
}

func TestWhyTestpmdEnded(t *testing.T) {
	const words = "EAL: Error - exiting with code: 1\n  Cause: Creation of mbuf pool for socket 0 failed: Cannot allocate memory\nPort 0 is closed\n"
	require.Equal(t, "Creation of mbuf pool for socket 0 failed: Cannot allocate memory", cause(words))
	require.Equal(t, "Bye...", cause(said(t, "testpmd.txt")))
}

func TestOVSsCounts(t *testing.T) {
	text := said(t, "ovs.txt")
	rx, tx, err := portCounts(text, "data")
	require.NoError(t, err)
	require.Equal(t, [2]uint64{663712, 0}, [2]uint64{rx, tx})
	rx, tx, err = portCounts(text, "output")
	require.NoError(t, err)
	require.Equal(t, [2]uint64{0, 883681}, [2]uint64{rx, tx})
	_, _, err = portCounts(text, "handshake")
	require.ErrorContains(t, err, `no port "handshake"`)
	_, _, err = portCounts(text[:strings.Index(text, "data (")+10], "data")
	require.ErrorContains(t, err, `no packets of port "data"`)
}

func TestNitrocardsReport(t *testing.T) {
	text := said(t, "nitrocard.json")
	r, err := readReport(text)
	require.NoError(t, err)
	s := r.sample()
	require.EqualValues(t, 489664, s.frames)
	require.Equal(t, s.arrived, s.frames)
	require.Equal(t, 1008, s.connections)
	require.InDelta(t, 5.742, s.mpps(), 0.001, "of the process's CPU time")
	_, err = readReport(strings.Replace(text, `"drops": {}`, `"drops": {"tx_full": 3}`, 1))
	require.ErrorContains(t, err, "tx_full:3")
	_, err = readReport("")
	require.ErrorContains(t, err, "nitrocard's report")
}

func TestFlowsOfOVSKnowEachENI(t *testing.T) {
	flows := strings.Join(trackFlows(many), "\n")
	require.Contains(t, flows, "tun_id=1 dl_dst=02:00:00:00:00:00 actions=ct(table=1,zone=1)")
	require.Contains(t, flows, "tun_id=200 dl_dst=02:00:00:00:00:c7 actions=ct(table=1,zone=200)")
	require.Equal(t, "table=1 ip ct_state=+trk+est-rpl actions=3", passFlow(false))
	require.Equal(t, "table=1 ip ct_state=+trk+est-rpl actions=2", passFlow(true))
}
