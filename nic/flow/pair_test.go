package flow

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/wire"
)

func pairOf(local, remote string) Pair {
	return Pair{wire.AddrFrom(netip.MustParseAddr(local)), wire.AddrFrom(netip.MustParseAddr(remote))}
}

// key6 is the key of a segment to port 80 of a pair's local address.
func key6(t *Table, p Pair) (k Key) {
	h := wire.Headers{Tuple: wire.Tuple{Src: p.Remote, Dst: p.Local, SrcPort: 40000, DstPort: 80, Proto: wire.ProtoTCP}, EtherType: wire.EtherTypeIPv6}
	k.Pack(1, wire.In, t.Fold(&p), &h)
	return k
}

// A connection has the addresses that it was opened with, of either family.
func TestPairOfAConnection(t *testing.T) {
	r := newRig(t, 10)
	p := pairOf("2001:db8::5", "2001:db8:ffff::9")
	k := key6(r.Table, p)
	require.True(t, k.IsIPv6())
	at, err := r.Open(&Opening{Key: k, Pair: p, Owner: 1, Limit: 1})
	require.Equal(t, Opened, err)
	require.Equal(t, p, r.PairOf(at, &k))
	require.True(t, r.Has(at, &p))

	four := pairOf("10.0.1.5", "203.0.113.9")
	var k4 Key
	h := wire.Headers{Tuple: wire.Tuple{Src: four.Remote, Dst: four.Local, Proto: wire.ProtoUDP}, EtherType: wire.EtherTypeIPv4}
	k4.Pack(1, wire.In, r.Fold(&four), &h)
	require.False(t, k4.IsIPv6())
	require.Equal(t, four, r.PairOf(at, &k4))
}

// Two pairs with one fingerprint have one key, and only the pair tells them apart.
func TestASecondPairOfAFingerprint(t *testing.T) {
	r := newRig(t, 10)
	r.folder = Folder{} // so that any address with 0 in a half has the fingerprint of another
	p, other := pairOf("2001:db8::5", "2001:db8::"), pairOf("2001:db8::5", "2001:db9::")
	k, same := key6(r.Table, p), key6(r.Table, other)
	require.Equal(t, k, same)
	at, err := r.Open(&Opening{Key: k, Pair: p, Owner: 1, Limit: 2})
	require.Equal(t, Opened, err)
	again, err := r.Open(&Opening{Key: same, Pair: other, Owner: 1, Limit: 2})
	require.Equal(t, Existing, err)
	require.Equal(t, at, again)
	require.False(t, r.Has(again, &other))
}

// Every bit of both addresses counts, and which of them is the ENI's.
func TestFingerprintHasEveryBit(t *testing.T) {
	r := newRig(t, 1)
	p := pairOf("2001:db8::5", "2001:db8:ffff::9")
	seen := map[Folded]bool{r.Fold(&p): true, r.Fold(&Pair{p.Remote, p.Local}): true}
	for bit := range 128 {
		hi, lo := uint64(1)<<bit, uint64(0)
		if bit >= 64 {
			hi, lo = 0, 1<<(bit-64)
		}
		flip := func(a wire.Addr) wire.Addr {
			h, l := a.Words()
			return wire.AddrFromWords(h^hi, l^lo)
		}
		seen[r.Fold(&Pair{flip(p.Local), p.Remote})] = true
		seen[r.Fold(&Pair{p.Local, flip(p.Remote)})] = true
	}
	require.Len(t, seen, 2+2*128)
}
