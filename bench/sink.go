package bench

import (
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// sink is a port that receives nothing and takes everything.
type sink struct {
	name           string
	mac            wire.MAC
	packets, bytes tallied
	_              [64]byte // another core's begins on another cache line
}

// Rx yields nothing.
func (*sink) Rx(b *pmd.Burst) { b.N = 0 }

// Tx takes all frames.
func (s *sink) Tx(frames []*pmd.Frame) int {
	bytes := 0
	for _, f := range frames {
		bytes += f.Len()
	}
	s.packets.add(len(frames))
	s.bytes.add(bytes)
	return len(frames)
}

// Info describes the sink.
func (s *sink) Info() pmd.Info {
	return pmd.Info{Name: s.name, Driver: "mem", MAC: s.mac, MTU: pmd.MaxFrame - 18}
}

// Link is always nil.
func (*sink) Link() error { return nil }

// Stats are the frames taken.
func (s *sink) Stats() pmd.Stats {
	return pmd.Stats{TxPackets: s.packets.load(), TxBytes: s.bytes.load()}
}

// Close does nothing.
func (*sink) Close() error { return nil }
