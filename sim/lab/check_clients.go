//go:build linux

package lab

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/beevik/ntp"

	"nitrocard/nic/wire"
	"nitrocard/sim/netlab"
)

// clients: a1 asks its card again, with the programs that machines ask with: udhcpc, curl, dig and
// chronyd.
func (s *story) clients(ctx context.Context) (string, error) {
	for _, t := range []tool{busybox, curl, dig, chronyd} {
		if _, err := t.path(); err != nil {
			return "", err
		}
	}
	lease, err := s.a1.udhcpc(ctx)
	if err != nil {
		return "", err
	}
	if lease["ip"]+"/"+lease["mask"] != s.a1.Addr.String() || lease["router"] != s.a1.Router.String() {
		return "", fmt.Errorf("udhcpc has %s/%s by way of %s instead of %s by way of %s", lease["ip"], lease["mask"], lease["router"], s.a1.Addr, s.a1.Router)
	}
	eni, err := s.a1.curl(ctx, "meta-data/network/interfaces/macs/"+s.a1.MAC.String()+"/interface-id")
	if err != nil {
		return "", err
	}
	if eni != s.a1.ENI {
		return "", fmt.Errorf("curl hears that a1's ENI is %s instead of %s", eni, s.a1.ENI)
	}
	name, err := s.a1.dig(ctx, "@"+lease["dns"], "-x", s.a3.Addr.Addr().String())
	if err != nil {
		return "", err
	}
	meant, err := s.a1.dig(ctx, "@"+lease["dns"], name)
	if err != nil {
		return "", err
	}
	if meant != s.a3.Addr.Addr().String() {
		return "", fmt.Errorf("dig hears that %s is %s by name %q", s.a3.Addr.Addr(), meant, name)
	}
	clock, err := s.a1.chronyd(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("udhcpc has %s/%s by way of %s, DNS %s, host name %s, MTU %s for %s s; curl with a token %s; dig %s for %s, and back; chronyd %s",
		lease["ip"], lease["mask"], lease["router"], lease["dns"], lease["hostname"], lease["mtu"], lease["lease"], eni, name, meant, clock), nil
}

// showLease is what udhcpc runs with a lease in its environment.
//
//go:embed lease.sh
var showLease string

// udhcpc asks DHCP for an address, which the machine has already.
func (m *machine) udhcpc(ctx context.Context) (lease map[string]string, err error) {
	script := filepath.Join(runDir, "lease.sh")
	if err := os.WriteFile(script, []byte(showLease), 0o700); err != nil {
		return nil, err
	}
	out, err := busybox.run(ctx, m.Host, "udhcpc", "-f", "-q", "-n", "-i", "eth0", "-s", script)
	lease = map[string]string{}
	for line := range strings.Lines(out) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		lease[name] = value
	}
	return lease, err
}

// curlAsks has curl ask, and insists where curl had no answer (its exit codes 52 and 56).
func curlAsks(ctx context.Context, h *netlab.Host, args ...string) (string, error) {
	answer, _, err := insists(ctx, func() (string, error) {
		out, err := curl.run(ctx, h, append([]string{"-sS", "-f"}, args...)...)
		if exit := new(exec.ExitError); errors.As(err, &exit) && slices.Contains([]int{52, 56}, exit.ExitCode()) {
			err = fmt.Errorf("%w: %w", io.EOF, err)
		}
		return out, err
	})
	return answer, err
}

// curl asks for a path of the metadata, with a token.
func (m *machine) curl(ctx context.Context, path string) (string, error) {
	token, err := askToken(ctx, m.Host)
	if err != nil {
		return "", err
	}
	return curlAsks(ctx, m.Host, "-H", "X-aws-ec2-metadata-token: "+token, metadataURL+path)
}

// dig asks a DNS server, and returns the answer, of which there must be one. What dig says of a question that it had to
// ask again is no answer.
func (m *machine) dig(ctx context.Context, question ...string) (string, error) {
	out, err := dig.run(ctx, m.Host, append([]string{"+short"}, question...)...)
	var lines []string
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, ";;") {
			lines = append(lines, line)
		}
	}
	answer := strings.TrimSpace(strings.Join(lines, ""))
	if err == nil && len(strings.Fields(answer)) != 1 {
		err = fmt.Errorf("dig %s: %q is no one answer", strings.Join(question, " "), answer)
	}
	return answer, err
}

// timeServer is the card's.
var timeServer = netip.MustParseAddrPort("169.254.169.123:123")

// chronyd asks for the time until it knows how far the clock is off, which it does not set. Where
// nothing disciplines the host's clock, the card says so, and chronyd must not take the time.
func (m *machine) chronyd(ctx context.Context) (string, error) {
	a, asked, err := insists(ctx, func() (*ntp.Response, error) { return m.time(ctx) })
	if err != nil {
		return "", err
	}
	watch, err := m.Watch("eth0", tellsTime)
	if err != nil {
		return "", err
	}
	defer watch.Stop()
	out, err := m.chronydQ(ctx)
	answers := len(watch.Frames())
	switch refused := err != nil && strings.Contains(err.Error(), "No suitable source"); {
	case answers == 0:
		return "", errors.Join(errors.New("chronyd got no answer"), err)
	case a.Leap == ntp.LeapNotInSync && refused:
		return fmt.Sprintf("was answered %d times and takes no time of a clock that nothing disciplines here, as its answers say%s", answers, asked), nil
	case a.Leap == ntp.LeapNotInSync && err == nil:
		return "", fmt.Errorf("chronyd takes the time of a clock that nothing disciplines: %s", out)
	}
	return fmt.Sprintf("was answered %d times and knows how far the clock is off%s", answers, asked), err
}

// chronydQ has chronyd ask the time server, and say how far the machine's clock is off.
func (m *machine) chronydQ(ctx context.Context) (string, error) {
	return chronyd.run(ctx, m.Host, "-Q", "-u", "root", "server "+timeServer.Addr().String()+" iburst", "cmdport 0")
}

// tellsTime likes the time server's answers.
func tellsTime(frame []byte) bool {
	var h wire.Headers
	return wire.Parse(frame, &h) == wire.NoFault && h.Proto == wire.ProtoUDP && source(h.Tuple) == timeServer
}
