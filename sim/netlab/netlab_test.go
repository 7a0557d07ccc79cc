//go:build linux

package netlab

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest/ample"
	"nitrocard/nic/wire"
	"nitrocard/sim/cage/cagetest"
)

func TestMain(m *testing.M) { os.Exit(cagetest.Main(m)) }

// pair is two hosts on one cable, 192.0.2.1 and 192.0.2.2.
func pair(t *testing.T) (a, b *Host) {
	a, b = host(t, "a"), host(t, "b")
	mac, _ := net.ParseMAC("02:00:00:00:00:0b")
	require.NoError(t, Cable(End{a, "eth0", nil}, End{b, "eth0", mac}, 1500))
	require.NoError(t, a.Address("eth0", netip.MustParsePrefix("192.0.2.1/24")))
	require.NoError(t, b.Address("eth0", netip.MustParsePrefix("192.0.2.2/24")))
	return a, b
}

func host(t *testing.T, name string) *Host {
	h, err := NewHost(name)
	require.NoError(t, err)
	t.Cleanup(h.Close)
	return h
}

// echo answers one connection to the address with the bytes it gets.
func echo(t *testing.T, h *Host, addr string) {
	var l net.Listener
	require.NoError(t, h.Do(func() (err error) { l, err = net.Listen("tcp4", addr); return err }))
	t.Cleanup(func() { l.Close() })
	go func() {
		c, err := l.Accept()
		if err == nil {
			io.Copy(c, c)
			c.Close()
		}
	}()
}

func say(t *testing.T, h *Host, addr, word string) string {
	var c net.Conn
	require.NoError(t, h.Do(func() (err error) { c, err = net.DialTimeout("tcp4", addr, ample.Time); return err }))
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(ample.Time)))
	_, err := c.Write([]byte(word + "\n"))
	require.NoError(t, err)
	line, err := bufio.NewReader(c).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(line)
}

func TestTwoHostsOnACableTalkTCP(t *testing.T) {
	a, b := pair(t)
	require.Equal(t, "02:00:00:00:00:0b", b.LinkMAC("eth0").String())
	before, err := b.Counters()
	require.NoError(t, err)

	echo(t, b, "192.0.2.2:80")
	require.Equal(t, "hello", say(t, a, "192.0.2.2:80", "hello"))

	after, err := b.Counters()
	require.NoError(t, err)
	require.EqualValues(t, 1, after.Since(before)["Tcp.PassiveOpens"])
	require.NotContains(t, after.Since(before), "Tcp.InCsumErrors")
}

// A link that moves to another host is the same cable's end there.
func TestALinkMovesToAnotherHost(t *testing.T) {
	a, b := pair(t)
	c := host(t, "c")
	require.NoError(t, b.Move("eth0", c))
	require.Nil(t, b.LinkMAC("eth0"))
	require.Equal(t, "02:00:00:00:00:0b", c.LinkMAC("eth0").String())
	require.NoError(t, c.Address("eth0", netip.MustParsePrefix("192.0.2.2/24")))
	echo(t, c, "192.0.2.2:80")
	require.Equal(t, "hello", say(t, a, "192.0.2.2:80", "hello"))
	require.ErrorContains(t, b.Move("eth0", c), "host b has no link eth0")
}

func TestDoLeavesTheCallerWhereItWas(t *testing.T) {
	a, _ := pair(t)
	names := func() (names []string) {
		all, err := net.Interfaces()
		require.NoError(t, err)
		for _, i := range all {
			names = append(names, i.Name)
		}
		return names
	}
	home := names()
	require.NoError(t, a.Do(func() error { require.Contains(t, names(), "eth0"); return nil }))
	require.Equal(t, home, names())
}

func TestAProcessStartedInAHostIsInIt(t *testing.T) {
	a, _ := pair(t)
	var out bytes.Buffer
	cmd := exec.Command("cat", "/proc/self/net/dev")
	cmd.Stdout = &out
	require.NoError(t, a.Start(cmd))
	require.NoError(t, cmd.Wait())
	require.Contains(t, out.String(), "eth0")
}

