package siit

import (
	"bytes"
	"net"
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
	return tayga{probe}
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

// agrees holds that tayga makes of a packet what is wanted. tayga may still be starting, and answers
// to packets before may come late, so the packet is sent until the answer is there.
func (p tayga) agrees(t *testing.T, packet, want []byte) {
	var last []byte
	buf := make([]byte, 1<<16)
	for range 300 {
		_, err := p.probe.Write(packet)
		require.NoError(t, err)
		p.probe.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		for n, err := p.probe.Read(buf); err == nil; n, err = p.probe.Read(buf) {
			if last = plain(buf[:n]); bytes.Equal(last, want) {
				return
			}
		}
	}
	require.Equal(t, want, last)
}

// tayga translates packets, pings, fragments and errors of both families as this package does, but
// for hop limits, which tayga and the kernel count, and for DF: tayga sets DF in every packet that is
// no fragment, where RFC 7915 does so above 1,260 bytes.
func TestTaygaTranslatesTheSame(t *testing.T) {
	judge := startTayga(t)
	four6 := wiretest.Addr(taygaFour).Converted().String()
	out, in := Ends{wiretest.Addr(taygaNAT), wiretest.Addr(taygaFour)}, Ends{wiretest.Addr(four6), wiretest.Addr(six)}
	outBack, inBack := Ends{out.Dst, out.Src}, Ends{in.Dst, in.Src}
	quote4 := wiretest.UDP(taygaNAT+":1", taygaFour+":53").DF().Payload("0123456789").Bytes()
	quote6 := wiretest.UDP(at(four6, 53), at(six, 1)).Payload("0123456789").Bytes()
	var frames [][]byte
	for _, p := range []wiretest.Packet{
		wiretest.TCP(at(six, 1), at(four6, 80)).TOS(0xb8).Payload("hi"), wiretest.UDP(at(six, 1), at(four6, 53)).Payload("odd"),
		wiretest.UDP(at(six, 1), at(four6, 53)).Size(1400), wiretest.Echo(six, four6, 7).Payload("ping"),
		wiretest.TCP(taygaFour+":80", taygaNAT+":1").TOS(0xb8).DF().Payload("hi"), wiretest.UDP(taygaFour+":53", taygaNAT+":1").DF().Payload("odd"),
		wiretest.EchoReply(taygaFour, taygaNAT, 7).DF().Payload("pong"),
		wiretest.ICMPError(wire.ICMPUnreachable, 1, taygaFour, quote4), wiretest.ICMPError(wire.ICMPUnreachable, 3, taygaFour, quote4),
		wiretest.ICMPError(wire.ICMPUnreachable, 4, taygaFour, quote4).MTU(1400), wiretest.ICMPError(wire.ICMPTimeExceeded, 0, taygaFour, quote4),
		wiretest.ICMPError(wire.ICMPv6Unreachable, 4, six, quote6), wiretest.ICMPError(wire.ICMPv6TooBig, 0, six, quote6).Rest(1400),
	} {
		frames = append(frames, p.Bytes())
	}
	frames = append(frames, wiretest.UDP(at(six, 1), at(four6, 53)).ID(77).Size(400).Fragments(104)...)
	for _, b := range frames {
		f := lent(b)
		var h wire.Headers
		require.Equal(t, wire.NoFault, wire.Parse(f.Bytes(), &h))
		switch q, isError := wire.Embedded(f.Bytes(), &h); {
		case isError && h.EtherType == wire.EtherTypeIPv6:
			require.True(t, ErrorTo4(&f, &ICMPError{&h, &q, out, outBack}, 0))
		case isError:
			require.True(t, ErrorTo6(&f, &ICMPError{&h, &q, in, inBack}))
		case h.EtherType == wire.EtherTypeIPv6:
			require.True(t, To4(&f, &h, out, 0))
		default:
			require.True(t, To6(&f, &h, in))
		}
		judge.agrees(t, b[wire.EthernetLen:], plain(f.Bytes()[wire.EthernetLen:]))
	}
}

// plain is a packet without what the two set differently.
func plain(packet []byte) []byte {
	b := append([]byte{}, packet...)
	if b[0]>>4 == 6 {
		b[7] = 0
		return b
	}
	headers := [][]byte{b}
	if b[9] == wire.ProtoICMP && b[20] != wire.ICMPEcho && b[20] != wire.ICMPEchoReply {
		headers = append(headers, b[wire.IPv4Len+wire.ICMPLen:])
	}
	for _, ip := range headers {
		ip[6] &^= 0x40
		ip[8], ip[10], ip[11] = 0, 0, 0
	}
	return b
}
