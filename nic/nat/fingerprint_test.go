package nat

import (
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/flow"
	"nitrocard/nic/pipeline"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// Two hosts of IPv6 have one fingerprint: the connection stays that of the first, and what the second
// sends from the same port, be it whole, in fragments, or an error, is dropped, and never sent as if the
// first one had.
func TestAHostWithTheFingerprintOfAnother(t *testing.T) {
	const first, second, server = "2001:db8:a::4", "2001:db8:a::5", "64:ff9b::cb00:7109"
	now := int64(1_780_000_000e9)
	g := insideOf(t, 100, 1, &now)
	prefix, _ := wiretest.Addr(first).Words()
	g.folder = flow.Folder{bits.ReverseBytes64(prefix)} // so that all hosts of this prefix have one fingerprint
	require.Equal(t, g.hostOf(wiretest.Addr(first)), g.hostOf(wiretest.Addr(second)))
	a := g.Appliance(0)
	send := func(host string) (verdicts []pipeline.Verdict) {
		datagram := wiretest.UDP("["+host+"]:9", "["+server+"]:53")
		frames := append(datagram.ID(7).Size(300).Fragments(104), datagram.Bytes(),
			wiretest.ICMPError(wire.ICMPv6Unreachable, 4, host, wiretest.UDP("["+server+"]:53", "["+host+"]:9").Bytes()).Bytes())
		for _, frame := range frames {
			_, _, v := throughBytes(a, frame)
			verdicts = append(verdicts, v)
		}
		return verdicts
	}
	require.Subset(t, []pipeline.Verdict{pipeline.Sent}, send(first))
	require.Subset(t, []pipeline.Verdict{pipeline.NATUnknown}, send(second))
	require.Subset(t, []pipeline.Verdict{pipeline.Sent}, send(first))
	asked, _, _ := through(a, wiretest.UDP("["+first+"]:9", "["+server+"]:53"))
	answer, _, v := through(a, wiretest.UDP("203.0.113.9:53", asked.Src.String()+port(asked.SrcPort)))
	require.Equal(t, []any{pipeline.Sent, first}, []any{v, answer.Dst.String()})
}
