//go:build dpdk && cgo && linux

package dpdk

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/pmd"
	"nitrocard/pmd/pmdtest"
)

var sshRule = pmd.Rule{
	Mark: 7, From: 0xac100001, To: 0xac10000b, VNI: 5001,
	Src: 0xcb007109, SrcPort: 40000, Dst: 0x23480208, DstPort: 22, Proto: 6,
}

// queues opens a device with several queues until the test ends.
func queues(t *testing.T, text string, n int) []*Port {
	all, err := OpenQueues(text, n)
	require.NoError(t, err)
	var ports []*Port
	for _, p := range all {
		ports = append(ports, p.(*Port))
		t.Cleanup(func() { require.NoError(t, p.Close()) })
	}
	return ports
}

// No virtual device takes these rules on. Each says why, and works as before.
func TestARefusedRuleSaysWhy(t *testing.T) {
	refused := func(t *testing.T, p *Port, r pmd.Rule, want string) {
		withdraw, err := p.Offer(r)
		require.Nil(t, withdraw)
		require.EqualError(t, err, want)
	}
	refused(t, plug(t, unique("net_null")), pmd.Rule{}, "the port has one queue")
	two := queues(t, unique("net_null"), 2)
	refused(t, two[1], pmd.Rule{}, `the driver says "function not implemented"`)
	refused(t, two[0], sshRule, `the driver says "function not implemented"`)
	var b pmd.Burst
	two[1].Rx(&b)
	require.Equal(t, pmd.MaxBurst, b.N)

	pmdtest.NeedNamespace(t)
	tap, _ := plugTap(t)
	refused(t, tap, sshRule, `the driver says "item not supported"`)
}

func TestAPortThatIsClosedTakesNoRule(t *testing.T) {
	p, err := Open(unique("net_null"))
	require.NoError(t, err)
	require.NoError(t, p.Close())
	_, err = p.(*Port).Offer(sshRule)
	require.ErrorIs(t, err, pmd.ErrGone)
	require.Equal(t, 1, p.(*Port).Detail().Queues)
}

// What several queues are chosen by is read back from the device.
func TestQueuesTellWhatChoosesThem(t *testing.T) {
	require.Empty(t, plug(t, unique("net_null")).Detail().Spread)
	null := queues(t, unique("net_null"), 2)
	require.Equal(t, "flow", null[1].Detail().Spread)
	require.Equal(t, 2, null[1].Detail().Queues)
}
