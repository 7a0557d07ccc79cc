package pipeline

import (
	"time"

	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// Instance is what an instance of this card may send and receive, and what is left of that. All
// its ENIs and all workers share it. Its limits change while the workers stand at the gate, and what
// was spent under the old ones stays spent; bucket.become says how.
type Instance struct {
	in, out bandwidth
	packets bucket // of both directions
	rate    int64  // packets a second; 0: any number
	quantum int64  // packets that a worker borrows at once
}

// bandwidth is what an instance may send, or receive: bytes at the peak rate while it has credits, and
// at the baseline rate, at which credits come, for ever (EC2 User Guide, instance network bandwidth).
type bandwidth struct {
	peak, baseline         bucket
	peakRate, baselineRate int64 // bit/s; 0: no limit
	credits                int64 // what a full bucket of them is worth, in ns of the baseline rate
	quantum                int64 // bytes that a worker borrows at once

	classes *classes // nil: none is slower than the whole
}

// Both are ours. A worker borrows at once what comes in quantumTime. An instance that was silent may
// send at once what comes in depth, which makes up for a worker that was kept from its CPU.
const (
	quantumTime = int64(50 * time.Microsecond)
	depth       = int64(5 * time.Millisecond)
)

// mostCredits is what a full bucket of credits is worth at most, in ns of the baseline rate: a year, which is more
// than any instance has and less than the time since 1970. The bound is ours.
const mostCredits = float64(365 * 24 * time.Hour)

// become gives the instance limits at the time now.
func (i *Instance) become(now int64, l *vpc.Limits) {
	i.in.become(now, l)
	i.out.become(now, l)
	was := i.rate
	i.rate = int64(l.PacketsPerSecond)
	i.packets.become(now, fill{was, depth}, fill{i.rate, depth})
	i.quantum = max(i.rate*quantumTime/1e9, 1)
}

func (b *bandwidth) become(now int64, l *vpc.Limits) {
	peak, baseline := fill{b.peakRate, depth}, fill{b.baselineRate, b.credits}
	b.peakRate, b.baselineRate = int64(l.Peak), int64(l.Baseline)
	b.quantum = b.peakRate / 8 * quantumTime / 1e9
	b.credits = depth
	if l.Baseline > 0 {
		b.credits += int64(min(float64(l.Peak-l.Baseline)/float64(l.Baseline)*float64(l.Burst), mostCredits))
	}
	b.peak.become(now, peak, fill{b.peakRate, depth})
	b.baseline.become(now, baseline, fill{b.baselineRate, b.credits})
	b.classes = classesOf(l)
}

// conforms tells whether bytes may be taken at the time now.
func (b *bandwidth) conforms(now int64) bool { return b.peak.conforms(now) && b.baseline.conforms(now) }

// borrow takes as many bytes as a worker asks for, or a quantum if that is more, and returns how many.
func (b *bandwidth) borrow(now, bytes int64) int64 {
	if b.peakRate == 0 {
		return unbounded
	}
	bytes = max(bytes, b.quantum)
	b.take(now, bytes)
	return bytes
}

// take takes bytes.
func (b *bandwidth) take(now, bytes int64) {
	if b.peakRate > 0 {
		b.peak.take(now, bytes*8e9/b.peakRate, depth)
	}
	if b.baselineRate > 0 {
		b.baseline.take(now, bytes*8e9/b.baselineRate, b.credits)
	}
	if b.classes != nil {
		b.classes.take(now, bytes)
	}
}

// left is the part of a full bucket of credits that is left.
func (b *bandwidth) left(now int64) float64 {
	if b.baselineRate == 0 {
		return 0
	}
	return float64(max(b.baseline.left(now, b.credits), 0)) / float64(b.credits)
}

// due is when bytes may be taken again.
func (b *bandwidth) due() int64 { return max(b.peak.spent.Load(), b.baseline.spent.Load()) }

// borrowPackets is borrow for packets.
func (i *Instance) borrowPackets(now, packets int64) int64 {
	if i.rate == 0 {
		return unbounded
	}
	packets = max(packets, i.quantum)
	i.takePackets(now, packets)
	return packets
}

// takePackets takes packets.
func (i *Instance) takePackets(now, packets int64) {
	if i.rate > 0 {
		i.packets.take(now, packets*1e9/i.rate, depth)
	}
}

// bandwidth is the instance's in a direction.
func (i *Instance) bandwidth(d wire.Direction) *bandwidth {
	return [2]*bandwidth{wire.In: &i.in, wire.Out: &i.out}[d&1]
}

// due is when the instance has again what it lacks, in ns since 1970.
func (i *Instance) due(lacks allowance) int64 {
	switch lacks {
	case bandwidthIn:
		return i.in.due()
	case bandwidthOut:
		return i.out.due()
	}
	return i.packets.spent.Load()
}

// unlimited is the instance of ENIs without limits, of which frames still wait.
var unlimited Instance
