package main

import (
	"errors"
	"path/filepath"

	"nitrocard/bench"
	"nitrocard/pmd/pcap"
)

// capture is a cell's frames in files, each flow's once in each.
type capture struct {
	cell
	flows     int // that there are, once rounded up
	data      string
	handshake []string // in its order: SYN, SYN and ACK
	frames    [][]byte
}

// leastFrames are in a capture of data: few flows come again, so that a device
// has as many frames as with a thousand.
const leastFrames = 1024

// newCapture writes a cell's files into a folder.
func newCapture(c cell, dir string) (*capture, error) {
	o, err := c.options()
	if err != nil {
		return nil, err
	}
	frames, err := o.Requests(false)
	if err != nil {
		return nil, err
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	all := &capture{c, len(frames), in("data.pcap"), []string{in("syn.pcap"), in("synack.pcap")}, frames}
	data := frames
	for len(data) < leastFrames {
		data = append(data, frames...)
	}
	if err := write(all.data, data); err != nil {
		return nil, err
	}
	return all, all.writeHandshake(o)
}

// writeHandshake writes what opens the flows, and the answers to that.
func (c *capture) writeHandshake(o *bench.Options) error {
	syn, err := o.Requests(true)
	if err != nil {
		return err
	}
	var answers [][]byte
	for _, f := range syn {
		answers = append(answers, reply(f))
	}
	return errors.Join(write(c.handshake[0], syn), write(c.handshake[1], answers))
}

// write makes a capture file.
func write(file string, frames [][]byte) error {
	w, err := pcap.CreateWriter(file)
	if err != nil {
		return err
	}
	for _, f := range frames {
		if err := w.Write(0, f); err != nil {
			w.Close()
			return err
		}
	}
	return w.Close()
}

// input is the device that plays a file again and again.
func input(device, file string) string { return device + ",rx_pcap=" + file + ",infinite_rx=1" }

// sink is the device that takes everything, and gives nothing.
const sink = "net_null0,no-rx=1"
