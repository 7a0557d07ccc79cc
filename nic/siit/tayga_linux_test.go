package siit

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"nitrocard/nic/nictest/ample"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/pmdtest"
)

// TestMain leaves a fuzzer alone, which speaks with its workers by pipes.
func TestMain(m *testing.M) {
	if slices.ContainsFunc(os.Args, func(arg string) bool { return strings.HasPrefix(arg, "-test.fuzz") }) {
		os.Exit(m.Run())
	}
	pmdtest.Isolate(m)
}

// The hosts for tayga, which translates no addresses of documentation behind 64:ff9b::/96.
const taygaFour, taygaNAT = "9.9.9.9", "44.0.0.8"

// tayga is a translator that others wrote, between a TUN device of its own and the test's, probe,
// with a kernel that forwards.
type tayga struct{ probe *os.File }

// startTayga starts tayga in the test's namespace.
func startTayga(t *testing.T) tayga {
	pmdtest.NeedNamespace(t)
	program := taygaProgram(t)
	probe := openProbe(t)
	conf := filepath.Join(t.TempDir(), "tayga.conf")
	require.NoError(t, os.WriteFile(conf, []byte("tun-device nat64\nipv4-addr 44.0.0.1\nprefix 64:ff9b::/96\nipv6-addr 2001:db8:1::1\nmap "+taygaNAT+" "+six+"\n"), 0o600))
	out, err := exec.Command(program, "-c", conf, "--mktun").CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Cleanup(func() { exec.Command(program, "-c", conf, "--rmtun").Run() })
	route(t, "nat64", "64:ff9b::/96", taygaNAT+"/32")
	route(t, "probe", six+"/128", taygaFour+"/32")
	for _, set := range []string{"ipv4/ip_forward=1", "ipv6/conf/all/forwarding=1", "ipv4/conf/all/rp_filter=0", "ipv4/conf/probe/rp_filter=0", "ipv4/conf/nat64/rp_filter=0"} {
		name, value, _ := strings.Cut(set, "=")
		require.NoError(t, os.WriteFile("/proc/sys/net/"+name, []byte(value), 0))
	}
	daemon := exec.Command(program, "-c", conf, "--nodetach")
	require.NoError(t, daemon.Start())
	t.Cleanup(func() { daemon.Process.Kill(); daemon.Wait() })
	p := tayga{probe}
	p.warm(t)
	return p
}

// fetched is where make deps puts tayga.
const fetched = "../../bin/tayga"

// noJudge is why a test is skipped that needs tayga.
type noJudge struct{}

// Error is the reason in words.
func (noJudge) Error() string {
	return "tayga, which judges this package from outside, is not there: make deps fetches it into bin, as root on Debian"
}

// taygaProgram is tayga's program, fetched or installed. Where CI says that all is there, tayga must be.
func taygaProgram(t *testing.T) string {
	for _, name := range []string{fetched, "tayga"} {
		if program, err := exec.LookPath(name); err == nil {
			return program
		}
	}
	require.NotEqual(t, "true", os.Getenv("CI"), noJudge{}.Error())
	t.Skip(noJudge{})
	return ""
}

// openProbe makes the device that the test writes to and reads from.
func openProbe(t *testing.T) *os.File {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip("no TUN devices: ", err)
	}
	ifr, err := unix.NewIfreq("probe")
	require.NoError(t, err)
	ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	require.NoError(t, unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr))
	f := os.NewFile(uintptr(fd), "probe")
	t.Cleanup(func() { f.Close() })
	return f
}

// route brings a device up and leads addresses to it.
func route(t *testing.T, device string, to ...string) {
	link, err := netlink.LinkByName(device)
	require.NoError(t, err)
	require.NoError(t, netlink.LinkSetUp(link))
	for _, cidr := range to {
		_, dst, err := net.ParseCIDR(cidr)
		require.NoError(t, err)
		require.NoError(t, netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: dst}))
	}
}

// marks is how many packets were sent to tell that those before were translated.
var marks uint16

