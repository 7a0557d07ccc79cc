//go:build linux

package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"nitrocard/sim/netlab"
)

// tool is a program of the machine's, which the lab's hosts run: the judge of a check that we did
// not write.
type tool struct {
	name    string
	origin  string // who has it, for people
	another string // a program that takes the same arguments; "": none
}

var (
	busybox    = tool{name: "busybox", origin: "busybox-static of Debian"}
	chronyd    = tool{name: "chronyd", origin: "chrony of Debian"}
	curl       = tool{name: "curl", origin: "curl of Debian"}
	dig        = tool{name: "dig", origin: "bind9-dnsutils or knot-dnsutils of Debian", another: "kdig"}
	iperf3     = tool{name: "iperf3", origin: "iperf3 of Debian"}
	nft        = tool{name: "nft", origin: "nftables of Debian"}
	nmap       = tool{name: "nmap", origin: "nmap of Debian"}
	tracepath  = tool{name: "tracepath", origin: "iputils-tracepath of Debian"}
	traceroute = tool{name: "traceroute", origin: "traceroute of Debian"}
)

// noTool is why a check cannot be done: the machine lacks a tool.
type noTool struct{ tool }

func (m noTool) Error() string {
	return fmt.Sprintf("this machine has no %s (%s; as root: `make deps`)", m.name, m.origin)
}

// path is where the tool is, or noTool: where the shell looks, where Debian has what ordinary
// users do not look for, or beside this program, where `make deps` puts what it does not install.
func (t tool) path() (string, error) {
	places := []string{"", "/usr/sbin", "/usr/local/sbin"}
	if self, err := os.Executable(); err == nil {
		places = append(places, filepath.Dir(self))
	}
	for _, name := range []string{t.name, t.another} {
		for _, place := range places {
			if found, err := exec.LookPath(filepath.Join(place, name)); name != "" && err == nil {
				return found, nil
			}
		}
	}
	return "", noTool{t}
}

// run runs the tool on a host, and returns what it wrote.
func (t tool) run(ctx context.Context, h *netlab.Host, args ...string) (string, error) {
	return t.feed(ctx, h, "", args...)
}

// feed is run with text on standard input. An error has what the tool wrote, too.
func (t tool) feed(ctx context.Context, h *netlab.Host, text string, args ...string) (string, error) {
	path, err := t.path()
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(text), &out, &out
	if err := h.Start(cmd); err != nil {
		return "", err
	}
	if err := cmd.Wait(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", t.name, err, strings.TrimSpace(out.String()))
	}
	return out.String(), nil
}

// lacks tells whether a check was not done, because the machine lacks a tool that it may lack.
func lacks(err error) bool {
	return errors.As(err, &noTool{}) && os.Getenv("CI") != "true"
}
