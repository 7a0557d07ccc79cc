package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// tracked tells whether all flows are.
func (o *ovs) tracked() (bool, error) {
	n, err := o.connections()
	return n == o.flows, err
}

// established tells whether all flows are.
func (o *ovs) established() (bool, error) {
	dump, err := o.appctl("dpctl/dump-conntrack")
	return strings.Count(dump, "state=ESTABLISHED") == o.flows, err
}

// connections is how many the switch tracks.
func (o *ovs) connections() (int, error) {
	n, err := o.appctl("dpctl/ct-get-nconns")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(n))
}

// forward counts for a while what leaves: longer where others have the CPU.
func (o *ovs) forward(d time.Duration) (sample, error) {
	before, err := o.sample()
	if err != nil {
		return sample{}, err
	}
	for end := time.Now().Add(10 * d); ; {
		if err := o.wait(d); err != nil {
			return sample{}, err
		}
		after, err := o.sample()
		s := after.since(before)
		if err != nil || s.frames > 0 && s.cpu > d/2 || time.Now().After(end) {
			return s, err
		}
	}
}

// sample is what the switch had done by now.
func (o *ovs) sample() (sample, error) {
	text, err := o.appctl("dpctl/show", "-s")
	if err != nil {
		return sample{}, err
	}
	cpu, err := cpuTime(o.switchd.Process.Pid)
	if err != nil {
		return sample{}, err
	}
	arrived, _, err := portCounts(text, "data")
	if err != nil {
		return sample{}, err
	}
	_, sent, err := portCounts(text, "output")
	return sample{frames: sent, arrived: arrived, cpu: cpu}, err
}

var counts = regexp.MustCompile(`RX packets:(\d+)[^T]*TX packets:(\d+)`)

// portCounts reads the counts of a port in what dpctl/show -s says.
func portCounts(text, port string) (rx, tx uint64, err error) {
	_, rest, ok := strings.Cut(text, ": "+port+" (")
	if !ok {
		return 0, 0, fmt.Errorf("OVS told no port %q", port)
	}
	rest, _, _ = strings.Cut(rest, "\n  port ")
	m := counts.FindStringSubmatch(rest)
	if m == nil {
		return 0, 0, fmt.Errorf("OVS told no packets of port %q", port)
	}
	rx, err = strconv.ParseUint(m[1], 10, 64)
	if err == nil {
		tx, err = strconv.ParseUint(m[2], 10, 64)
	}
	return rx, tx, err
}

// settle is how long caches fill before they are measured.
const settle = 200 * time.Millisecond

// best finds the setting that forwards most, and leaves the switch there.
func (o *ovs) best(d time.Duration) (setting, error) {
	var best setting
	top := 0.0
	for _, s := range settings() {
		if err := o.use(s); err != nil {
			return best, err
		}
		r, err := o.forward(d)
		if err != nil {
			return best, err
		}
		if r.mpps() > top {
			best, top = s, r.mpps()
		}
	}
	if top == 0 {
		return best, errors.New("OVS forwarded nothing")
	}
	return best, o.use(best)
}

// use puts a setting in force.
func (o *ovs) use(s setting) error {
	if err := o.vsctl(configuration(s.options...)...); err != nil {
		return err
	}
	return o.wait(settle)
}

// ovsMode measures OVS: sg, or encap where it wraps. The setting that is best
// for a cell is found in its first round.
func (p *peers) ovsMode(wrap bool) measure {
	found := map[cell]setting{}
	return func(c *capture) (sample, error) {
		o, err := p.startOVS(c, task{wrap, input("net_pcap0", c.data), sink})
		if err != nil {
			return sample{}, err
		}
		defer o.end()
		if s, ok := found[c.cell]; ok {
			err = o.use(s)
		} else {
			found[c.cell], err = o.best(p.duration / 4)
		}
		if err != nil {
			return sample{}, err
		}
		return o.measure(p.duration, found[c.cell])
	}
}

// measure is what counts, of frames that leave and connections that stay.
func (o *ovs) measure(d time.Duration, s setting) (sample, error) {
	r, err := o.forward(d)
	if err != nil {
		return r, err
	}
	r.setting = s.name
	if r.connections, err = o.connections(); err != nil {
		return r, err
	}
	if lost := int64(r.arrived) - int64(r.frames); lost > int64(r.arrived)/50 {
		return r, fmt.Errorf("OVS sent %d of %d frames", r.frames, r.arrived)
	}
	return r, nil
}