// translates is what tayga makes of a packet, nil if it makes nothing: the mark that is sent behind
// the packet comes alone.
func (p tayga) translates(t *testing.T, packet []byte) (translated []byte) {
	t.Helper()
	translated, came := p.send(t, packet, ample.Time)
	require.True(t, came, "the mark came")
	return translated
}

// warm waits until tayga translates: it takes packets once it has started.
func (p tayga) warm(t *testing.T) {
	require.Eventually(t, func() bool { _, came := p.send(t, nil, 100*time.Millisecond); return came }, ample.Time, time.Millisecond)
}

// send sends a packet and a mark, and returns what came before the mark, if the mark came in time.
func (p tayga) send(t *testing.T, packet []byte, patience time.Duration) (translated []byte, came bool) {
	marks++
	mark := wiretest.Echo(six, taygaFour6, marks).Payload("mark").Bytes()[wire.EthernetLen:]
	for _, b := range [][]byte{packet, mark} {
		if b != nil {
			_, err := p.probe.Write(b)
			require.NoError(t, err)
		}
	}
	p.probe.SetReadDeadline(time.Now().Add(patience))
	for buf := make([]byte, 1<<16); ; {
		n, err := p.probe.Read(buf)
		if err != nil {
			return nil, false
		}
		b := slices.Clone(buf[:n])
		switch isMark := bytes.HasSuffix(b, []byte("mark")); {
		case isMark && binary.BigEndian.Uint16(b[wire.IPv4Len+4:]) == marks:
			return translated, true
		case !isMark && isOurs(b):
			translated = b // others are the kernel's own, which looks for routers
		}
	}
}

// isOurs tells whether a packet is for one of the two hosts; others are the kernel's own, which looks
// for routers.
func isOurs(b []byte) bool {
	if b[0]>>4 == 6 {
		return bytes.Equal(b[24:40], netip.MustParseAddr(six).AsSlice())
	}
	return bytes.Equal(b[16:20], netip.MustParseAddr(taygaFour).AsSlice())
}

// taygaHops are those that tayga's packets lose: to the kernel before it, to tayga, and to the kernel
// behind it.
const taygaHops = 3

// asTayga is our translation with what tayga does otherwise, and all that it does otherwise: it is a
// hop between two, where this card is none; and it forbids to fragment whatever is no fragment, where
// RFC 7915 section 5.1 does so above 1,260 bytes.
func asTayga(ours []byte) []byte {
	b := slices.Clone(ours)
	if b[0]>>4 == 6 {
		b[7] -= taygaHops
		return b
	}
	b[8] -= taygaHops
	forbid(b)
	if b[9] == wire.ProtoICMP && b[20] != wire.ICMPEcho && b[20] != wire.ICMPEchoReply {
		forbid(b[wire.IPv4Len+wire.ICMPLen:])
		icmp := b[wire.IPv4Len:]
		binary.BigEndian.PutUint16(icmp[2:], 0)
		binary.BigEndian.PutUint16(icmp[2:], wire.Sum(icmp, 0))
	}
	return b
}

// forbid sets DF in an IPv4 header, unless it is a fragment's, and makes the header's checksum.
func forbid(b []byte) {
	if b[6]&0x3f|b[7] == 0 {
		b[6] |= 0x40
	}
	ip := wire.IPv4(b[:wire.IPv4Len])
	ip.SetChecksum(0)
	ip.SetChecksum(wire.Sum(ip, 0))
}

// taygaFour6 stands for taygaFour.
var taygaFour6 = wiretest.Addr(taygaFour).Converted().String()