func TestRawFramesAreSentAndSeenAsTheyAre(t *testing.T) {
	a, b := pair(t)
	frame := append([]byte("\x02\x00\x00\x00\x00\x0b\x02\xff\xff\xff\xff\xff\x88\xb5"), make([]byte, 46)...)
	w, err := b.Watch("eth0", func(f []byte) bool { return bytes.HasPrefix(f[12:], []byte("\x88\xb5")) })
	require.NoError(t, err)
	raw, err := a.Raw("eth0")
	require.NoError(t, err)
	defer raw.Close()

	seen := func() bool { // a new link, and one beside a flood, loses frames
		require.NoError(t, raw.Send(frame))
		return len(w.Frames()) > 0
	}
	require.Eventually(t, seen, ample.Time, time.Millisecond)
	for _, f := range w.Stop() {
		require.Equal(t, frame, f)
	}
}

// A link that does not have to finish its frames leaves their checksums to the
// receiver; one that has to completes them, and cuts merged segments.
func TestALinkFinishesItsFramesWhenTold(t *testing.T) {
	for _, finish := range []bool{false, true} {
		a, b := pair(t)
		if finish {
			require.NoError(t, a.Finish("eth0"))
		}
		unfinished := 0
		w, err := b.Watch("eth0", func(frame []byte) bool {
			var h wire.Headers
			if wire.Parse(frame, &h) != wire.NoFault || h.Proto != wire.ProtoTCP {
				return false
			}
			segment := frame[h.L4:]
			sum := wire.Sum(segment, wire.PseudoSum(h.Src, h.Dst, h.Proto, len(segment)))
			if sum != 0 || len(frame) > 1514 {
				unfinished++
			}
			return true
		})
		require.NoError(t, err)
		echo(t, b, "192.0.2.2:80")
		say(t, a, "192.0.2.2:80", strings.Repeat("long", 10000))
		require.NotEmpty(t, w.Stop())
		require.Equal(t, !finish, unfinished > 0, "%d unfinished frames", unfinished)
	}
}

func TestALinkThatIsMissingCannotFinish(t *testing.T) {
	require.ErrorContains(t, host(t, "a").Finish("eth9"), "having a.eth9 send finished frames: no such device")
}

// Two tunnel ends over a bridge, none of which learns: what they reach they
// were told.
func TestTunnelCarriesWhatItWasTold(t *testing.T) {
	a, b, middle := host(t, "a"), host(t, "b"), host(t, "middle")
	require.NoError(t, Cable(End{a, "under", nil}, End{middle, "a", nil}, 1600))
	require.NoError(t, Cable(End{b, "under", nil}, End{middle, "b", nil}, 1600))
	require.NoError(t, middle.Bridge("br0", 1600, "a", "b"))
	for i, h := range []*Host{a, b} {
		local, remote := netip.AddrFrom4([4]byte{172, 16, 0, byte(1 + i)}), netip.AddrFrom4([4]byte{172, 16, 0, byte(2 - i)})
		mac, peer := net.HardwareAddr{2, 0, 0, 0, 0, byte(i)}, net.HardwareAddr{2, 0, 0, 0, 0, byte(1 - i)}
		require.NoError(t, h.Address("under", netip.PrefixFrom(local, 24)))
		require.NoError(t, h.Tunnel(VXLAN{Name: "vx7", VNI: 7, Local: local, MAC: mac, MTU: 1500}))
		require.NoError(t, h.Address("vx7", netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + i)}), 32)))
		require.NoError(t, h.Reach("vx7", netip.AddrFrom4([4]byte{10, 0, 0, byte(2 - i)}), peer, remote))
	}
	echo(t, b, "10.0.0.2:80")
	require.Equal(t, "through", say(t, a, "10.0.0.2:80", "through"))
}

func TestCountersAreReadByProtocolAndName(t *testing.T) {
	c := parseCounters([]byte("Ip: Forwarding InHdrErrors\nIp: 2 7\nTcp: MaxConn InCsumErrors\nTcp: -1 3\n"))
	require.Equal(t, Counters{"Ip.Forwarding": 2, "Ip.InHdrErrors": 7, "Tcp.MaxConn": -1, "Tcp.InCsumErrors": 3}, c)
	require.Equal(t, Counters{"Tcp.InCsumErrors": 1}, c.Since(Counters{"Ip.Forwarding": 2, "Ip.InHdrErrors": 7, "Tcp.MaxConn": -1, "Tcp.InCsumErrors": 2}))
}

func TestAMissingLinkIsNamed(t *testing.T) {
	a, _ := pair(t)
	require.ErrorContains(t, a.Address("eth9", netip.MustParsePrefix("192.0.2.9/24")), "host a has no link eth9")
	_, err := a.Watch("eth9", nil)
	require.ErrorContains(t, err, "a.eth9")
}
