package service_test

import (
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"

	"nitrocard/nic"
	"nitrocard/nic/nictest"
	"nitrocard/nic/nictest/ample"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd"
	"nitrocard/pmd/mem"
)

// Requests a second of each kind: of an ENI that floods, and of its neighbour. linkLocal is what
// EC2 lets an ENI send to all services together.
const (
	floodRate = 10_000
	askRate   = 100
	linkLocal = 1024
)

// newPeers makes a card with a1 and its neighbour a2 on it.
func newPeers(t *testing.T) (a1, a2 *peer) {
	r := newRig(t)
	a1 = &peer{rig: r, port: r.guest, mac: nictest.MACA1, addr: "10.0.1.5", addr6: "2001:db8:a:1::5", last: 1024}
	a2 = &peer{rig: r, port: mem.New(mem.Options{}), mac: nictest.MAC("06:00:00:00:0a:02"), addr: "10.0.1.6", addr6: "2001:db8:a:1::6", last: 1024}
	require.NoError(t, r.card.Attach("eni-a2", func() (pmd.Port, error) { return a2.port, nil }))
	return a1, a2
}

// questions are what a peer may ask by one frame, each of which one frame answers. ARP and neighbor discovery do not
// count in what an ENI may send to services: a worker answers them at once.
func (p *peer) questions() map[string][]byte {
	boots, err := dhcpv4.NewDiscovery(p.mac[:])
	require.NoError(p, err)
	boots6, err := dhcpv6.NewSolicit(p.mac[:])
	require.NoError(p, err)
	name, err := asksFor("ip-10-0-1-5.ec2.internal.", dns.TypeA).Pack()
	require.NoError(p, err)
	of := func(src, dst string, payload []byte) []byte {
		return wiretest.UDP(src, dst).MACs(p.mac, wire.Broadcast).Payload(string(payload)).Bytes()
	}
	solicits := wiretest.ICMP(p.addr6, "ff02::1:ff00:1", wire.NDNeighborSolicitation, 0).TTL(255).MACs(p.mac, wire.MAC{0x33, 0x33, 0xff, 0, 0, 1})
	return map[string][]byte{
		"DHCP":   of("0.0.0.0:68", "255.255.255.255:67", boots.ToBytes()),
		"DHCPv6": of("[fe80::5]:546", "[ff02::1:2]:547", boots6.ToBytes()),
		"DNS":    of(p.addr+":4000", "10.0.0.2:53", name),
		"NTP":    of(p.addr+":4000", "169.254.169.123:123", question()),
		"ping":   wiretest.Echo(p.addr, "10.0.1.1", 7).MACs(p.mac, p.router()).Bytes(),
		"ND":     solicits.Payload(string(netip.MustParseAddr("2001:db8:a:1::1").AsSlice()) + "\x01\x01" + string(p.mac[:])).Bytes(),
		"ARP":    wiretest.ARPRequest(p.mac, p.addr, "169.254.169.254").Bytes(),
	}
}

// asks asks each question once, and metadata, and counts the answers.
func (p *peer) asks(questions map[string][]byte, answers map[string]int) {
	for kind, frame := range questions {
		p.send(frame)
		p.card.Poll(p.now)
		for _, frame := range p.port.Sent() {
			var h wire.Headers
			require.Equal(p, wire.NoFault, wire.Parse(frame, &h))
			if h.Proto != wire.ProtoTCP {
				answers[kind]++
			}
		}
	}
	p.fetch()
	answers["metadata"]++
}

// flood sends so many questions of each kind: those for metadata, and for names by TCP, open connections and let them
// be.
func (p *peer) flood(questions map[string][]byte, n int) {
	for range n {
		for _, frame := range questions {
			require.True(p, p.port.Inject(frame))
		}
		for _, service := range []string{metadata, names} {
			require.True(p, p.port.Inject(p.segmentTo(service, p.nextPort(), wire.TCPSyn).Seq(1, 0).Bytes()))
		}
	}
	for p.card.Poll(p.now) > 0 {
	}
	p.port.Sent()
}

// beside has a1 ask at a rate for some seconds of the card's clock while a2 floods at another, and
// counts the answers that a1 gets.
func beside(a1, a2 *peer, seconds, asking, flooding int) map[string]int {
	questions, floods, answers := a1.questions(), a2.questions(), map[string]int{}
	for ms := range seconds * 1000 {
		a2.flood(floods, flooding/1000)
		if (ms+1)*asking/1000 > ms*asking/1000 {
			a1.asks(questions, answers)
		}
		a1.now += int64(time.Millisecond)
		a1.clock.Time = a1.clock.Add(time.Millisecond)
	}
	return answers
}

// Beside an ENI that floods all services, its neighbour has each of its questions answered, as it
// has alone, and the flood ends at the ENI's own allowance.
func TestAFloodOfQuestionsIsTheFlooders(t *testing.T) {
	const seconds = 2
	a1, a2 := newPeers(t)
	alone := beside(a1, a2, seconds, askRate, 0)
	const asked = askRate * seconds
	require.Equal(t, map[string]int{"DHCP": asked, "DHCPv6": asked, "DNS": asked, "NTP": asked, "ping": asked, "ND": asked, "ARP": asked, "metadata": asked}, alone)
	a1, a2 = newPeers(t)
	require.Equal(t, alone, beside(a1, a2, seconds, askRate, floodRate))
	exceeded := slices.IndexFunc(a1.card.Drops().Reasons, func(d nic.DropView) bool { return d.Reason == "linklocal_allowance_exceeded" })
	require.NotEqual(t, -1, exceeded)
	require.Equal(t, map[string]uint64{"eni-a2": seconds * (7*floodRate - linkLocal)}, a1.card.Drops().Reasons[exceeded].ENIs)
}

// A flood of questions takes no memory and no thread as it goes on.
func TestAFloodOfQuestionsFillsNothing(t *testing.T) {
	a1, a2 := newPeers(t)
	beside(a1, a2, 1, 0, floodRate) // what a flood takes, it takes here
	heap, threads := taken()
	beside(a1, a2, 3, 0, floodRate)
	settled := func() bool { // threads that have had no CPU end later
		more, moreThreads := taken()
		return more < heap+256<<10 && moreThreads <= threads+8
	}
	require.Eventually(t, settled, ample.Time, 10*time.Millisecond, "%d requests more leave as many bytes and threads, %d and %d", 3*9*floodRate, heap, threads)
}

// taken are the bytes and goroutines that live.
func taken() (heap uint64, threads int) {
	runtime.GC()
	runtime.GC() // what the first one finalized
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, runtime.NumGoroutine()
}
