//go:build linux

package lab

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/vpc"
)

// program builds nitrocard where every user may run it, once for all tests: with this test's own
// flags, so that Go need not compile all of it once more.
func program(t *testing.T) string {
	binary, err := built()
	require.NoError(t, err)
	return binary
}

var built = sync.OnceValues(func() (binary string, err error) {
	if programDir, err = os.MkdirTemp("", "nitrocard-lab"); err != nil {
		return "", err
	}
	binary = filepath.Join(programDir, "nitrocard")
	args := append([]string{"build", "-o", binary}, flags()...)
	out, err := exec.Command("go", append(args, "nitrocard/cmd/nitrocard")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	all := []string{programDir, binary}
	// A lab says by itself that it lacks the daemon.
	if daemon, err := os.ReadFile("../../bin/" + chronyd.name); err == nil {
		path := filepath.Join(programDir, chronyd.name)
		if err := os.WriteFile(path, daemon, 0o755); err != nil {
			return "", err
		}
		all = append(all, path)
	}
	for _, path := range all { // whatever the umask
		if err := os.Chmod(path, 0o755); err != nil {
			return "", err
		}
	}
	return binary, nil
})

// programDir is where program built; it is removed after the last test.
var programDir string

// flags are those that this test was built with, and no profile, with which Go compiles all of
// it once more.
func flags() []string {
	all := []string{"-pgo=off"}
	info, _ := debug.ReadBuildInfo() // go test always writes it
	for _, s := range info.Settings {
		if s.Key == "-trimpath" || s.Key == "-tags" {
			all = append(all, s.Key+"="+s.Value)
		}
	}
	return all
}

// nobody is an ordinary user.
const nobody = 65534

// The whole lab, as its user runs it, by root and by an ordinary user. Labs run beside each other:
// each has a cage of its own, and waits for most of its time.
func TestTheLabPasses(t *testing.T) {
	if testing.Short() {
		t.Skip("the lab takes the better part of a minute")
	}
	t.Parallel()
	binary := program(t)
	for _, user := range []struct {
		name string
		id   uint32
	}{{"root", 0}, {"an ordinary user", nobody}} {
		t.Run(user.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(binary, "lab")
			cmd.Dir = "/"
			if user.id != 0 {
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user.id, Gid: user.id}}
			}
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			err := cmd.Run()
			if ordinaryAlready(err) {
				t.Skip("these tests run as an ordinary user, so the lab just did")
			}
			require.NoError(t, err, "%s", &out)
			requirePassed(t, 29, out.String())
			t.Logf("%s", &out)
		})
	}
}

// The whole lab with an underlay of IPv6, and with routers that are GoBGP, as on a machine without
// BIRD.
func TestTheLabPassesOverIPv6(t *testing.T) {
	if testing.Short() {
		t.Skip("the lab takes the better part of a minute")
	}
	t.Parallel()
	file := filepath.Join(t.TempDir(), "region.yaml")
	over6 := strings.NewReplacer("172.16.0.11/24", `"2001:db8:16::11/64"`, "172.16.0.12/24", `"2001:db8:16::12/64"`, "172.16.0.1,", `"2001:db8:16::1",`)
	require.NoError(t, os.WriteFile(file, []byte(over6.Replace(string(Region))), 0o644))
	var out bytes.Buffer
	cmd := exec.Command(program(t), "lab", "--config", file, "--routers", GoBGP)
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Run(), "%s", &out)
	requirePassed(t, 29, out.String())
	require.Contains(t, out.String(), "═▶ [2001:db8:16::1]:4789")
	require.Contains(t, out.String(), "are GoBGP")
	t.Logf("%s", &out)
}

// Two seconds of each attack end no card and no connection, and every packet is
// accounted for. What the attacks cost the victim depends on the machine, and is told.
func TestTheLabIsAttacked(t *testing.T) {
	if testing.Short() {
		t.Skip("the attacks take half a minute")
	}
	t.Parallel()
	var out bytes.Buffer
	cmd := exec.Command(program(t), "lab", "--attack", "24s")
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Run(), "%s", &out)
	requirePassed(t, 12, out.String())
	t.Logf("%s", &out)
}

