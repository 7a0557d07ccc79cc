package bench

import (
	"nitrocard/nic/wire"
	"nitrocard/pmd"
)

// sink is a port that sends nothing and takes everything.
type sink struct {
	mac   wire.MAC
	taken uint64
}

// Rx yields nothing.
func (*sink) Rx(b *pmd.Burst) { b.N = 0 }

// Tx takes all frames.
func (s *sink) Tx(frames []*pmd.Frame) int {
	s.taken += uint64(len(frames))
	return len(frames)
}

// Info describes the sink.
func (s *sink) Info() pmd.Info { return pmd.Info{Name: "sink", Driver: "sink", MAC: s.mac, MTU: 9001} }

// Link is always nil.
func (*sink) Link() error { return nil }

// Stats are the frames taken.
func (s *sink) Stats() pmd.Stats { return pmd.Stats{TxPackets: s.taken} }

// Close does nothing.
func (*sink) Close() error { return nil }