// taygaTakes are packets of both families for tayga, but for errors.
func taygaTakes() (frames [][]byte) {
	for _, p := range []wiretest.Packet{
		wiretest.TCP(at(six, 1), at(taygaFour6, 80)).TOS(0xb8).Payload("hi"), wiretest.UDP(at(six, 1), at(taygaFour6, 53)).Payload("odd"),
		wiretest.UDP(at(six, 1), at(taygaFour6, 53)).Size(1400), wiretest.Echo(six, taygaFour6, 7).Payload("ping"),
		wiretest.EchoReply(six, taygaFour6, 7).TTL(9).Payload("pong"),
		wiretest.TCP(taygaFour+":80", taygaNAT+":1").TOS(0xb8).DF().Payload("hi"), wiretest.UDP(taygaFour+":53", taygaNAT+":1").DF().Payload("odd"),
		wiretest.TCP(taygaFour+":80", taygaNAT+":1").TTL(9).DF().Flags(wire.TCPSyn).TCPOptions(2, 4, 5, 180),
		wiretest.EchoReply(taygaFour, taygaNAT, 7).DF().Payload("pong"), wiretest.Echo(taygaFour, taygaNAT, 7).DF().Payload("ping"),
	} {
		frames = append(frames, p.Bytes())
	}
	frames = append(frames, wiretest.UDP(at(six, 1), at(taygaFour6, 53)).ID(77).Size(400).Fragments(104)...)
	return append(frames, wiretest.UDP(taygaFour+":53", taygaNAT+":1").ID(77).Size(400).Fragments(104)...)
}

// tayga translates packets, pings and fragments of both families as this package does.
func TestTaygaTranslatesTheSame(t *testing.T) {
	judge := startTayga(t)
	out, in := Ends{wiretest.Addr(taygaNAT), wiretest.Addr(taygaFour)}, Ends{wiretest.Addr(taygaFour6), wiretest.Addr(six)}
	for i, b := range taygaTakes() {
		f := lent(b)
		var h wire.Headers
		require.Equal(t, wire.NoFault, wire.Parse(f.Bytes(), &h))
		if h.EtherType == wire.EtherTypeIPv6 {
			require.True(t, To4(&f, &h, out, 0))
		} else {
			require.True(t, To6(&f, &h, in))
		}
		require.Equal(t, asTayga(f.Bytes()[wire.EthernetLen:]), judge.translates(t, b[wire.EthernetLen:]), "packet %d", i)
	}
}

// tayga translates the errors of both families, by every type and code, as this package does, with the
// packet that each quotes, or translates none where there is none.
func TestTaygaTranslatesTheSameErrors(t *testing.T) {
	judge := startTayga(t)
	out, in := Ends{wiretest.Addr(taygaNAT), wiretest.Addr(taygaFour)}, Ends{wiretest.Addr(taygaFour6), wiretest.Addr(six)}
	quote4 := wiretest.UDP(taygaNAT+":1", taygaFour+":53").DF().Payload("0123456789").Bytes()
	quote6 := wiretest.UDP(at(taygaFour6, 53), at(six, 1)).Payload("0123456789").Bytes()
	for _, e := range errorForms {
		p := wiretest.ICMPError(e.kind, e.code, taygaFour, quote4)
		if e.six {
			p = wiretest.ICMPError(e.kind, e.code, six, quote6)
		}
		b := p.Rest(e.rest).Bytes()
		f := lent(b)
		var h wire.Headers
		require.Equal(t, wire.NoFault, wire.Parse(f.Bytes(), &h))
		var ours []byte
		if q, isError := wire.Embedded(f.Bytes(), &h); isError {
			ok := false
			if e.six {
				ok = ErrorTo4(&f, &ICMPError{&h, &q, out, Ends{out.Dst, out.Src}}, 0)
			} else {
				ok = ErrorTo6(&f, &ICMPError{&h, &q, in, Ends{in.Dst, in.Src}})
			}
			if ok {
				ours = asTayga(f.Bytes()[wire.EthernetLen:])
			}
		}
		if taygaLacks(e) {
			require.NotNil(t, ours, e)
			ours = nil
		}
		require.Equal(t, ours, judge.translates(t, b[wire.EthernetLen:]), "%+v", e)
	}
}

// taygaLacks tells whether RFC 7915 knows a form of an error, and tayga makes none: of the errors that
// point at a field of a header, of IPv6's Address Unreachable, and of a Packet Too Big with an MTU below
// IPv6's least.
func taygaLacks(e errorForm) bool {
	switch {
	case e.to < 0:
		return false
	case !e.six:
		return e.kind == wire.ICMPParameter
	}
	return e.kind == wire.ICMPv6Parameter && e.code == badHeader6 || e.kind == wire.ICMPv6Unreachable && e.code == 3 ||
		e.kind == wire.ICMPv6TooBig && e.rest < leastMTU6
}
