//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/beevik/ntp"
	"golang.org/x/crypto/ssh"
)

// cloudImage: a Linux with cloud-init booted with nothing told to it. The client reads the page that
// b1's user data started, and logs in with the key that metadata told b1. There it asks what b1
// knows: its address and name by DHCP, its ID, and its neighbour's name and the time by the card.
func (s *story) cloudImage(ctx context.Context) (string, error) {
	var page error
	err := until(ctx, "b1's user data serve its page", func() (bool, error) {
		page = s.client.connection(s.b1.public(webPort)).reads(ctx, s.b1)
		return page == nil, nil
	})
	if err != nil {
		return "", errors.Join(err, page)
	}
	knows, err := s.asksB1(ctx, strings.Join(b1Knows, "; "))
	if err != nil {
		return "", err
	}
	said := strings.Split(strings.TrimSpace(knows), "\n")
	if len(said) != len(b1Knows) {
		return "", fmt.Errorf("b1 knows: %q", said)
	}
	want := []string{"", "aws", "i-b1", "ip-10-0-1-5", s.b1.Addr.String(), s.b1.Router.String(), neighbourAddr.String()}
	for i, w := range want {
		if w != "" && said[i] != w {
			return "", fmt.Errorf("b1 knows by %q %q instead of %q", b1Knows[i], said[i], w)
		}
	}
	time, err := s.b1sClock(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("b1 is Debian's Linux %s with cloud-init in QEMU (%s) on a vhost-user port of card %s, and nobody told it a thing: by DHCP it is %s, %s; by metadata with a token %s, with a key that the client logs in with, and user data whose page the client reads; its neighbour's name means %s; chrony %s",
		said[0], s.b1.vm.accels[0].name, s.b1.Card, said[4], said[3], said[2], said[6], time), nil
}

// b1Knows asks b1 for a line each.
var b1Knows = []string{
	"uname -r",
	"cat /run/cloud-init/cloud-id",
	"basename $(readlink -f /var/lib/cloud/instance)",
	"hostname",
	"ip -4 -o address show scope global | awk '{print $4}'",
	"ip route show default | awk '{print $3}'",
	"getent ahostsv4 ip-10-0-1-6.ec2.internal | awk '{print $1; exit}'",
}

// b1sClock is what b1's chrony says of the card's time server. Where nothing disciplines the host's
// clock, the server says so, and chrony must not take its time.
func (s *story) b1sClock(ctx context.Context) (string, error) {
	a, err := s.a1.time(ctx)
	if err != nil {
		return "", err
	}
	ask, want, words := "chronyc -n -c sources", "^,*,"+timeServer.Addr().String(), "keeps the card's time"
	if a.Leap == ntp.LeapNotInSync {
		ask, want = "sudo chronyc -n ntpdata "+timeServer.Addr().String(), ": Not synchronised"
		words = "was answered and takes no time of a clock that nothing disciplines here, as the answers say"
	}
	var said string
	err = until(ctx, "b1's chrony was answered by the card's time server", func() (bool, error) {
		said, err = s.asksB1(ctx, ask)
		return strings.Contains(said, want), err
	})
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, said)
	}
	return words, nil
}

// asksB1 has the client log in at b1 with the key that b1 has by metadata, and run a command.
func (s *story) asksB1(ctx context.Context, command string) (string, error) {
	at := netip.AddrPortFrom(s.b1.Public, shellPort)
	open, err := s.client.connection(at).dial(ctx)
	if err != nil {
		return "", fmt.Errorf("the client to %s: %w", at, err)
	}
	defer open.Close()
	defer context.AfterFunc(ctx, func() { open.Close() })()
	c, channels, requests, err := ssh.NewClientConn(open, at.String(), &ssh.ClientConfig{
		User: "debian", Auth: []ssh.AuthMethod{ssh.PublicKeys(s.key)},
		HostKeyCallback: ssh.InsecureIgnoreHostKey(), // b1 made its own minutes ago, and nobody has seen it
	})
	if err != nil {
		return "", fmt.Errorf("the client logs in at %s: %w", at, err)
	}
	client := ssh.NewClient(c, channels, requests)
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		return "", err
	}
	defer session.Close()
	out, err := session.CombinedOutput(command)
	if err != nil {
		err = errors.Join(fmt.Errorf("b1: %s: %w", command, err), errors.New(strings.TrimSpace(string(out))))
	}
	return string(out), err
}
