package pipeline

import "sync/atomic"

// linkLocalPackets is how many packets an ENI may send to the services of the card in a
// second, all services together (VPC User Guide, "DNS attributes for your VPC").
const linkLocalPackets = 1024

// egressFragments is how many fragments an ENI of an instance with limits may send in a second (ENA
// Linux driver, best practices).
const egressFragments = 1024

// mayFragment tells whether a guest may send one more fragment in this second. A fragment that waited
// for others counted when it came.
func (w *Worker) mayFragment(g *guest) bool {
	q := w.queues[g.number]
	if q.meter == nil || w.early.released || q.label.fragments.take(uint32(w.now/1e9), egressFragments) {
		return true
	}
	q.meter.count(packetRate, 1)
	return false
}

// perSecond is what an ENI used of an allowance in a second: the second in the upper half,
// and the packets in the lower. All workers count in one word.
type perSecond struct{ atomic.Uint64 }

// take uses one of most in a second, and is false if none is left.
func (s *perSecond) take(second uint32, most uint32) bool {
	for {
		was := s.Load()
		used := uint32(was)
		if last := uint32(was >> 32); int32(second-last) > 0 {
			used = 0
		} else {
			second = last // another worker's clock was read later
		}
		if used >= most {
			return false
		}
		if s.CompareAndSwap(was, uint64(second)<<32|uint64(used+1)) {
			return true
		}
	}
}