// mostAskedAgain is how many of a lab's questions may need a second packet. Four are asked of services of the
// card's: a card that loses the first packet to each of them fails.
const mostAskedAgain = 3

// requirePassed expects that a lab of so many checks ended well. It skips those whose tools the
// machine lacks, and where CI=true they fail.
func requirePassed(t *testing.T, checks int, out string) {
	t.Helper()
	require.LessOrEqual(t, strings.Count(out, "(asked "), mostAskedAgain, "too many of the first packets are lost:\n%s", out)
	skipped := strings.Count(out, "\nskip ")
	require.Equal(t, outcome{Passed: checks - skipped, Skipped: skipped}.String(), lastLine(out), "%s", out)
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// ordinaryAlready tells whether there is no other user to become: the tests'
// cage knows only the one who started it.
func ordinaryAlready(err error) bool {
	maps, _ := os.ReadFile("/proc/self/uid_map")
	fields := strings.Fields(string(maps))
	return err != nil && len(fields) == 3 && fields[2] == "1"
}

func TestTheRegionIsWhatItsCommentSays(t *testing.T) {
	c, err := vpc.Parse("region.yaml", Region)
	require.NoError(t, err)
	r, err := readRegion(c)
	require.NoError(t, err)
	require.Equal(t, []string{"x", "y"}, r.cards)
	require.Equal(t, "172.16.0.1/24", r.edge.vtep.String())
	require.Equal(t, "02:00:00:00:ed:9e", r.edge.mac.String())
	var names []string
	for _, g := range r.guests {
		names = append(names, g.Nick+" "+g.Card+" "+g.VPC+" "+g.Addr.String()+" via "+g.Router.String()+" "+g.VTEP.String())
	}
	require.Equal(t, []string{
		"a1 x vpc-a 10.0.1.5/24 via 10.0.1.1 172.16.0.11",
		"a2 x vpc-a 10.0.1.6/24 via 10.0.1.1 172.16.0.11",
		"a3 y vpc-a 10.0.2.5/24 via 10.0.2.1 172.16.0.12",
		"b1 x vpc-b 10.0.1.5/24 via 10.0.1.1 172.16.0.11",
		"c1 y vpc-c 10.8.1.5/24 via 10.8.1.1 172.16.0.12",
		"d1 y vpc-d 10.16.1.5/24 via 10.16.1.1 172.16.0.12",
		"e1 y vpc-a invalid Prefix via invalid IP 172.16.0.12",
		"m1 x vpc-a 10.0.3.5/24 via 10.0.3.1 172.16.0.11",
	}, names)
	require.Equal(t, []natGateway{{"nat-a", "eni-nat", "x", netip.MustParseAddr("10.0.1.8"), netip.MustParseAddr("35.72.2.9")}}, r.nats)
	require.Equal(t, "2001:db8:a:1::5", r.guests[0].Addr6.String())
	require.Equal(t, "2001:db8:a:4::5", r.guests[6].Addr6.String())
	require.True(t, r.guests[7].Forwards)
	require.Equal(t, "35.72.2.8", r.guests[0].Public.String())
	require.Equal(t, "54.168.7.7", r.guests[3].Public.String())
	require.False(t, r.guests[1].Public.IsValid())
	require.EqualValues(t, 5001, r.guests[0].VNI)
	require.EqualValues(t, 5002, r.guests[3].VNI)
}

func TestTheRegionCompilesWithoutNotices(t *testing.T) {
	c, err := vpc.Parse("region.yaml", Region)
	require.NoError(t, err)
	p, err := vpc.Compile(c, vpc.CompileOptions{Card: "x"})
	require.NoError(t, err)
	require.Empty(t, p.Notices())
}

func TestARegionWithoutServersIsRefused(t *testing.T) {
	_, err := readRegion(&vpc.Config{})
	require.ErrorContains(t, err, "Placement.Cards")
}
