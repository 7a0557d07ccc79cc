package capture

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"
	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest"
	"nitrocard/nic/wire/wiretest"
	"nitrocard/pmd/pcap"
	"nitrocard/tables/oracle"
)

// tcpdump is a judge of filters and a reader of captures. Where CI=true it must be there.
func tcpdump(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("tcpdump")
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") != "true" {
		t.Skip("tcpdump is not installed")
	}
	require.NoError(t, err)
	return path
}

// packets are some of every kind, and damaged ones. None ends within a header: whether libpcap asks for
// bytes that are not there depends on its optimizer.
func packets(r *rand.Rand) (all [][]byte) {
	four, six := []string{"10.0.1.5", "10.0.1.99", "10.0.2.5", "203.0.113.9"}, []string{"[2001:db8:a:1::5]", "[2001:db8:9::9]", "[fe80::1]"}
	ports := []int{22, 23, 80, 443, 4789, 65535}
	for range 300 {
		list := four
		if r.IntN(3) == 0 {
			list = six
		}
		end := func() string { return fmt.Sprintf("%s:%d", list[r.IntN(len(list))], ports[r.IntN(len(ports))]) }
		var frame []byte
		switch r.IntN(4) {
		case 0:
			frame = wiretest.UDP(end(), end()).Bytes()
		case 1:
			frame = wiretest.ARPRequest(nictest.MACA1, four[r.IntN(4)], four[r.IntN(4)]).Bytes()
		default:
			frame = wiretest.TCP(end(), end()).Flags(byte(r.IntN(64))).Bytes()
		}
		for range r.IntN(3) { // any protocol, fragment offset, header length or EtherType
			frame[12+r.IntN(min(len(frame)-12, 30))] = []byte{0, 1, 6, 17, 44, 58, 0x45, 0x47, byte(r.Uint32())}[r.IntN(9)]
		}
		all = append(all, append(frame, make([]byte, 80)...))
	}
	return all
}

// expression is a random one.
func expression(r *rand.Rand, depth int) string {
	if depth > 0 && r.IntN(3) > 0 {
		switch a := expression(r, depth-1); r.IntN(5) {
		case 0:
			return "not " + a
		case 1:
			return "(" + a + ")"
		case 2, 3:
			return a + " and " + expression(r, depth-1)
		default:
			return a + " or " + expression(r, depth-1)
		}
	}
	one := func(from ...string) string { return from[r.IntN(len(from))] }
	direction := one("", "", "src ", "dst ", "src or dst ", "src and dst ")
	switch r.IntN(9) {
	case 0:
		return one("ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6")
	case 1:
		return one("", "ip ", "arp ", "rarp ") + direction + "host " + one("10.0.1.5", "10.0.2.5", "203.0.113.9")
	case 2:
		return one("", "ip6 ") + direction + "host " + one("2001:db8:a:1::5", "fe80::1")
	case 3:
		return one("", "ip ") + direction + "net " + one("10.0.0.0/8", "10.0.1.0/24", "10.0.1.96/27")
	case 4:
		return one("", "ip6 ") + direction + "net " + one("2001:db8::/32", "2001:db8:a:1::/64", "2001:db8:8::/46")
	case 5:
		return one("", "tcp ", "udp ", "sctp ") + direction + one("port 22", "port 80", "portrange 20-80", "port 026", "portrange 010-80", "port (80 or 443)", "port 22 or 443", "port 22 and not 80")
	case 6:
		return one("less ", "greater ", "len > ", "len != ") + one("54", "60", "74", "0x2a")
	case 7:
		return one("ip proto ", "ip6 proto ", "proto ") + one("6", "17", "44", `\tcp`, `\udp`)
	}
	return one("tcp[tcpflags]", "tcp[13]", "ip[9]", "ip[8:2]", "ip6[6]", "udp[0:2]", "ether[12:2]", "icmp[icmptype]", "arp[6:2]", "icmp6[0]", "tcp[4:4]") + one("", "", " & 0xff", " & (tcp-syn|tcp-ack)") +
		one(" = ", " == ", " != ", " > ", " < ", " >= ", " <= ") + one("0", "2", "6", "18", "tcp-syn", "(tcp-syn|tcp-ack)", "0x800")
}

