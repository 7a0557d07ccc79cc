package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/google/gopacket/pcapgo"

	"nitrocard/bench"
	"nitrocard/nic/wire"
	"nitrocard/nic/wire/wiretest"
)

// checked are the cells whose output is looked at. OVS sends no frame longer
// than 1,518 bytes by the device that writes files, so what it wraps is short.
// DPDK knows at most 32 ports, so the guests of many ENIs have no files: the VNI
// that a guest wraps for tells whose frame it was.
var checked = []struct {
	cell
	wrap bool
}{{cell{1000, "imix", few}, false}, {cell{1000, "114", many}, true}}

// brief is how long frames are written to a file.
const brief = 100 * time.Millisecond

// check has OVS and nitrocard write what they send to files, and looks at each
// frame.
func (p *peers) check() error {
	for _, k := range checked {
		dir, err := os.MkdirTemp(p.dir, "check")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		c, err := newCapture(k.cell, dir)
		if err != nil {
			return err
		}
		if err := p.checkOVS(c, k.wrap); err != nil {
			return fmt.Errorf("OVS-DPDK, %s: %w", k.cell, err)
		}
		if err := p.checkNitrocard(c, k.wrap); err != nil {
			return fmt.Errorf("nitrocard, %s: %w", k.cell, err)
		}
	}
	return nil
}

func (p *peers) checkOVS(c *capture, wrap bool) error {
	files, err := p.ovsOutput(c, wrap)
	if err != nil {
		return err
	}
	return expectation{wrap, 0}.inFiles(c, files)
}

func (p *peers) checkNitrocard(c *capture, wrap bool) error {
	files, err := p.nitrocardOutput(c, wrap)
	if err != nil {
		return err
	}
	return expectation{wrap, private}.inFiles(c, files)
}

// ovsOutput is a file with what OVS sends.
func (p *peers) ovsOutput(c *capture, wrap bool) ([]string, error) {
	file := c.data + ".ovs"
	o, err := p.startOVS(c, task{wrap, input("net_pcap0", c.data), "net_pcap3,tx_pcap=" + file})
	if err != nil {
		return nil, err
	}
	return []string{file}, errors.Join(p.wait(brief), o.end())
}

// nitrocardOutput are files with what nitrocard sends: the guests', or the
// uplink's where they wrap it.
func (p *peers) nitrocardOutput(c *capture, wrap bool) ([]string, error) {
	mode, uplink := bench.SG, "dpdk:"+input("net_pcap0", c.data)
	var files, guests []string
	if wrap {
		mode, files = bench.Encap, []string{c.data + ".nitrocard"}
		uplink += ",tx_pcap=" + files[0]
	} else {
		for i := range c.enis {
			files = append(files, fmt.Sprintf("%s.nitrocard%d", c.data, i))
			guests = append(guests, fmt.Sprintf("dpdk:net_pcap%d,tx_pcap=%s", 1+i, files[i]))
		}
	}
	r, err := p.nitrocard(p.nitrocardArgs(mode, c.cell, append([]string{uplink}, guests...)...), brief)
	if err == nil && r.Connections != c.flows {
		err = fmt.Errorf("%d connections for %d flows", r.Connections, c.flows)
	}
	return files, err
}

// private is the address that each guest of nitrocard's benchmark has, in a
// VPC of its own.
const private = 10<<24 | 0<<16 | 1<<8 | 5

// expectation is what a frame has become: in a tunnel to another VTEP or in
// none, and with another destination address unless that is 0.
type expectation struct {
	wrapped bool
	dst     uint32
}

// inFiles looks at each frame of the files: each flow must be among them.
func (e expectation) inFiles(c *capture, files []string) error {
	flows := map[uint32][]byte{}
	for _, f := range c.frames {
		flows[wire.IPv4(f[innerIP:]).Src()] = f
	}
	seen := map[uint32]bool{}
	for _, file := range files {
		err := eachFrame(file, func(out []byte) error {
			src, err := e.look(flows, out)
			seen[src] = true
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
	}
	if len(seen) != len(flows) {
		return fmt.Errorf("frames of %d flows came out, of %d", len(seen), len(flows))
	}
	return nil
}

// look compares one frame that came out with what went in, and returns its
// flow's source address.
func (e expectation) look(flows map[uint32][]byte, out []byte) (uint32, error) {
	if err := wiretest.Check(out); err != nil {
		return 0, err
	}
	inner := out
	if e.wrapped {
		inner = out[min(len(out), wire.OuterLen):]
	}
	if len(inner) < innerTCP-wire.OuterLen {
		return 0, fmt.Errorf("a frame of %d bytes", len(out))
	}
	src := wire.IPv4(inner[wire.EthernetLen:]).Src()
	in := flows[src]
	if in == nil {
		return 0, fmt.Errorf("a frame of no flow: % x", out)
	}
	if e.wrapped {
		if err := rewrapped(in, out); err != nil {
			return 0, err
		}
	}
	return src, e.same(in[wire.OuterLen:], inner)
}

// rewrapped compares tunnels: another end, the same VNI.
func rewrapped(in, out []byte) error {
	const dst, vni = 14 + 16, wire.OuterLen - 4
	if got := out[dst : dst+4]; !bytes.Equal(got, []byte{198, 18, 0, 2}) {
		return fmt.Errorf("a frame is for the tunnel end %v", got)
	}
	if !bytes.Equal(in[vni:vni+3], out[vni:vni+3]) {
		return fmt.Errorf("a frame is in VNI % x instead of % x", out[vni:vni+3], in[vni:vni+3])
	}
	return nil
}

// same compares what is in tunnels: all but the source's MAC, the destination's
// address, and what stands for the way, TTL and checksums.
func (e expectation) same(in, out []byte) error {
	want := wire.IPv4(in[wire.EthernetLen:]).Dst()
	if e.dst != 0 {
		want = e.dst
	}
	const addr, tcp = wire.EthernetLen + 16, wire.EthernetLen + wire.IPv4Len
	switch {
	case len(in) != len(out):
		return fmt.Errorf("a frame of %d bytes came out with %d", len(in), len(out))
	case wire.Ethernet(in).Dst() != wire.Ethernet(out).Dst():
		return fmt.Errorf("a frame for %v came out for %v", wire.Ethernet(in).Dst(), wire.Ethernet(out).Dst())
	case binary.BigEndian.Uint32(out[addr:]) != want:
		return fmt.Errorf("a frame is for the address %v", out[addr:addr+4])
	case !bytes.Equal(in[tcp:tcp+16], out[tcp:tcp+16]) || !bytes.Equal(in[tcp+18:], out[tcp+18:]):
		return errors.New("a frame's segment was changed")
	}
	return nil
}

// eachFrame reads a capture.
func eachFrame(file string, see func([]byte) error) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := pcapgo.NewReader(f)
	if err != nil {
		return err
	}
	for {
		frame, _, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // a program was ended while it wrote
			return nil
		}
		if err != nil {
			return err
		}
		if err := see(frame); err != nil {
			return err
		}
	}
}
