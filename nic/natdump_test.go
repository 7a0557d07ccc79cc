package nic

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// A real VPC: an instance of the private subnet reaches the internet from the NAT gateway's Elastic IP
// address, and is answered.
func TestTheNATGatewayOfADump(t *testing.T) {
	const dump = "../../shared/aws-dumps/test-nat-gateway"
	if _, err := os.Stat(dump); err != nil {
		t.Skip("the dump is not here: ", err)
	}
	config, err := vpc.Load(dump)
	require.NoError(t, err)
	card, err := New(config, Options{MaxConnections: 1 << 10, Seed: 1})
	require.NoError(t, err)
	defer card.Close()
	ports := map[string]*mem.Port{Uplink: mem.New(mem.Options{})}
	var sender, gateway *vpc.OwnENI
	for e := range card.Policy().All() {
		switch {
		case e.NAT != nil:
			gateway = e
			continue
		case e.Primary == wiretest.Addr("10.1.1.98"):
			sender = e
		}
		ports[e.ID] = mem.New(mem.Options{})
	}
	for name, p := range ports {
		require.NoError(t, card.Attach(name, func() (pmd.Port, error) { return p, nil }))
	}
	now := int64(1_780_000_000e9)
	require.True(t, ports[sender.ID].Inject(wiretest.TCP("10.1.1.98:40000", "8.8.8.8:443").Flags(wire.TCPSyn).MACs(sender.MAC, sender.RouterMAC).Bytes()))
	card.Poll(now)
	frame, from := nictest.Left(t, ports, Uplink)
	require.Equal(t, Uplink, from, "%v", card.Drops())
	h := header(t, frame[wire.OuterLen:])
	require.Equal(t, []string{"3.135.127.225", "8.8.8.8"}, []string{h.Src.String(), h.Dst.String()})

	answer := wiretest.TCP("8.8.8.8:443", "3.135.127.225:"+port(h.SrcPort)).Flags(wire.TCPSyn | wire.TCPAck)
	policy := card.Policy()
	inner := answer.MACs(edgeRouter, gateway.MAC).Bytes()
	require.True(t, ports[Uplink].Inject(wiretest.VXLAN("198.18.0.254", policy.Card.VTEP.String(), gateway.VNI, inner).MACs(wire.Ethernet(frame).Dst(), wire.Ethernet(frame).Src()).Bytes()))
	card.Poll(now)
	frame, from = nictest.Left(t, ports, Uplink)
	require.Equal(t, sender.ID, from, "%v", card.Drops())
	require.Equal(t, []any{"10.1.1.98", uint16(40000)}, []any{header(t, frame).Dst.String(), header(t, frame).DstPort})
}