// judge has tcpdump choose of some packets.
type judge struct {
	tcpdump, in string
	all         [][]byte
}

func newJudge(t *testing.T, r *rand.Rand) *judge {
	j := &judge{tcpdump(t), filepath.Join(t.TempDir(), "in.pcap"), packets(r)}
	w, err := pcap.CreateWriter(j.in)
	require.NoError(t, err)
	for i, frame := range j.all {
		require.NoError(t, w.Write(int64(i)*1e9, frame))
	}
	require.NoError(t, w.Close())
	return j
}

// agrees requires that tcpdump takes an expression and chooses what the filter chooses.
func (j *judge) agrees(t *testing.T, text string, f *Filter) {
	var out, complaint bytes.Buffer
	cmd := exec.Command(j.tcpdump, "-r", j.in, "-w", "-", text)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	chosen := map[int64]bool{}
	if failed := cmd.Run(); failed == nil {
		reader, err := pcapgo.NewReader(&out)
		require.NoError(t, err)
		for _, info, err := reader.ReadPacketData(); err == nil; _, info, err = reader.ReadPacketData() {
			chosen[info.Timestamp.Unix()] = true
		}
	} else {
		// libpcap refuses what can never match, such as tcp and udp.
		require.Contains(t, complaint.String(), "expression rejects all packets", text)
	}
	for i, frame := range j.all {
		require.Equal(t, chosen[int64(i)], f.Matches(frame, len(frame)), "%s: packet %d: %x", text, i, frame)
	}
}

// A filter chooses the packets that tcpdump chooses.
func TestFiltersMeanWhatTcpdumpMeans(t *testing.T) {
	r := oracle.Random(t)
	j := newJudge(t, r)
	for range 200 {
		text := expression(r, 3)
		f, err := Parse(text)
		require.NoError(t, err, text)
		j.agrees(t, text, f)
	}
}

// odd is an expression that may be none: words where others belong, and numbers of all kinds.
func odd(r *rand.Rand) string {
	forms := []string{"port X", "tcp port X", "portrange X", "host X", "net X", "ip host X", "X", "src X", "ether host X", "ip proto X", "proto X",
		"ip6 proto X", "less X", "greater X", "len = X", "tcp[X] = 2", "tcp[13:X] = 2", "tcp[13] = X", "tcp[13] & X != 0", "ip6 net X", "port X or X",
		"not X", "X and X", "tcp X", "host X and port X", "src or dst X", "host (X or X)", "ip X", "port 22 or tcp[13] = 2 or X", "port 22 and less 99 or X"}
	words := []string{"tcp", "ip", "ether", "host", "src", "not", "(", ")", "80", "22", "0x16", "0X16", "026", "08", "1_0", "0b1", "0o7", "0x", "+1", "65536",
		"4294967296", "256", "10.0.1.5", "10.0.1", "10.0.0.0/8", "10.0.1.5/32", "2001:db8:a:1::5", "2001:db8::/32", "::ffff:10.0.1.5", "fe80::1%eth0",
		"02:00:00:0a:01:05", "02-00-00-0a-01-05", "0200.000a.0105", "tcpflags", "tcp-syn", `\tcp`, `\icmp6`, `\esp`, "20-80", "80-20", "020-80", "0x10-80", "20-", "1-2-3"}
	text := forms[r.IntN(len(forms))]
	for strings.Contains(text, "X") {
		text = strings.Replace(text, "X", words[r.IntN(len(words))], 1)
	}
	return text
}

