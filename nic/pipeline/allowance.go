package pipeline

import "nitrocard/nic/wire"

// allowance is a bound of what an instance may send and receive.
type allowance uint8

const (
	plenty allowance = iota // the instance lacks none
	bandwidthIn
	bandwidthOut
	packetRate
	allowanceKinds
)

// bandwidths are the allowances of both directions.
var bandwidths = [2]allowance{wire.In: bandwidthIn, wire.Out: bandwidthOut}

// exceeded is the verdict on a packet for a guest that finds no room to wait: for the allowance, or with plenty
// for the guest's port. What a guest sends never waits here, so bandwidthOut does not occur.
func (a allowance) exceeded() Verdict {
	switch a {
	case plenty:
		return TxFull
	case packetRate:
		return PacketsExceeded
	}
	return BandwidthInExceeded
}

// Exceeded are how many packets waited or were dropped because their instance was over an allowance,
// as ENA's driver counts them.
type Exceeded [allowanceKinds]uint64

// In, Out and Packets are bw_in_, bw_out_ and pps_allowance_exceeded of ENA's driver.
func (e *Exceeded) In() uint64      { return e[bandwidthIn] }
func (e *Exceeded) Out() uint64     { return e[bandwidthOut] }
func (e *Exceeded) Packets() uint64 { return e[packetRate] }
