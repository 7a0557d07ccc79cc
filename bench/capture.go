package bench

import (
	"fmt"
	"strings"
	"sync/atomic"

	"nitrocard/pmd"
	"nitrocard/pmd/pcap"
)

// capture is a port that plays a capture from memory, again and again, and
// takes everything. Its frames lie where they were read to, all over the
// memory; they are lent from few buffers.
type capture struct {
	sink
	frames             [][]byte
	next               int
	slots              [][]byte
	slot               int
	rxPackets, rxBytes atomic.Uint64
}

// OpenCapture reads a capture, pcap or pcapng, into memory.
func OpenCapture(file string) (pmd.Port, error) {
	if strings.Contains(file, ",") {
		return nil, fmt.Errorf("pcap:%s: a benchmark reads the file into memory, loops over it and writes none; pcap:FILE is expected", file)
	}
	frames, err := readCapture(file)
	if err != nil {
		return nil, err
	}
	longest := 0
	for _, f := range frames {
		longest = max(longest, len(f))
	}
	c := &capture{sink: sink{name: "pcap:" + file}, frames: frames, slots: make([][]byte, 4*pmd.MaxBurst)}
	for i := range c.slots {
		c.slots[i] = make([]byte, (pmd.Headroom+longest+63)&^63)
	}
	return c, nil
}

// readCapture is every frame of a file.
func readCapture(file string) ([][]byte, error) {
	port, err := pcap.Open(file)
	if err != nil {
		return nil, err
	}
	defer port.Close()
	var frames [][]byte
	var b pmd.Burst
	for port.Rx(&b); b.N > 0; port.Rx(&b) {
		for i := range b.N {
			frames = append(frames, append([]byte(nil), b.Frames[i].Bytes()...))
		}
	}
	if err := port.Link(); err != nil {
		return nil, fmt.Errorf("pcap:%s: %w", file, err)
	}
	if len(frames) == 0 {
		return nil, fmt.Errorf("pcap:%s: the capture holds no frame", file)
	}
	return frames, nil
}

// Rx lends the next frames, a full burst.
func (c *capture) Rx(b *pmd.Burst) {
	bytes := 0
	for i := range b.Frames {
		slot := c.slots[c.slot+i]
		n := copy(slot[pmd.Headroom:], c.frames[c.next])
		b.Frames[i].Lend(slot, pmd.Headroom, n)
		bytes += n
		if c.next++; c.next == len(c.frames) {
			c.next = 0
		}
	}
	if c.slot += pmd.MaxBurst; c.slot == len(c.slots) {
		c.slot = 0
	}
	b.N = pmd.MaxBurst
	c.rxPackets.Store(c.rxPackets.Load() + pmd.MaxBurst)
	c.rxBytes.Store(c.rxBytes.Load() + uint64(bytes))
}

// Stats are the frames lent and taken.
func (c *capture) Stats() pmd.Stats {
	s := c.sink.Stats()
	s.RxPackets, s.RxBytes = c.rxPackets.Load(), c.rxBytes.Load()
	return s
}
