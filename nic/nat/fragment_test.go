package nat

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// A server uses one identification for datagrams to several hosts, one soon after the other:
// each host gets the fragments of its own datagram, the later ones too.
func TestAnIdentificationIsUsedAgainForAnotherHost(t *testing.T) {
	now := int64(1_780_000_000e9)
	a := insideOf(t, 100, 1, &now).Appliance(0)
	for i := range 8 { // hosts that share two addresses
		host := fmt.Sprintf("10.0.2.%d", 4+i)
		asked, _, v := through(a, wiretest.UDP(host+":9", "203.0.113.9:53"))
		require.Equal(t, pipeline.Sent, v)
		answer := wiretest.UDP("203.0.113.9:53", fmt.Sprintf("%s:%d", asked.Src, asked.SrcPort)).ID(7).Size(300)
		for _, piece := range answer.Fragments(104) {
			h, _, v := throughBytes(a, piece)
			require.Equal(t, pipeline.Sent, v)
			require.Equal(t, host, h.Dst.String(), "part %d of a packet", h.Frag)
		}
	}
}

// A server goes on with later fragments of one datagram after the connection has ended. They answer
// nothing: the place of the connection may be another's by then.
func TestLaterFragmentsOutliveTheirConnection(t *testing.T) {
	now := int64(1_780_000_000e9)
	g := insideOf(t, 100, 1, &now)
	a := g.Appliance(0)
	pieces := answerInPieces(t, a)
	for _, piece := range pieces {
		_, _, v := throughBytes(a, piece)
		require.Equal(t, pipeline.Sent, v)
	}
	for at := range uint32(g.ways.Used()) {
		if atomic.LoadUint32(&g.ways.At(at).State)&inside != 0 {
			g.end(at)
		}
	}
	_, _, v := throughBytes(a, pieces[1])
	require.Equal(t, pipeline.Sent, v)
	_, _, v = throughBytes(a, pieces[0])
	require.Equal(t, pipeline.NATUnknown, v, "the connection has ended")
	for at := range uint32(g.ways.Used()) {
		require.Zero(t, atomic.LoadUint32(&g.ways.At(at).State)&answered, "%d", at)
	}
}

// answerInPieces has a host ask a server, and is the answer in fragments.
func answerInPieces(t *testing.T, a *Appliance) [][]byte {
	asked, _, v := through(a, wiretest.UDP("10.0.2.4:9", "203.0.113.9:53"))
	require.Equal(t, pipeline.Sent, v)
	return wiretest.UDP("203.0.113.9:53", fmt.Sprintf("%s:%d", asked.Src, asked.SrcPort)).ID(7).Size(300).Fragments(104)
}

// Later fragments that never end keep their datagram's place as long as a receiver may wait for the last one,
// and no longer; a datagram with the same identification begins anew.
func TestEndlessFragmentsLoseTheirPlace(t *testing.T) {
	now := int64(1_780_000_000e9)
	g := insideOf(t, 100, 1, &now)
	a := g.Appliance(0)
	pieces := answerInPieces(t, a)
	for range 2 {
		_, _, v := throughBytes(a, pieces[0])
		require.Equal(t, pipeline.Sent, v)
		lasted := time.Duration(0)
		for ; lasted < 2*reassembly; lasted += time.Second {
			if _, _, v = throughBytes(a, pieces[1]); v != pipeline.Sent {
				break
			}
			now += int64(time.Second)
			g.Age()
		}
		require.Equal(t, pipeline.NATUnknown, v)
		require.InDelta(t, reassembly, lasted, float64(together+time.Second))
		require.Zero(t, g.datagrams)
	}
}

// A host's datagram in fragments ends with the address that it leaves from.
func TestFragmentsEndWithTheirAddress(t *testing.T) {
	now := int64(1_780_000_000e9)
	g := insideOf(t, 100, 1, &now)
	a := g.Appliance(0)
	pieces := wiretest.UDP("10.0.2.4:9", "203.0.113.9:53").ID(7).Size(300).Fragments(104)
	h, _, v := throughBytes(a, pieces[0])
	require.Equal(t, pipeline.Sent, v)
	p := *g.place.Load()
	p.Pool = slices.DeleteFunc(slices.Clone(p.Pool), func(addr wire.Addr) bool { return addr == h.Src })
	g.Become(p)
	_, _, v = throughBytes(a, pieces[1])
	require.Equal(t, pipeline.FragmentUnknown, v)
	require.Zero(t, g.datagrams)
}
