//go:build linux

package main

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"nitrocard/sim/netlab"
)

//go:embed region.yaml
var region []byte

// tunnelHead is what a tunnel and a VLAN tag add to a packet, and some more.
const tunnelHead = 99

// world are the hosts, and the ways between them.
//
//	g1 ── card x ── g2        h1 ── bridge ── h2
//	        ║
//	        ╚═ card y ── g3
type world struct {
	hosts []*netlab.Host
	cards []*exec.Cmd
	ways  []way
}

// build makes the world and waits until its cards are up.
func build(ctx context.Context, program string, mtu int) (w *world, err error) {
	w = &world{}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	var h [8]*netlab.Host
	for i, name := range []string{"g1", "g2", "g3", "x", "y", "h1", "h2", "bridge"} {
		if h[i], err = netlab.NewHost(name); err != nil {
			return w, err
		}
		w.hosts = append(w.hosts, h[i])
	}
	g1, g2, g3, x, y, h1, h2, bridge := h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]
	for i, at := range []struct{ guest, place *netlab.Host }{{g1, x}, {g2, x}, {g3, y}, {h1, bridge}, {h2, bridge}} {
		if err := plug(at.guest, at.place, byte(5+i), mtu); err != nil {
			return w, err
		}
	}
	if err := bridge.Bridge("br0", mtu, "h1", "h2"); err != nil {
		return w, err
	}
	if err := netlab.Cable(netlab.End{Host: x, Name: "uplink"}, netlab.End{Host: y, Name: "uplink"}, mtu+tunnelHead); err != nil {
		return w, err
	}
	w.ways = []way{
		{"Linux's bridge", h1, h2, addr(9)},
		{"guest to guest of a card", g1, g2, addr(6)},
		{"through the tunnel, to a guest of another card", g1, g3, addr(7)},
	}
	return w, w.start(ctx, program, x, y)
}

// addr is that of a guest, as region.yaml has it.
func addr(last byte) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 1, last}) }

// plug connects a guest to where its link ends.
func plug(guest, place *netlab.Host, last byte, mtu int) error {
	mac := net.HardwareAddr{2, 0, 0, 0, 1, last}
	if err := netlab.Cable(netlab.End{Host: guest, Name: "eth0", MAC: mac}, netlab.End{Host: place, Name: guest.Name}, mtu); err != nil {
		return err
	}
	return guest.Address("eth0", netip.PrefixFrom(addr(last), 24))
}

// start runs a card on each server. The cage ends them with this process, if close does not.
func (w *world) start(ctx context.Context, program string, servers ...*netlab.Host) error {
	dir, err := os.MkdirTemp("/run", "bulk")
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "region.yaml")
	if err := os.WriteFile(file, region, 0o600); err != nil {
		return err
	}
	for _, server := range servers {
		c := exec.CommandContext(ctx, program, "run", "--config", file, "--card", server.Name, "--uplink", "afpacket:uplink",
			"--socket", filepath.Join(dir, server.Name+".sock"))
		log, err := c.StderrPipe()
		if err != nil {
			return err
		}
		if err := server.Start(c); err != nil {
			return err
		}
		w.cards = append(w.cards, c)
		if err := up(bufio.NewReader(log)); err != nil {
			return fmt.Errorf("card %s: %w", server.Name, err)
		}
	}
	return nil
}

// up reads a card's log until the card is up, and the rest so that the card need not wait.
func up(log *bufio.Reader) error {
	var said []string
	for {
		line, err := log.ReadString('\n')
		if strings.Contains(line, "card is up") {
			go log.WriteTo(io.Discard)
			return nil
		}
		if said = append(said, line); err != nil {
			return fmt.Errorf("it ended: %s", strings.TrimSpace(strings.Join(said, "")))
		}
	}
}

// close ends cards and hosts.
func (w *world) close() {
	for _, c := range w.cards {
		_ = c.Process.Kill()
		_ = c.Wait()
	}
	for _, h := range w.hosts {
		h.Close()
	}
}
