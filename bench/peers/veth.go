package main

import (
	"bufio"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/vishvananda/netlink"

	"nitrocard/bench"
)

// The ends of the kernel's cable.
var cableEnds = [2]string{"cable0", "cable1"}

// afloat is how many frames go round each way: fewer than the rings hold, so
// that none is lost, and more than a block of nitrocard's, for which a frame
// waits.
const afloat = 4096

// onCable measures a program that carries frames between the ends of a new
// cable. start starts it, and returns when it forwards.
func (p *peers) onCable(c *capture, start func() (*exec.Cmd, error)) (s sample, err error) {
	links, err := newCable()
	if err != nil {
		return s, err
	}
	defer netlink.LinkDel(links[0])
	cmd, err := start()
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, end(cmd)) }()
	for _, l := range links {
		if err := send(l, c.frames[0], afloat); err != nil {
			return s, err
		}
	}
	if err := p.wait(settle); err != nil {
		return s, err
	}
	before, err := carried(cmd)
	if err != nil {
		return s, err
	}
	if err := p.wait(p.duration); err != nil {
		return s, err
	}
	after, err := carried(cmd)
	return after.since(before), err
}

// newCable makes the cable.
func newCable() (links [2]netlink.Link, err error) {
	v := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: cableEnds[0]}, PeerName: cableEnds[1]}
	if err := netlink.LinkAdd(v); err != nil {
		return links, err
	}
	for i, name := range cableEnds {
		if links[i], err = netlink.LinkByName(name); err != nil {
			return links, err
		}
		if err := netlink.LinkSetUp(links[i]); err != nil {
			return links, err
		}
	}
	return links, nil
}

// carried is what the cable had carried by now.
func carried(by *exec.Cmd) (s sample, err error) {
	for _, name := range cableEnds {
		link, err := netlink.LinkByName(name)
		if err != nil {
			return s, err
		}
		s.frames += link.Attrs().Statistics.TxPackets
	}
	s.cpu, err = cpuTime(by.Process.Pid)
	return s, err
}

// testpmdCable is testpmd with net_af_packet at both ends.
func (p *peers) testpmdCable(c *capture) (sample, error) {
	return p.onCable(c, func() (*exec.Cmd, error) {
		device := "net_af_packet%d,iface=%s,qdisc_bypass=1,framecnt=16384"
		t, err := p.startTestpmd(c.cell, fmt.Sprintf(device, 0, cableEnds[0]), fmt.Sprintf(device, 1, cableEnds[1]))
		if err != nil {
			return nil, err
		}
		return t.cmd, t.tell("start")
	})
}

// nitrocardCable is nitrocard with packet sockets at both ends. It forwards
// when it tells its first rate.
func (p *peers) nitrocardCable(c *capture) (sample, error) {
	return p.onCable(c, func() (*exec.Cmd, error) {
		args := append(p.nitrocardArgs(bench.IO, c.cell), "--port", "afpacket:"+cableEnds[0], "--port", "afpacket:"+cableEnds[1])
		cmd := p.command(append(args, "--duration", (p.duration + time.Minute).String(), "--stats-period", "100ms")...)
		told, err := cmd.StderrPipe()
		if err != nil {
			return nil, err
		}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		rates := bufio.NewScanner(told)
		if !rates.Scan() {
			return nil, errors.Join(errors.New("nitrocard bench told no rate"), end(cmd))
		}
		go func() {
			for rates.Scan() {
			}
		}()
		return cmd, nil
	})
}
