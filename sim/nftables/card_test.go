package nftables

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// server is a card with both guests.
type server struct {
	testing.TB
	card    *nic.Card
	ports   [2]*mem.Port
	routers [2]wire.MAC
	now     int64
}

func newServer(t testing.TB, c *vpc.Config) *server {
	card, err := nic.New(c, nic.Options{MaxConnections: 1 << 13, Seed: 1})
	require.NoError(t, err)
	t.Cleanup(func() { _ = card.Close() })
	s := &server{TB: t, card: card, now: 1_780_000_000e9}
	require.NoError(t, card.Attach(nic.Uplink, func() (pmd.Port, error) { return mem.New(mem.Options{}), nil }))
	for i, id := range []string{"eni-a", "eni-b"} {
		s.ports[i] = mem.New(mem.Options{Queue: 16})
		require.NoError(t, card.Attach(id, func() (pmd.Port, error) { return s.ports[i], nil }))
		e, ok := card.ENI(id)
		require.True(t, ok)
		s.routers[i] = e.RouterMAC
	}
	return s
}

// pass is what router.pass is, through the card.
func (s *server) pass(from int, p wiretest.Packet) (arrived []byte) {
	s.now += 1e6
	src := [2]wire.MAC{guestMAC, farMAC}[from]
	s.ports[from].Inject(p.MACs(src, s.routers[from]).Bytes())
	s.card.Poll(s.now)
	for _, f := range s.ports[1-from].Sent() {
		arrived = append([]byte{}, transport(f)...)
	}
	return arrived
}

// wait moves the card's clock. Guests do not listen to what the card says of its own, as a router.
func (s *server) wait(d time.Duration) {
	s.card.Poll(s.now)
	s.now += int64(d)
	s.card.Poll(s.now)
	for _, p := range s.ports {
		p.Sent()
	}
}

// transport is a frame from its transport header on.
func transport(frame []byte) []byte {
	if wire.Ethernet(frame).EtherType() == wire.EtherTypeIPv6 {
		return frame[wire.EthernetLen+wire.IPv6Len:]
	}
	return frame[wire.EthernetLen+wire.IPv4Len:]
}