// What a filter takes, tcpdump takes, too, and means the same.
func TestAFilterTakesNothingThatTcpdumpDoesNot(t *testing.T) {
	r := oracle.Random(t)
	j := newJudge(t, r)
	for range 300 {
		text := odd(r)
		if f, err := Parse(text); err == nil {
			j.agrees(t, text, f)
		}
	}
}

// A packet that ends before what a filter asks for does not match, nor does it match the contrary.
func TestAFilterDoesNotGuess(t *testing.T) {
	frame := allowed.Bytes()
	for _, text := range []string{"port 22", "not port 22", "tcp[13] = 2", "not tcp[13] = 2", "tcp and not dst port 22"} {
		f, err := Parse(text)
		require.NoError(t, err)
		require.Equal(t, !strings.Contains(text, "not"), f.Matches(frame, len(frame)), text)
		require.False(t, f.Matches(frame[:35], len(frame)), text)
	}
}

// What is not known, or could mean something else than in tcpdump, is refused, and says which word.
func TestAFilterThatIsNotKnownIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"tcp port http":                    `at "http": an address`,
		"host example.org":                 `at "example.org"`,
		"(tcp port 80":                     "at its end: a parenthesis is not closed",
		"tcp port 80)":                     `")" is unexpected`,
		"vlan 5":                           `at "vlan": a filter is made of`,
		"tcp port 80 and":                  "at its end",
		"port 70000":                       "numbers to 65535",
		"net 10.0.1.5/8":                   "10.0.0.0/8 is the network",
		"net 10":                           "net takes a network such as",
		"tcp host 10.0.0.1":                "tcp has ports and no addresses",
		"tcp (port 80)":                    "one ID or more",
		"ether":                            "ether alone says nothing",
		"ether host 10.0.0.1":              "MAC address",
		"ip host fe80::1":                  "ip has no IPv6 addresses",
		"tcp[tcpflags] & tcp-syn":          "a comparison such as != 0",
		"tcp[13] & tcp-syn|tcp-ack != 0":   "in parentheses",
		"tcp[0:3] = 1":                     "1, 2 or 4 bytes",
		"tcp[tcpflags":                     "] is expected",
		"port 80 \x1b[31m":                 `\u001b`,
		strings.Repeat("(", 100):           "parentheses deep",
		strings.Repeat("not ", 100) + "ip": "nots in a row",
		strings.Repeat("ip or ", 1000):     "4096 are read",
		"src proto 6":                      "no direction",
		"less than":                        "a number is expected",
		"port 1_0":                         "numbers to 65535",
		"port 08":                          "numbers to 65535",
		"len = 0b1":                        "a number is expected",
		"proto 0o7":                        "a number to 255",
		`proto \icmp6`:                     "a number to 255",
		"10.0.1.5":                         "host, net, port or the like is expected before it",
		"ip 10.0.1.5":                      "is expected before it",
		"port 80 or tcp[13] = 2 or 443":    "is expected before it",
		"src 10.0.0.0/8":                   "net before a network",
	} {
		f, err := Parse(text)
		require.ErrorContains(t, err, want, text)
		require.Nil(t, f)
	}
	for _, text := range []string{"", "src 10.0.1.5", "port 80 or 443 and not host 10.0.0.1 or 10.0.0.2", "ether dst 02:00:00:0a:01:05", "src net 10.0.0.0/8"} {
		_, err := Parse(text)
		require.NoError(t, err, text)
	}
}

// No expression and no packet harms.
func FuzzFilter(f *testing.F) {
	f.Add("tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn and port (80 or 443)", []byte("0123456789abcdef"))
	f.Add("not src and dst net 2001:db8::/33 or less 9", []byte{})
	f.Fuzz(func(t *testing.T, text string, frame []byte) {
		if filter, err := Parse(text); err == nil && filter.Matches(frame, len(frame)) && text != "" {
			again, err := Parse(filter.String())
			require.NoError(t, err)
			require.True(t, again.Matches(frame, len(frame)))
		}
	})
}
